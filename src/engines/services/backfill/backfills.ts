/** What can be asked about times that are made up for. A server fills it; without one `no-backfills.ts` says so. */
import type { Backfill, BackfillStore, MadeUpSlot } from '../../../kernel/backfills.ts'
import type { Queryable } from '../../../kernel/database/database.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { isId, newId } from '../../../kernel/ids.ts'
import type { ServicesHost } from '../host.ts'
import type { ServiceLedger } from '../ledger/service-run.ts'
import { findService } from '../look/inventory.ts'
import type { FoundService } from '../look/match-services.ts'
import { factsOf, schedulesOf } from '../look/unit-facts.ts'
import type { Schedule, ServiceScope } from '../service-definition.ts'
import { nextSlotOf } from '../slots/expected-slots.ts'
import { type Range, ranWell, timesOf } from './plan-backfill.ts'

export interface BackfillRequest extends Range {
  readonly name: string
  readonly scope?: ServiceScope
  /** How many at the same time. */
  readonly maxParallel: number
  /** Also times that ran well before. */
  readonly again: boolean
}

/** What would be done. */
export interface PlannedBackfill extends Omit<BackfillRequest, 'scope'> {
  readonly scope: ServiceScope
  /** Times that will run, and those that ran well and are left out; each ascending. */
  readonly slots: readonly number[]
  readonly leftOut: readonly number[]
}

export interface BackfillDetails {
  readonly backfill: Backfill
  readonly slots: readonly MadeUpSlot[]
}

export interface Backfills {
  /** Changes nothing. @throws `service.not_found`, `service.ambiguous`, `request.invalid`, `backfill.invalid` */
  plan(request: BackfillRequest): Promise<PlannedBackfill>
  /** Carried out from now on, by whatever server of this host and account lives. @param alongside what is written in the same transaction @throws `backfill.invalid` when nothing is to be done */
  start(plan: PlannedBackfill, by: string, alongside?: (tx: Queryable, started: BackfillDetails) => Promise<void>): Promise<BackfillDetails>
  /** The latest first. @throws `service.not_found`, `service.ambiguous` */
  list(name: string, scope: ServiceScope | undefined, limit: number): Promise<readonly Backfill[]>
  /** @throws `backfill.not_found` */
  get(name: string, id: string): Promise<BackfillDetails>
  /** What waits is left out, what runs goes on to its end. @throws `backfill.not_found`, `backfill.over` */
  cancel(name: string, id: string): Promise<BackfillDetails>
}

export interface BackfillsParts {
  /** Name of the host in the ledger. */
  readonly hostname: string
  readonly host: ServicesHost
  /** Whose units this server may write. */
  readonly scopes: readonly ServiceScope[]
  readonly store: BackfillStore
  readonly ledger: Pick<ServiceLedger, 'between'>
  /** There is something to do, or not any more. */
  readonly onChange: () => void
}

export function createBackfills({ hostname, host, scopes, store, ledger, onChange }: BackfillsParts): Backfills {
  const { clock } = host
  const get = async (name: string, id: string): Promise<BackfillDetails> => {
    const found = isId(id) ? await store.get(id) : undefined
    if (found === undefined || found.backfill.service !== name) throw new TaskflowsError('backfill.not_found', `there is no backfill ${JSON.stringify(id)} of ${name}`, { details: { name, id } })
    return found
  }
  return {
    async plan({ name, scope: wanted, since, until, again, maxParallel }) {
      const { service } = await findService(host, name, wanted)
      const { scope } = service
      refuseScope(service, scopes)
      const schedules = calendarsOf(service, host)
      const now = clock.now()
      const times = timesOf(service.name, schedules, { since, until }, now)
      const key = { host: hostname, scope, service: service.name }
      const runs = await ledger.between(key, times[0]!, nextSlotOf(schedules)(times.at(-1)!) ?? now)
      const ran = new Set([...ranWell(times, runs, now), ...await store.madeUp(key, times[0]!, times.at(-1)!)])
      return { name: service.name, scope, since, until, maxParallel, again, slots: times.filter((slot) => again || !ran.has(slot)), leftOut: again ? [] : times.filter((slot) => ran.has(slot)) }
    },
    async start({ name, scope, since, until, maxParallel, again, slots, leftOut }, by, alongside) {
      if (slots.length === 0) {
        throw new TaskflowsError('backfill.invalid', `each of the ${leftOut.length} times of ${name} in that range ran well before`, { details: { name, left_out: leftOut.length }, hint: 'With --again (again: true) they run once more.' })
      }
      const now = clock.now()
      const asked = { id: newId(now), host: hostname, scope, service: name, origin: 'backfill', first: since, last: until, maxParallel, again, createdBy: by, createdAt: now } as const
      const started: BackfillDetails = {
        backfill: { ...asked, state: 'running', reason: null, endedAt: null, counts: { waiting: slots.length, running: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 } },
        slots: slots.map((slot) => ({ slot, state: 'waiting', startedAt: null, endedAt: null, reason: null })),
      }
      await store.add({ ...asked, slots }, alongside && ((tx) => alongside(tx, started)))
      onChange()
      return started
    },
    async list(name, scope, limit) {
      const { service } = await findService(host, name, scope)
      return store.list({ host: hostname, scope: service.scope, service: service.name }, limit)
    },
    get,
    async cancel(name, id) {
      await get(name, id)
      if (!(await store.cancel(id))) throw new TaskflowsError('backfill.over', `the backfill ${id} of ${name} is over`, { details: { name, id } })
      onChange()
      return get(name, id)
    },
  }
}

function refuseScope({ name, scope }: FoundService, scopes: readonly ServiceScope[]): void {
  if (scopes.includes(scope)) return
  throw new TaskflowsError('backfill.invalid', `${name} is of scope ${scope}, whose units only root may write, and this server is not root's`, { details: { name, scope }, hint: 'Ask a server that runs as root.' })
}

/** @throws `backfill.invalid` for what has no times of its own */
function calendarsOf({ name, definedAs, scope, installed }: FoundService, { versions }: ServicesHost): readonly Schedule[] {
  const refuse = (what: string, hint: string): never => {
    throw new TaskflowsError('backfill.invalid', `${name} ${what}`, { details: { name, scope }, hint })
  }
  if (definedAs.endsWith('@')) refuse('is a template, and times are made up for by a template of their own, which has no instances', 'Give each instance a service of its own.')
  const timer = installed.find(({ role }) => role === 'timer')
  const calendars = timer === undefined ? [] : schedulesOf(factsOf(timer.text)).filter(({ kind }) => kind === 'calendar')
  if (calendars.length === 0) refuse('has no calendar among its start schedules, and so no times that could be made up for', 'tf start --services runs it once.')
  if (versions.latest(scope, definedAs) === undefined) refuse('was applied from another home, so this server does not know how to run it', 'tf create applies it from here.')
  return calendars
}
