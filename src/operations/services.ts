/**
 * The operations on services. They belong to the host, so callers that are
 * bound to a tenant see none. Loads no package: `tf` carries them out by itself
 * where there is no server.
 */
import { hostname } from 'node:os'
import type { services } from '../contract/services.ts'
import type { ActOptions, ActedUnit, ServiceMatch, ServiceScope, ServiceVerb } from '../engines/services/index.ts'
import { may } from '../access/roles.ts'
import { TaskflowsError, messageOf } from '../kernel/errors.ts'
import { isGlob } from '../kernel/glob.ts'
import type { OperationContext } from './context.ts'
import type { Implementation } from './implement.ts'
import { serviceBackfillOperations } from './service-backfills.ts'
import { serviceLogOperations } from './service-logs.ts'
import { type Here, showActed, showApplied, showDetails, showFile, showNext, showPlan, showService, showWhy } from './show-service.ts'

export type ServiceContext = Pick<OperationContext, 'services' | 'serviceLogs' | 'backfills' | 'keep' | 'clock' | 'caller' | 'signal' | 'onProgress'>

export const serviceOperations: Implementation<typeof services, ServiceContext> = {
  ...serviceBackfillOperations,
  ...serviceLogOperations,
  list: async ({ match, scope, running, details }, context) => {
    const views = sees(context) ? await context.services.list(readMatch(match, scope), { details }) : []
    return listOf(views.filter(({ status }) => !running || status === 'running'), (view) => showService(view, here(context)))
  },
  get: async ({ name, scope }, context) => {
    const { definition, ...found } = await find(name, scope, context)
    return showDetails(found, definition && (await import('./wire-definitions.ts')).showDefinition(definition), here(context))
  },
  status: async ({ name, scope }, context) => showService((await find(name, scope, context)).view, here(context)),
  files: async ({ match, scope }, context) => {
    if (!sees(context)) throw unknownService(match)
    return listOf(await context.services.files(readMatch(match, scope)), (file) => showFile(file, here(context)))
  },
  next: async ({ match, scope, iterations }, context) =>
    listOf(sees(context) ? await context.services.next(readMatch(match, scope), iterations) : [], (next) => showNext(next, here(context))),
  why: async ({ name, scope }, context) => {
    if (!sees(context)) throw unknownService(name)
    return showWhy(await context.services.why(name, scope), here(context))
  },
  plan: async ({ services: wires, prune, sources, start }, context) => {
    refuseBound(context)
    const { readDefinitions } = await import('./wire-definitions.ts')
    return showPlan(await context.services.plan(readDefinitions(wires), { prune, ...optional({ sources, start, onProgress: context.onProgress }) }), here(context))
  },
  apply: async ({ services: wires, prune, sources, start, note }, context) => {
    refuseBound(context)
    const { readDefinitions } = await import('./wire-definitions.ts')
    const options = { prune, by: context.caller.name, ...optional({ sources, start, note, onProgress: context.onProgress, signal: context.signal }) }
    return showApplied(await context.services.apply(readDefinitions(wires), options), here(context))
  },
  start: ({ wait, ...input }, context) => act('start', input, context, { wait }),
  stop: (input, context) => act('stop', input, context),
  restart: (input, context) => act('restart', input, context),
  enable: (input, context) => act('enable', input, context),
  disable: (input, context) => act('disable', input, context),
  remove: (input, context) => act('remove', input, context),
  rollback: async ({ name, scope, to }, context) => {
    if (!sees(context)) throw unknownService(name)
    return showApplied(await context.services.rollback(name, { by: context.caller.name, ...optional({ scope, to, onProgress: context.onProgress, signal: context.signal }) }), here(context))
  },
  batch: async ({ service_names: names, operation, ...input }, context) => {
    if (operation === 'remove') requireWrite(context)
    const results: [string, BatchResult][] = []
    // One after the other: systemd would queue them, and a later name may depend on an earlier one.
    for (const name of new Set(names)) results.push([name, await oneOfBatch(operation, { name, ...input }, context)])
    return { hostname: hostname(), batch_results: Object.fromEntries(results) }
  },
}

