/**
 * Composition root of the services of a server: seen live, and what becomes of
 * them written to the event log and counted. `services.ts` opens the same
 * services for processes that come and go.
 */
import { hostname, userInfo } from 'node:os'
import { watchUnitFiles } from './adapters/systemd/files/watch-files.ts'
import type { Config } from './config.ts'
import { type LiveServices, createLiveServices } from './engines/services/live/live-services.ts'
import { writtenDeed, writtenState } from './engines/services/live/written-events.ts'
import { systemClock } from './kernel/clock.ts'
import type { Database } from './kernel/database/database.ts'
import { createEventOutbox } from './kernel/database/event-outbox.ts'
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
}

/** Started; the server need not wait until systemd has answered. */
export async function openServerServices(config: Config, { database, log, onError, restarted }: ServerServicesParts): Promise<LiveServices> {
  await using stack = new AsyncDisposableStack()
  const host = hostname()
  // Two servers of one account on one host see the same of its services.
  const outbox = stack.use(createEventOutbox({ database, clock: systemClock, by: `${host}/${userInfo().uid}`, onError }))
  const services = stack.use(openServices(config, { tell: (fact) => outbox.tell([writtenDeed(fact, host, newId(systemClock.now()))]) }))
  const live = stack.use(createLiveServices({
    services, host: services.host, watchFiles: watchUnitFiles,
    onEvents: (events) => {
      outbox.tell(events.map((event) => writtenState(event, host)))
      for (const { service, reason } of events) if (reason !== undefined) restarted(service, reason)
    },
    onTrouble: logOnce(log, async () => (await services.list({}, { details: false }).catch(() => [])).length > 0),
  }))
  await live.start()
  const opened = stack.move()
  return { ...live, [Symbol.asyncDispose]: () => opened.disposeAsync() }
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
