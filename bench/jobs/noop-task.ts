/** The task that our worker loads in the bench: it says that it started, and does nothing. */
import { task } from '../../src/index.ts'

export const noopTask = 'noop'

let onStart: (i: number) => void = () => {}

/** @param listener called with `payload.i` of each job whose handler starts in this process. */
export function whenStarted(listener: (i: number) => void): void {
  onStart = listener
}

export const noop = task(({ i }: { i: number }) => onStart(i), { name: noopTask })
