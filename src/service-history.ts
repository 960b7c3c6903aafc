/**
 * What this machine itself knows of runs of its services: from what systemd wrote to the journal, for `tf history`
 * without a server. `run-history.ts` is the same for runs of tasks.
 */
import { hostname } from 'node:os'
import { createManagerJournal } from './adapters/journal/manager-journal.ts'
import { readBootId } from './adapters/systemd/boot-id.ts'
import type { Config } from './config.ts'
import { createJournalRuns } from './engines/services/ledger/journal-runs.ts'
import type { ServiceRun } from './engines/services/ledger/service-run.ts'
import { whoRuns } from './engines/services/ledger/who-runs.ts'
import type { ServiceManager } from './engines/services/service-manager.ts'
import { systemClock } from './kernel/clock.ts'
import { messageOf } from './kernel/errors.ts'
import type { Run } from './kernel/runs.ts'
import { serviceRunId } from './kernel/service-run-id.ts'
import { placeOf, runOfService } from './kernel/service-runs.ts'
import { openServices } from './services.ts'

export interface ServiceRunQuery {
  /** Epoch milliseconds. Default: 30 days ago. */
  readonly sinceMs?: number
  readonly untilMs?: number
  readonly limit: number
  readonly wanted: (run: Run) => boolean
}

export interface FoundServiceRuns {
  /** Those that run first, then the latest. */
  readonly runs: readonly Run[]
  /** Why something may be missing, if so. */
  readonly problems: readonly string[]
}

const dayMs = 86_400_000
const lookMs = 30 * dayMs

export async function readServiceHistory(config: Pick<Config, 'home' | 'journalctlTimeoutSeconds'>, query: ServiceRunQuery): Promise<FoundServiceRuns> {
  await using services = openServices(config)
  const problems: string[] = []
  const found = await Promise.all(services.host.scopes().map(async (scope) => {
    const last = createLast(query)
    await readScope(services.host.manager(scope), config, query, last, problems)
    return last.runs()
  }))
  return { runs: sorted(found.flat()).slice(0, query.limit).map(shown), problems }
}

async function readScope(manager: ServiceManager, config: Pick<Config, 'journalctlTimeoutSeconds'>, { sinceMs }: ServiceRunQuery, last: Last, problems: string[]): Promise<void> {
  const { scope } = manager
  const now = systemClock.now()
  const runs = createJournalRuns({ host: hostname(), scope, open: [], manager: null, isWhole: true })
  const patience = AbortSignal.timeout(config.journalctlTimeoutSeconds * 1000)
  try {
    // What ended since may have begun before.
    const from = { sinceMs: (sinceMs ?? now - lookMs) - dayMs }
    for await (const { message } of createManagerJournal({ scope, uid: process.getuid?.() ?? 0 }).read(from, patience)) {
      if (message !== undefined) last.take(runs.take(message))
    }
    if (patience.aborted) problems.push(`the journal was not read to its end within ${config.journalctlTimeoutSeconds} s`)
  } catch (error) {
    problems.push(messageOf(error))
  }
  const running = await whoRuns(manager, runs.open(), new Map())
  last.take(runs.settle({ bootId: readBootId(), now, isRunning: running && (({ invocationId }) => running.has(invocationId!)) }))
}

/** The last so many of what is wanted, however much there is. */
interface Last {
  take(runs: readonly ServiceRun[]): void
  runs(): readonly ServiceRun[]
}

function createLast({ limit, sinceMs = 0, untilMs = Infinity, wanted }: ServiceRunQuery): Last {
  let kept = new Map<string, ServiceRun>()
  const isWanted = (run: ServiceRun): boolean => {
    const isRunning = run.state === 'running'
    return (isRunning ? untilMs === Infinity : placeOf(run) >= sinceMs && placeOf(run) <= untilMs) && wanted(shown(run))
  }
  return {
    take: (runs) => {
      // What a run used is told behind its end, as the same run once more.
      for (const run of runs) if (isWanted(run)) kept.set(serviceRunId(run), run)
      if (kept.size > 2 * limit) kept = new Map(sorted([...kept.values()]).slice(0, limit).map((run) => [serviceRunId(run), run]))
    },
    runs: () => [...kept.values()],
  }
}

function shown(run: ServiceRun): Run {
  return runOfService(run, serviceRunId(run))
}

function sorted(runs: readonly ServiceRun[]): readonly ServiceRun[] {
  const rank = (run: ServiceRun) => (run.state === 'running' ? Infinity : placeOf(run))
  return runs.toSorted((one, other) => (rank(one) === rank(other) ? (other.startedAt ?? 0) - (one.startedAt ?? 0) : rank(other) - rank(one)))
}
