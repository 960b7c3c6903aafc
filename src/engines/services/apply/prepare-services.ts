/**
 * Reads how everything stands, and plans all services of a request together.
 * Whatever can be refused is refused here, before anything is written.
 */
import { TaskflowsError, ValidationError } from '../../../kernel/errors.ts'
import type { Batch } from './apply-services.ts'
import { lookAtContainers } from './look-at-containers.ts'
import { openCompiler } from '../environments/settle-environment.ts'
import type { ServicesHost } from '../host.ts'
import { type PlannedService, type Situation, planRemoval, planService } from './plan-service.ts'
import type { ServiceDefinition, ServiceScope } from '../service-definition.ts'
import type { CompiledService, InstalledUnit, ServiceManager, UnitState, VerifyFinding } from '../service-manager.ts'
import type { ApplyOptions, Plan } from '../services.ts'
import { factsOf, firstOf } from '../look/unit-facts.ts'

export interface Prepared {
  readonly plan: Plan
  readonly batches: readonly Batch[]
}

export interface PrepareOptions extends Pick<ApplyOptions, 'prune' | 'sources' | 'start'> {
  /** A plan can be made without systemd, by the disk alone. */
  readonly offline?: boolean
}

/** @throws `service.invalid` for what cannot be compiled, names that come twice, and files of others in the way */
export async function prepareDefinitions(definitions: readonly ServiceDefinition[], host: ServicesHost, options: PrepareOptions): Promise<Prepared> {
  refuseDuplicates(definitions)
  const scopes = [...new Set(definitions.map(({ scope }) => scope))]
  const compilers = new Map(await Promise.all(scopes.map(async (scope) => [scope, await openCompiler(host, scope)] as const)))
  return prepareCompiled(definitions.map((definition) => compilers.get(definition.scope)!(definition)), host, options)
}

export async function prepareCompiled(compiled: readonly CompiledService[], host: ServicesHost, options: PrepareOptions): Promise<Prepared> {
  const scopes = [...new Set([...compiled.map(({ definition }) => definition.scope), ...host.scopes()])]
  const parts = await Promise.all(scopes.map((scope) => prepareScope(scope, compiled, host, options)))
  const changes = parts.flatMap(({ batch }) => batch.services.map(({ change }) => change))
  return {
    batches: parts.map(({ batch }) => batch),
    plan: {
      changes, changed: changes.some(({ action }) => action !== 'none'),
      orphans: parts.flatMap(({ orphans }) => orphans),
      findings: parts.flatMap(({ findings }) => findings),
    },
  }
}

async function prepareScope(scope: ServiceScope, all: readonly CompiledService[], host: ServicesHost, { prune = false, sources, offline = false, ...options }: PrepareOptions) {
  const manager = host.manager(scope)
  const compiled = all.filter(({ definition }) => definition.scope === scope)
  // A scope that nothing is to be done in need not answer; it does so while the disk is read.
  const [installed, asked] = await Promise.all([manager.installed(), compiled.length > 0 ? statesOf(manager, offline) : undefined])
  const byService = Map.groupBy(installed, ({ service }) => service)
  const orphans = orphansOf(all, byService, scope, sources)
  const leaving = prune ? orphans : []
  const { states, unknown } = asked ?? (leaving.length > 0 ? await statesOf(manager, offline) : { states: new Map(), unknown: [] })
  const concerned = new Set([...compiled.map(({ definition }) => definition.name), ...leaving])
  const containers = await lookAtContainers(compiled, installed.filter(({ service }) => concerned.has(service)), { host, scope, offline })
  const situationOf = (name: string, secretPath?: string): Situation => ({
    name, scope, states, installed: byService.get(name) ?? [], applied: host.versions.latest(scope, name),
    secretText: secretPath === undefined ? null : host.versions.secretText(secretPath),
    container: containers.of(name),
  })
  const nowMs = host.clock.now()
  const planned = compiled.map((service) => planService(service, situationOf(service.definition.name, service.secretEnv?.path), { ...options, nowMs }))
  if (planned.some(({ change }) => change.files.some(({ action }) => action === 'create'))) refuseForeign(compiled, await manager.foreign())
  const removals = leaving.map((name) => planRemoval(situationOf(name), `${sourceOf(byService.get(name)!)} does not define it any more`))
  return {
    batch: { manager, services: [...planned, ...removals] } satisfies Batch,
    orphans: orphans.map((name) => ({ name, scope })),
    findings: [...unknown, ...containers.findings, ...await verified(manager, planned, offline)],
  }
}

