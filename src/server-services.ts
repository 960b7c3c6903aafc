/**
 * Composition root of the services of a server: seen live, and what becomes of
 * them written to the event log and counted. `services.ts` opens the same
 * services for processes that come and go.
 */
import { hostname, userInfo } from 'node:os'
import { createManagerJournal } from './adapters/journal/manager-journal.ts'
import { readOutages } from './adapters/journal/outages.ts'
import { readBootId } from './adapters/systemd/boot-id.ts'
import { watchUnitFiles } from './adapters/systemd/files/watch-files.ts'
import type { Config } from './config.ts'
import { createBackfillWorker } from './engines/services/backfill/backfill-worker.ts'
import { type Backfills, createBackfills } from './engines/services/backfill/backfills.ts'
import { createCatchUp } from './engines/services/backfill/catch-up.ts'
import { slotTemplate } from './engines/services/backfill/slot-template.ts'
import { type Environments, createEnvironments } from './engines/services/environments/environments.ts'
import type { ServicesHost } from './engines/services/host.ts'
import { createRunCollector } from './engines/services/ledger/collect-runs.ts'
import { type LiveServices, createLiveServices } from './engines/services/live/live-services.ts'
import { writtenDeed, writtenEnvironmentDeed, writtenState } from './engines/services/live/written-events.ts'
import { createSlotWatch } from './engines/services/slots/watch-slots.ts'
import { writtenSlot } from './engines/services/slots/written-slots.ts'
import type { Backfill } from './kernel/backfills.ts'
import { systemClock } from './kernel/clock.ts'
import { createBackfillStore } from './kernel/database/backfills.ts'
import type { Database } from './kernel/database/database.ts'
import { createEventOutbox } from './kernel/database/event-outbox.ts'
import { createServiceLedger } from './kernel/database/service-runs.ts'
import { messageOf } from './kernel/errors.ts'
import { newId } from './kernel/ids.ts'
import type { Log } from './kernel/observe/log.ts'
import { openServices } from './services.ts'

export interface ServerServicesParts {
  readonly database: Database
  readonly log: Log
  readonly onError: (error: unknown) => void
  /** A service began anew. */
  readonly restarted: (service: string, reason: string) => void
  /** What became of a time at which a service was to run. */
  readonly slotJudged: (verdict: string, reason: string) => void
}

export interface ServerServices extends LiveServices {
  readonly environments: Environments
  readonly backfills: Backfills
  readonly host: ServicesHost
}

/** Started; the server need not wait until systemd has answered. */
export async function openServerServices(config: Config, { database, log, onError, restarted, slotJudged }: ServerServicesParts): Promise<ServerServices> {
  await using stack = new AsyncDisposableStack()
  const [host, { uid }] = [hostname(), userInfo()]
  const ledger = createServiceLedger(database, { account: String(uid) })
  // Two servers of one account on one host see the same of its services.
  const outbox = stack.use(createEventOutbox({ database, clock: systemClock, by: `${host}/${uid}`, onError }))
  let somethingHappened = () => {}
  const services = stack.use(openServices(config, { ledger, tell: (fact) => {
    outbox.tell([writtenDeed(fact, host, newId(systemClock.now()))])
    somethingHappened()
  } }))
  const live = stack.use(createLiveServices({
    services, host: services.host, watchFiles: watchUnitFiles,
    onEvents: (events) => {
      outbox.tell(events.map((event) => writtenState(event, host)))
      for (const { service, reason } of events) if (reason !== undefined) restarted(service, reason)
      somethingHappened()
    },
    collectRuns: (manager, known) => createRunCollector({
      host, scope: manager.scope, bootId: readBootId(), reader: `journal ${host}/${manager.scope}${manager.scope === 'user' ? `/${uid}` : ''}`,
      ledger, journal: createManagerJournal({ scope: manager.scope, uid }), manager, known, clock: systemClock, onError,
    }),
    onTrouble: logOnce(log, async () => (await services.list({}, { details: false }).catch(() => [])).length > 0),
  }))
  // Units of the machine are written by root alone.
  const scopes = uid === 0 ? ['user', 'system'] as const : ['user'] as const
  const store = createBackfillStore(database, { host, account: String(uid) })
  const worker = stack.use(createBackfillWorker({
    holder: `${host}/${uid}/${newId(systemClock.now())}`, scopes, store, ledger, clock: systemClock, caughtUp: live.caughtUp,
    manager: services.host.manager, template: (scope, service) => slotTemplate(services.host, scope, service),
    onEnd: (backfill) => log.info({ service: backfill.service, backfill_id: backfill.id }, endOfBackfill(backfill)), onTrouble: onError,
  }))
  const catchUp = stack.use(createCatchUp({
    host, ledger, store, clock: systemClock, onTrouble: onError,
    scheduled: async () => (await live.scheduled()).filter(({ scope }) => scopes.some((own) => own === scope)),
    onCaught: ({ name }, added, missed) => {
      log.info({ service: name }, `${name} missed ${missed} times while the machine was down; ${added} of them are made up for`)
      worker.changed()
    },
  }))
  const slots = stack.use(createSlotWatch({
    host, reader: `slots ${host}/${uid}`, ledger, clock: systemClock,
    scheduled: live.scheduled,
    caughtUp: live.caughtUp,
    managerSince: (scope) => services.host.manager(scope).since(),
    outages: (since) => readOutages(since, { timeoutMs: config.journalctlTimeoutSeconds * 1000 }),
    onSlots: (told) => {
      outbox.tell(told.flatMap((slot) => writtenSlot(slot, host)))
      for (const { verdict, cause } of told) slotJudged(verdict, cause)
      if (told.some(({ verdict }) => verdict === 'missed')) catchUp.changed()
    },
    onTrouble: onError,
  }))
  somethingHappened = slots.changed
  await live.start()
  await slots.start()
  await worker.start()
  await catchUp.start()
  const opened = stack.move()
  const environments = createEnvironments(services.host, live, (fact) => outbox.tell([writtenEnvironmentDeed(fact, host, newId(systemClock.now()))]))
  const backfills = createBackfills({ hostname: host, host: services.host, scopes, store, ledger, onChange: worker.changed })
  return { ...live, environments, backfills, host: services.host, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

function endOfBackfill({ service, origin, state, reason, counts }: Backfill): string {
  const said = Object.entries(counts).filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`)
  return `${origin === 'backfill' ? 'backfill' : 'catch-up'} of ${service} is ${state === 'cancelled' ? 'cancelled' : 'over'}: ${said.join(', ')}${reason === null ? '' : `; ${reason}`}`
}

/** Most machines without systemd have no services either, and nobody there wants to hear of it. */
function logOnce(log: Log, matters: () => Promise<boolean>): (error: unknown) => void {
  let said: string | undefined
  const say = async (message: string): Promise<void> => log[(await matters()) ? 'warn' : 'debug']({}, `services are not followed: ${message}`)
  return (error) => {
    const message = messageOf(error)
    if (message === said) return
    said = message
    void say(message)
  }
}
