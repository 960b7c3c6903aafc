/**
 * What this host knows of its services besides what its systemd says: the journal, the kernel's figures, the disk. With a
 * server runs come from its ledger instead.
 */
import { constants } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { availableParallelism, hostname, totalmem } from 'node:os'
import { createManagerJournal } from './adapters/journal/manager-journal.ts'
import { readOutages } from './adapters/journal/outages.ts'
import { createUnitJournal } from './adapters/journal/unit-journal.ts'
import { createJournalRuns } from './engines/services/ledger/journal-runs.ts'
import type { ServiceLedger, ServiceRun } from './engines/services/ledger/service-run.ts'
import { serviceOfUnit, singleRunPattern } from './engines/services/run-units.ts'
import type { JournalReading, LogLine } from './engines/services/logs/service-journal.ts'
import type { HostLoad, ServiceWitness, WitnessedService } from './engines/services/why/witness.ts'
import { serviceRunId } from './kernel/service-run-id.ts'

/** What a program says may be written down before its start is, and after its end. */
const headStartMs = 100

export interface ServiceWitnessOptions {
  /** How long one reading of the journal may take. */
  readonly timeoutMs: number
  readonly uid: number
  readonly ledger?: Pick<ServiceLedger, 'between'> | undefined
}

export function createServiceWitness({ timeoutMs, uid, ledger }: ServiceWitnessOptions): ServiceWitness {
  const lastLines = async (reading: Pick<JournalReading, 'source' | 'sinceMs' | 'untilMs'>, count: number): Promise<LogLine[]> => {
    const found: LogLine[] = []
    for await (const lines of createUnitJournal({ uid }).read({ ...reading, reverse: true }, AbortSignal.timeout(timeoutMs))) {
      found.push(...lines)
      if (found.length >= count) break
    }
    return found.slice(0, count).toReversed()
  }
  return {
    runs: async (service, since) => {
      if (ledger === undefined) return { runs: await runsInJournal(service, since, uid, AbortSignal.timeout(timeoutMs)), from: 'journal' }
      return { runs: await ledger.between({ host: hostname(), scope: service.scope, service: service.name }, since, Date.now() + 1), from: 'ledger' }
    },
    lines: async ({ scope, name, unit, sideBySide }, { from, until, invocationId }, count) => {
      const [start, end] = [from - headStartMs, until + headStartMs]
      const found = await lastLines({ source: { kind: 'units', units: { user: [], system: [], [scope]: [unit, ...(sideBySide ? [singleRunPattern(name, 'run')] : [])] } }, sinceMs: start, untilMs: end }, count * 2)
      const own = found.filter(({ bySystemd, at, ...line }) => !bySystemd && at >= start && at <= end && [line.invocationId, invocationId].some((id, _, [other]) => id === null || id === other))
      return (own.length > 0 ? own : found).slice(-count).map(({ message }) => message)
    },
    wasStartedTooOften: async ({ scope, unit }) => {
      const about = await lastLines({ source: { kind: 'about', unit, scope } }, 5)
      const [refused, began] = [/: Start request repeated too quickly/, /^(?:Starting|Started) /].map((said) => about.findLastIndex(({ message }) => said.test(message))) as [number, number]
      return refused > began
    },
    outages: (since) => readOutages(since, { timeoutMs }),
    load: readLoad,
    exists: (path, executable) => access(path, executable ? constants.X_OK : constants.F_OK).then(() => true, () => false),
  }
}

async function runsInJournal({ scope, name, unit, sideBySide }: WitnessedService, since: number, uid: number, signal: AbortSignal): Promise<ServiceRun[]> {
  const found = createJournalRuns({ host: hostname(), scope, open: [], manager: null, isWhole: true })
  const runs = new Map<string, ServiceRun>()
  const journal = createManagerJournal({ scope, uid, ...(!sideBySide && { unit }) })
  for await (const { message } of journal.read({ sinceMs: since }, signal)) {
    if (message === undefined || ![name, undefined].includes(serviceOfUnit(message.unit))) continue
    for (const run of [...found.take(message), ...found.open()]) runs.set(serviceRunId(run), run)
  }
  return [...runs.values()].sort((one, other) => (one.startedAt ?? 0) - (other.startedAt ?? 0))
}

/** proc(5); /proc/pressure is of PSI in the kernel's documentation. */
async function readLoad(): Promise<HostLoad> {
  const kinds = ['cpu', 'memory', 'io'] as const
  const texts = Object.fromEntries(await Promise.all(kinds.map(async (kind) => [kind, await readFile(`/proc/pressure/${kind}`, 'utf8').catch(() => '')] as const))) as Record<(typeof kinds)[number], string>
  const names = { '10sec': 'avg10', '1min': 'avg60', '5min': 'avg300' } as const
  return {
    memoryBytes: totalmem(), cpus: availableParallelism(),
    pressure: (of, timespan) => {
      const [, found] = new RegExp(`^some .*\\b${names[timespan]}=([\\d.]+)`, 'm').exec(texts[of]) ?? []
      return found === undefined ? null : Number(found)
    },
  }
}
