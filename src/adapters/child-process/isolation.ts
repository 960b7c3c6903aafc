/**
 * How a process knows that it runs one function for another process. It hangs
 * on globalThis, so that a module that resolved another copy of this package
 * finds it too.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

export interface Isolation {
  /** Holds within the function; what runs outside was begun by a module while it was loaded. */
  readonly inside: AsyncLocalStorage<true>
  /** Ends this process with that error as the end of its function. */
  readonly fail: (error: Error) => void
}

const key = Symbol.for('taskflows.isolation')
const shared = globalThis as { [key]?: Isolation }

/** Of this process, or `undefined` when it is no child of that kind. */
export function currentIsolation(): Isolation | undefined {
  return shared[key]
}

export function beginIsolation(fail: Isolation['fail']): Isolation {
  return (shared[key] = { inside: new AsyncLocalStorage(), fail })
}