interface Which {
  readonly name: string
  readonly scope?: ServiceScope | undefined
  readonly timers?: boolean
  readonly services?: boolean
}

interface BatchResult {
  status: 'ok' | 'error'
  units: { unit: string; result: string; problem: string | null }[]
  error: string | null
}

async function act(verb: ServiceVerb, which: Which, context: ServiceContext, options: Pick<ActOptions, 'wait'> = {}) {
  const units = await actOn(verb, which, context, options)
  const failed = units.filter(({ problem }) => problem !== null)
  // Of a pattern each unit is told with what became of it; one name either works or it does not.
  if (failed.length > 0 && !isGlob(which.name)) throw actionFailed(verb, which.name, failed)
  return showActed(units, here(context))
}

function actOn(verb: ServiceVerb, { name, scope, timers = false, services = false }: Which, context: ServiceContext, options: Pick<ActOptions, 'wait'> = {}): Promise<readonly ActedUnit[]> {
  if (!sees(context)) throw unknownService(name)
  return context.services.act(verb, readMatch(name, scope), { timers, services, by: context.caller.name, ...options, ...optional({ signal: context.signal }) })
}

function actionFailed(verb: ServiceVerb, name: string, failed: readonly ActedUnit[]): TaskflowsError {
  const problems = failed.map(({ unit, problem }) => `${unit}: ${problem}`).join('; ')
  return new TaskflowsError('service.action_failed', `systemd could not ${verb} ${name}: ${problems}`, {
    details: { items: failed }, hint: `tf logs ${name} shows what it said, tf status ${name} where it stands.`,
  })
}

async function oneOfBatch(verb: ServiceVerb, which: Which, context: ServiceContext): Promise<BatchResult> {
  try {
    const units = await actOn(verb, which, context)
    const problems = units.flatMap(({ unit, problem }) => (problem === null ? [] : [`${unit}: ${problem}`]))
    return { status: problems.length === 0 ? 'ok' : 'error', units: units.map(({ unit, result, problem }) => ({ unit, result, problem })), error: problems.join('; ') || null }
  } catch (error) {
    // Without systemd nothing can be done to any of them.
    if (!(error instanceof TaskflowsError) || error.code === 'systemd.unavailable') throw error
    return { status: 'error', units: [], error: messageOf(error) }
  }
}

function find(name: string, scope: ServiceScope | undefined, context: ServiceContext) {
  if (!sees(context)) throw unknownService(name)
  return context.services.get(name, scope)
}

function readMatch(match: string | undefined, scope: ServiceScope | undefined): ServiceMatch {
  return optional({ match, scope })
}

function unknownService(name: string): TaskflowsError {
  return new TaskflowsError('service.not_found', `there is no service ${JSON.stringify(name)}`, { details: { name } })
}

function sees({ caller }: ServiceContext): boolean {
  return caller.tenant === null
}

function refuseBound({ caller }: ServiceContext): void {
  if (caller.tenant === null) return
  throw new TaskflowsError('access.denied', `${caller.name} is bound to the tenant ${JSON.stringify(caller.tenant)} and may not define services, which belong to the host`, { details: { tenant: caller.tenant } })
}

function requireWrite({ caller }: ServiceContext): void {
  if (may(caller, 'services:write')) return
  throw new TaskflowsError('access.denied', `${caller.name} (${caller.role ?? 'no role'}) may not remove services; that needs services:write`, { details: { permission: 'services:write', role: caller.role } })
}

function here({ clock }: ServiceContext): Here {
  return { hostname: hostname(), now: clock.now() }
}

function listOf<T, W>(items: readonly T[], show: (item: T) => W): { items: W[]; next_cursor: null } {
  return { items: items.map(show), next_cursor: null }
}

/** Without what is not given. */
function optional<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> }
}
