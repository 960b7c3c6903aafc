/** Waiting for a job to end, by asking for it again and again. */
import type { Clock } from '../../kernel/clock.ts'
import type { TaskflowsContract } from '../../contract/index.ts'
import type { OutputOf } from '../../contract/operation.ts'

export type Job = OutputOf<TaskflowsContract['jobs']['get']>

export interface WaitOptions {
  /** Asks for the job. */
  readonly get: () => Promise<Job>
  readonly clock: Clock
  /** Milliseconds; without it, for ever. */
  readonly timeoutMs?: number | undefined
  /** Stops the waiting, not the job. */
  readonly signal: AbortSignal
  readonly onLook: (job: Job) => void
}

export type WaitEnd = { readonly end: 'ended' | 'timeout' | 'interrupted'; readonly job: Job }

const unfinished: readonly Job['state'][] = ['PENDING', 'SCHEDULED', 'RUNNING']
const firstPauseMs = 200
const longestPauseMs = 1000

/** Looks every 200 ms at first and every second in the end. */
export async function waitForEnd(job: Job, { get, clock, timeoutMs = Infinity, signal, onLook }: WaitOptions): Promise<WaitEnd> {
  const deadline = clock.now() + timeoutMs
  let pauseMs = firstPauseMs
  for (let seen = job; ; seen = await get()) {
    onLook(seen)
    if (!unfinished.includes(seen.state)) return { end: 'ended', job: seen }
    const leftMs = deadline - clock.now()
    if (leftMs <= 0) return { end: 'timeout', job: seen }
    await clock.sleep(Math.min(pauseMs, leftMs), signal)
    if (signal.aborted) return { end: 'interrupted', job: seen }
    pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)
  }
}
