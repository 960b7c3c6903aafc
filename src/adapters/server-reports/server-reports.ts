/**
 * Tells a server of the runs of this process, in the background.
 *
 *   run ──► waiting ──(every 500 ms, 1000 at once)──► server
 *              │ it does not take them, or there are too many
 *              ▼
 *            spool ──(after 1 s, 2 s, ... 15 s)─────► server
 *
 * Nothing here slows a task, makes it fail or keeps its process alive. Killing
 * the process loses what happened since the last batch and nothing else.
 */
import type { RunReport } from '../../engines/tasks/run-report.ts'
import { retryDelay } from '../../kernel/backoff.ts'
import type { Clock } from '../../kernel/clock.ts'
import { messageOf } from '../../kernel/errors.ts'
import { createDelivery, type DeliveryParts } from './deliver-reports.ts'
import type { ClaimedReports, Spool } from './spool.ts'
import { type MakeReport, createWaitingReports } from './waiting-reports.ts'

export interface ServerReportsParts extends DeliveryParts {
  readonly spool: Spool
  readonly clock: Pick<Clock, 'now'>
}

export interface ServerReports {
  /** Takes the latest that is to be told of a run. */
  add(runId: string, make: MakeReport): void
  /** Delivers what other processes left behind, and goes on looking for such. */
  start(): void
  /** Sends what waits, for as long as `patienceMs`, and spools the rest. Keeps the process alive meanwhile. */
  settle(patienceMs: number): Promise<void>
  /** No more looks at the spool. */
  stop(): void
  /** Spools what no server has taken, synchronously: for the last moment of a process. */
  save(): void
  /** Reports that were given up: refused by the server, too old, or without a place to wait. */
  readonly dropped: number
}

const batchSize = 1000
const batchMs = 500
/** More of them go to the spool. */
const mostWaiting = 10_000
/** What the server has not answered by then is spooled meanwhile. */
const slowMs = 1000
/** How often the spool is looked at while the server takes what it is sent. */
const lookMs = 15_000
/** The server refuses older ones, too (`kernel/database/runs/report-runs.ts`). */
const oldestMs = 30 * 86_400_000
const backoff = { maxAttempts: Infinity, strategy: 'exponential', baseDelaySeconds: 1, maxDelaySeconds: 15, jitter: 'none' } as const

export function createServerReports({ spool, clock, ...parts }: ServerReportsParts): ServerReports {
  const delivery = createDelivery(parts)
  const waiting = createWaitingReports()
  let underWay: readonly RunReport[] = []
  let batchTimer: NodeJS.Timeout | undefined
  let lookTimer: NodeJS.Timeout | undefined
  let lookIsDue = false
  let stopped = false
  let busy: Promise<void> | undefined
  /** Tries in a row that the server did not take. */
  let failures = 0

  const add = (runId: string, make: MakeReport) => {
    waiting.add(runId, make)
    if (waiting.size > mostWaiting) {
      spill()
      lookIn(batchMs)
    } else if (waiting.size === batchSize) {
      workIn(0)
    } else if (batchTimer === undefined) {
      workIn(batchMs)
    }
  }
  const workIn = (ms: number) => {
    clearTimeout(batchTimer)
    batchTimer = busy ? undefined : setTimeout(() => void work(), ms).unref()
  }
  const lookIn = (ms: number) => {
    clearTimeout(lookTimer)
    if (!stopped) lookTimer = setTimeout(look, ms).unref()
  }
  const look = () => {
    lookIsDue = true
    void work()
  }

  /** One round at a time; what comes meanwhile has the next one. */
  const work = (): Promise<void> => (busy ??= round().finally(() => {
    busy = undefined
    if (lookIsDue || waiting.size > 0) workIn(lookIsDue || waiting.size >= batchSize ? 0 : batchMs)
  }))
  const round = async () => {
    clearTimeout(batchTimer)
    batchTimer = undefined
    await deliverWaiting()
    if (!lookIsDue) return
    lookIsDue = false
    failures = await deliverSpool() ? 0 : failures + 1
    lookIn(failures === 0 ? lookMs : retryDelay(backoff, failures, 0))
    await deliverWaiting()
  }
  const deliverWaiting = async () => {
    while (waiting.size > 0 && failures === 0) {
      underWay = waiting.take(batchSize)
      if (!await deliver(underWay)) {
        waiting.putBack(underWay)
        failures = 1
        lookIn(retryDelay(backoff, failures, 0))
      }
      underWay = []
    }
    if (failures > 0) spill()
  }

  /** A server that takes its time must not make a killed process lose more. What it accepts after all is told twice, which is once. */
  const deliver = async (reports: readonly RunReport[]): Promise<boolean> => {
    const guard = setInterval(() => {
      waiting.putBack(underWay)
      underWay = []
      spill()
    }, slowMs).unref()
    try {
      return await delivery.deliver(reports)
    } finally {
      clearInterval(guard)
    }
  }
  /** Where no file can be written they wait on, as many as there is room for. */
  const spill = () => {
    const reports = waiting.take()
    if (reports.length === 0) return
    try {
      spool.write(reports)
    } catch (error) {
      waiting.putBack(reports.slice(-mostWaiting))
      delivery.drop(Math.max(0, reports.length - mostWaiting), `the spool cannot be written: ${messageOf(error)}`)
    }
  }
  const deliverSpool = async (): Promise<boolean> => {
    try {
      spool.close()
      const bytes = spool.trim()
      if (bytes > 0) delivery.drop(1, `the spool was full: its oldest ${bytes} bytes were removed`)
      for (let claimed = spool.claim(); claimed; claimed = spool.claim()) {
        if (!await deliverClaimed(claimed)) return false
      }
    } catch (error) {
      delivery.complain(`the spool cannot be read: ${messageOf(error)}`)
    }
    return true
  }
  const deliverClaimed = async (claimed: ClaimedReports): Promise<boolean> => {
    const young = claimed.reports.filter(({ started_at }) => clock.now() - Date.parse(started_at) < oldestMs)
    for (let at = 0; at < young.length; at += batchSize) {
      if (!await deliver(young.slice(at, at + batchSize))) {
        claimed.release()
        return false
      }
      claimed.touch()
      failures = 0
      // A long spool must not keep what happens now waiting.
      await deliverWaiting()
    }
    delivery.drop(claimed.unreadable, 'the spool holds lines that are no reports')
    delivery.drop(claimed.reports.length - young.length, 'they are older than 30 days')
    claimed.remove()
    return true
  }
  const save = () => {
    waiting.putBack(underWay)
    spill()
    try {
      spool.close()
    } catch {
      // The file stays under the number of this process, and belongs to the next one once this one is over.
    }
  }

  return {
    add,
    start: look,
    stop: () => {
      stopped = true
      clearTimeout(lookTimer)
    },
    settle: async (patienceMs) => {
      if (waiting.size === 0 && busy === undefined) return spool.close()
      const patience = Promise.withResolvers<void>()
      const timer = setTimeout(patience.resolve, patienceMs)
      await Promise.race([(busy ?? Promise.resolve()).then(() => { if (waiting.size > 0) return work() }), patience.promise])
      clearTimeout(timer)
      save()
    },
    save,
    get dropped() {
      return delivery.dropped
    },
  }
}