/** @throws `service.verify_failed` when systemd would refuse something of it */
export function refuseFaults({ findings }: Plan): void {
  const faults = findings.filter(({ severity }) => severity === 'error')
  if (faults.length === 0) return
  const message = faults.slice(0, 5).map(({ unit, line, message }) => `${unit}${line === undefined ? '' : `:${line}`}: ${message}`).join('; ')
  throw new TaskflowsError('service.verify_failed', message + (faults.length > 5 ? `; and ${faults.length - 5} more` : ''), { details: { findings: faults } })
}

function refuseDuplicates(definitions: readonly ServiceDefinition[]): void {
  const seen = new Map<string, ServiceDefinition>()
  for (const definition of definitions) {
    const key = `${definition.scope} ${definition.name}`
    const before = seen.get(key)
    if (before) {
      const places = [before, definition].map(({ source }) => source).filter((source) => source !== undefined)
      throw new ValidationError('service.invalid', `${definition.name} is defined twice${places.length === 2 ? `: in ${places.join(' and in ')}` : ''}`, { details: { name: definition.name, sources: places }, hint: 'Give each service a name of its own.' })
    }
    seen.set(key, definition)
  }
}

/** @throws `service.invalid` for a unit that somebody else wrote under a name that is needed */
function refuseForeign(compiled: readonly CompiledService[], foreign: readonly string[]): void {
  if (foreign.length === 0) return
  const wanted = new Map(compiled.flatMap(({ definition, units }) => units.map(({ unit }) => [unit, definition.name])))
  for (const path of foreign) {
    const name = wanted.get(path.slice(path.lastIndexOf('/') + 1))
    if (name === undefined) continue
    throw new ValidationError('service.invalid', `${path} was not written by taskflows, and is in the way of ${name}`, { details: { name, path }, hint: 'Move it away, or give the service another name.' })
  }
}

/** Only what is not on disk in these words already: the rest was verified when it was written. */
async function verified(manager: ServiceManager, planned: readonly PlannedService[], offline: boolean): Promise<readonly VerifyFinding[]> {
  const units = planned.flatMap(({ change, compiled }) => {
    const written = new Set(change.files.filter(({ action }) => action !== 'remove').map(({ unit }) => unit))
    return compiled!.units.filter(({ unit }) => written.has(unit))
  })
  try {
    return units.length === 0 ? [] : await manager.verify(units)
  } catch (error) {
    if (!offline || !isUnavailable(error)) throw error
    return [{ unit: 'systemd-analyze', severity: 'warning', message: `${error.message}, so the units are not verified` }]
  }
}

function isUnavailable(error: unknown): error is TaskflowsError {
  return error instanceof TaskflowsError && error.code === 'systemd.unavailable'
}

async function statesOf(manager: ServiceManager, offline: boolean): Promise<{ states: ReadonlyMap<string, UnitState>; unknown: readonly VerifyFinding[] }> {
  try {
    return { states: new Map((await manager.states()).map((state) => [state.unit, state])), unknown: [] }
  } catch (error) {
    if (!offline || !isUnavailable(error)) throw error
    return { states: new Map(), unknown: [{ unit: `${manager.scope} manager`, severity: 'warning', message: `${error.message}, so what runs now is not known` }] }
  }
}

/** Services on disk that come from one of the sources given, and that no source defines any more. */
function orphansOf(all: readonly CompiledService[], installed: ReadonlyMap<string, readonly InstalledUnit[]>, scope: ServiceScope, given: readonly string[] | undefined): string[] {
  const sources = new Set(given ?? all.map(({ definition }) => definition.source).filter((source) => source !== undefined))
  const defined = new Set(all.filter(({ definition }) => definition.scope === scope).map(({ definition }) => definition.name))
  return [...installed].filter(([name, units]) => !defined.has(name) && sources.has(sourceOf(units) ?? '')).map(([name]) => name)
}

function sourceOf(units: readonly InstalledUnit[]): string | undefined {
  return units.map(({ text }) => firstOf(factsOf(text), 'Unit.X-Taskflows-Source')).find((source) => source !== undefined)
}
