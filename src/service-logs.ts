/** What services of this host write to the journal, for `tf`, the server and `Service`. */
import { createUnitJournal } from './adapters/journal/unit-journal.ts'
import type { Config } from './config.ts'
import type { ServicesHost } from './engines/services/host.ts'
import type { ServiceScope } from './engines/services/index.ts'
import { type LogLine, type ServiceJournal, type ServiceLogs, createServiceLogs } from './engines/services/logs/index.ts'
import { serviceUnit, singleRunPattern } from './engines/services/run-units.ts'
import { systemClock } from './kernel/clock.ts'
import { TaskflowsError } from './kernel/errors.ts'

export type { LogLine } from './engines/services/logs/index.ts'

/** Pages and streams of what services write. Opens nothing until it is asked. */
export function openServiceLogs(config: Pick<Config, 'journalctlTimeoutSeconds'>, host: ServicesHost): ServiceLogs {
  return createServiceLogs({ host, journal: openJournal(), clock: systemClock, patienceMs: config.journalctlTimeoutSeconds * 1000 })
}

/** The last lines of one service, the oldest first. @param service `worker@` means all of its instances @throws `logs.unavailable` */
export async function readLastLines({ journalctlTimeoutSeconds: patienceSeconds }: Pick<Config, 'journalctlTimeoutSeconds'>, scope: ServiceScope, service: string, count: number): Promise<LogLine[]> {
  const units = { user: [], system: [], [scope]: unitsOf(service) }
  const late = AbortSignal.timeout(patienceSeconds * 1000)
  const lines: LogLine[] = []
  for await (const batch of openJournal().read({ source: { kind: 'units', units }, reverse: true }, late)) {
    lines.push(...batch.slice(0, count - lines.length))
    if (lines.length === count) break
  }
  if (late.aborted && lines.length === 0) throw new TaskflowsError('logs.unavailable', `the journal cannot be read: it did not answer within ${patienceSeconds} s`)
  return lines.toReversed()
}

function unitsOf(service: string): readonly string[] {
  if (service.endsWith('@')) return [serviceUnit(`${service}*`)]
  return [serviceUnit(service), ...(service.includes('@') ? [] : [singleRunPattern(service, 'run'), singleRunPattern(service, 'slot')])]
}

function openJournal(): ServiceJournal {
  return createUnitJournal({ uid: process.getuid?.() ?? 0 })
}
