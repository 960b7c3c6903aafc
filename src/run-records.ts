/**
 * What becomes of the runs of this process: reported to the server it belongs
 * to, if there is one, and written down in its home, if there is one. Loaded by
 * the first task that runs (`task-runtime.ts`); `run-history.ts` reads them back.
 */
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type LocalRunLog, createLocalRunLog } from './adapters/local-run-log/local-run-log.ts'
import { type PostReports, postOverHttp } from './adapters/server-reports/post-reports.ts'
import { type ServerReports, createServerReports } from './adapters/server-reports/server-reports.ts'
import { type Spool, createSpool } from './adapters/server-reports/spool.ts'
import type { Config } from './config.ts'
import type { TaskObserver } from './engines/tasks/run.ts'
import { type RunReport, reportOf } from './engines/tasks/run-report.ts'
import { systemClock } from './kernel/clock.ts'
import { TaskflowsError, messageOf } from './kernel/errors.ts'
import { addLogTap } from './kernel/observe/log-line.ts'
import type { Log } from './kernel/observe/log.ts'
import { familyOf } from './kernel/observe/metrics-text.ts'
import { addMetrics } from './kernel/observe/process-metrics.ts'
import { hasServer, homeServer, namedServer } from './known-server.ts'

/** What a process that ends by itself still gives the server. */
const patienceMs = 1000

let settle: (ms: number) => Promise<void> = () => Promise.resolve()

/** For programs that end with `process.exit`: resolves when the records are where they belong, or in the spool; after `ms` at the latest. */
export function settleRunRecords(ms = patienceMs): Promise<void> {
  return settle(ms)
}

/** Starts to record, once in a process. `undefined` when there is neither a server nor a home. Never throws. */
export function recordRuns(config: Config, log: Log): TaskObserver | undefined {
  const reports = reportToServer(config, log)
  const runLog = writeDown(config, log)
  if (!reports && !runLog) return undefined
  const host = hostname()
  settle = async (ms) => {
    runLog?.save()
    await reports?.settle(ms)
  }
  // `beforeExit` does not come at process.exit() and after an uncaught exception, and `exit` has no time to wait.
  process.on('beforeExit', () => void settle(patienceMs))
  process.on('exit', () => {
    runLog?.save()
    reports?.save()
  })
  return {
    runStarted: (run) => {
      reports?.add(run.id, () => reportOf(run, host))
      runLog?.begin(run.id)
    },
    runEnded: (run, end) => {
      // Made now: the end holds what the function returned, which may be large.
      const report = reportOf(run, host, end)
      reports?.add(run.id, () => report)
      runLog?.end(report)
    },
  }
}

/**
 * Takes in what processes of this home could not tell while there was no server: for that server itself.
 * @returns what ends it
 */
export function takeInSpool({ home }: Pick<Config, 'home'>, report: (runs: readonly RunReport[]) => Promise<unknown>, log: Log): () => void {
  const post: PostReports = async (_server, runs) => {
    try {
      await report(runs)
      return { kind: 'accepted' }
    } catch (error) {
      return { kind: error instanceof TaskflowsError && error.status < 500 ? 'refused' : 'later', reason: messageOf(error) }
    }
  }
  const reports = createServerReports({ findServer: () => ({ url: 'spool' }), spool: spoolOf(home), post, clock: systemClock, log })
  reports.start()
  return reports.stop
}

function spoolOf(home: string): Spool {
  return createSpool({ directory: join(home, 'spool'), clock: systemClock })
}

function reportToServer(config: Config, log: Log): ServerReports | undefined {
  if (!hasServer(config)) return undefined
  try {
    namedServer(config)
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'runs are not reported to the server')
    return undefined
  }
  const reports = createServerReports({
    findServer: () => namedServer(config) ?? homeServer(config),
    spool: spoolOf(config.home),
    post: postOverHttp(systemClock.now),
    clock: systemClock, log,
  })
  reports.start()
  addMetrics(() => [familyOf('taskflows_reports_dropped_total', [{ labels: {}, value: reports.dropped }])])
  return reports
}

/** A home is made by those who want one: by `tf`, or by making the directory. */
function writeDown({ home }: Config, log: Log): LocalRunLog | undefined {
  if (!existsSync(home)) return undefined
  const runLog = createLocalRunLog({ directory: join(home, 'runs'), clock: systemClock, log })
  addLogTap(runLog.lineLogged)
  return runLog
}
