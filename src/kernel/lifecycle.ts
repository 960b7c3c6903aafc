/**
 * What lives: it starts, it stops, and both may be called at any time.
 *
 * Stop without start is fine, a second stop is fine, a stop during a start
 * waits for the start and then stops. `testLifecycle` in `src/testing/` holds
 * every implementation to these rules.
 */
export interface Lifecycle extends AsyncDisposable {
  start(): Promise<void>
  stop(): Promise<void>
}

/** The two calls of a Lifecycle, serialised; the implementer writes only what happens. */
export function lifecycle(parts: { start(): Promise<void>; stop(): Promise<void> }): Lifecycle {
  let running = false
  let turn: Promise<void> = Promise.resolve()
  const next = (work: () => Promise<void>): Promise<void> => {
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }
  const stop = () =>
    next(async () => {
      if (!running) return
      running = false
      await parts.stop()
    })
  return {
    start: () =>
      next(async () => {
        if (running) return
        await parts.start()
        running = true
      }),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
