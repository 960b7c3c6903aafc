/**
 * What changes services: planning, applying, the verbs, and going back. One
 * process changes the services of a home at a time; verbs wait for nobody.
 */
import { TaskflowsError } from '../../../kernel/errors.ts'
import { isGlob } from '../../../kernel/glob.ts'
import { type Deed, act, deedsOf, stopRunsOf } from './act-on-services.ts'
import { applyPlan } from './apply-services.ts'
import type { ServicesHost } from '../host.ts'
import { type Found, findServices } from '../look/inventory.ts'
import type { FoundService } from '../look/match-services.ts'
import { readyImages } from './ready-images.ts'
import { type PrepareOptions, type Prepared, prepareCompiled, prepareDefinitions, refuseFaults } from './prepare-services.ts'
import { removeServices } from './remove-services.ts'
import { compiledAs, versionToRestore } from './restore-version.ts'
import { serverName } from '../define/service-name.ts'
import type { ServiceManager } from '../service-manager.ts'
import type { ActOptions, ActedUnit, ApplyOptions, ApplyResult, ServiceVerb, Services } from '../services.ts'
import type { AppliedVersion } from '../versions.ts'

export function createChanges(host: ServicesHost): Pick<Services, 'plan' | 'apply' | 'act' | 'rollback'> {
  const { versions, clock } = host

  async function changing(prepare: () => Promise<Prepared>, options: ApplyOptions): Promise<ApplyResult> {
    await using _ = await versions.lock(`apply by ${options.by}`, options.onProgress ?? (() => {}))
    const { plan, batches } = await prepare()
    refuseFaults(plan)
    const images = await readyImages(batches, host, options)
    // Only now it is known whether there is a newer image, and what runs in a former one.
    const ready = images.size === 0 ? batches : (await prepare()).batches
    return applyPlan(plan, ready, host, { ...options, images })
  }

  async function carryOut(verb: Exclude<ServiceVerb, 'remove'>, services: readonly FoundService[], deeds: readonly Deed[], manager: ServiceManager, options: ActOptions): Promise<ActedUnit[]> {
    const acted = await act(deeds, manager, clock, options)
    return verb === 'stop' && (options.services || !options.timers) ? [...acted, ...await stopRunsOf(services, manager)] : acted
  }

  return {
    plan: async (definitions, options = {}) => (await prepareDefinitions(definitions, host, { ...options, offline: true })).plan,
    apply: (definitions, options) => changing(() => prepareDefinitions(definitions, host, options), options),
    async act(verb, match, options = {}) {
      const chosen = async () => withoutServer(await findServices(host, match), match.match, options)
      if (verb === 'remove') {
        const by = options.by ?? 'somebody'
        await using _ = await versions.lock(`remove by ${by}`, () => {})
        return (await Promise.all((await chosen()).map(({ inventory, services }) => removeServices(inventory, services, host, by)))).flat()
      }
      const parts = (await chosen()).map(({ inventory, services }) => ({ manager: inventory.manager, services, deeds: services.flatMap((service) => deedsOf(verb, service, options)) }))
      refuseNoDeeds(verb, match.match, parts)
      return (await Promise.all(parts.map(({ manager, services, deeds }) => carryOut(verb, services, deeds, manager, options)))).flat()
    },
    async rollback(name, options) {
      const version = await versionToRestore(name, options, host)
      const { start, note = `restored version ${version.version}` } = options
      return changing(() => prepareVersion(version, host, start === undefined ? {} : { start }), { ...options, note })
    },
  }
}

/** As it was stored; one that names an environment gets that as it is now. */
function prepareVersion(version: AppliedVersion, host: ServicesHost, options: PrepareOptions): Promise<Prepared> {
  const { definition } = version
  return definition.environment?.kind === 'named' ? prepareDefinitions([definition], host, options) : prepareCompiled([compiledAs(version)], host, options)
}

/** Patterns pass the server's own service by. @throws `service.protected` when it is named */
function withoutServer(found: readonly Found[], match: string | undefined, { server = false }: ActOptions): readonly Found[] {
  if (server) return found
  const isServer = ({ name }: FoundService): boolean => name === serverName
  if (match !== undefined && !isGlob(match) && found.some(({ services }) => services.some(isServer))) {
    throw new TaskflowsError('service.protected', `${serverName} is the server itself`, { details: { name: serverName } })
  }
  return found.map(({ inventory, services }) => ({ inventory, services: services.filter((service) => !isServer(service)) }))
}

/** Doing nothing must not look like success. @throws `service.not_found` */
function refuseNoDeeds(verb: ServiceVerb, match: string | undefined, parts: readonly { readonly services: readonly unknown[]; readonly deeds: readonly unknown[] }[]): void {
  if (match === undefined || parts.every(({ services }) => services.length === 0) || parts.some(({ deeds }) => deeds.length > 0)) return
  throw new TaskflowsError('service.not_found', `${match} has no timer to ${verb}`, { details: { name: match }, hint: 'Without --timers the verb is about the service.' })
}
