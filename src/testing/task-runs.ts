/** What tests of tasks share: functions that fail, and what a run tells. */
import { expect } from 'vitest'
import { type TaskFailure, type TaskObserver, isTaskFailure } from '../engines/tasks/index.ts'

/** Fails so many times, then answers. */
export function failing(times: number) {
  let calls = 0
  return { fn: async () => { if (++calls <= times) throw new Error(`failure ${calls}`); return 'done' }, calls: () => calls }
}

export const never = () => new Promise<never>(() => {})

/** The failure that a call must have resolved to. */
export function failed(value: unknown): TaskFailure {
  expect(isTaskFailure(value)).toBe(true)
  return value as TaskFailure
}

/** Everything that runs tell their observers, in short. */
export function watch() {
  const seen: string[] = []
  const observer: TaskObserver = {
    runStarted: () => void seen.push('started'),
    attemptFailed: (_run, { attempt, retryInMs, timedOut }) => void seen.push(`failed ${attempt}${timedOut ? ' timed out' : ''} ${retryInMs}`),
    progressed: (_run, { done, total, message }) => void seen.push(`progress ${done}/${total} ${message}`),
    runEnded: (_run, { outcome, attempts }) => void seen.push(`ended ${outcome} ${attempts}`),
  }
  return { seen, observers: new Set([observer]) }
}
