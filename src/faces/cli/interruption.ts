/** Signals that ask a program to stop. */

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The exit code of a program that Ctrl-C ended (128 + SIGINT). */
export const interruptedExitCode = 130

/** A terminal and a parent may both pass on one Ctrl-C; what comes so soon after the first is the same one. */
const echoMs = 250

export interface Interruption extends Disposable {
  /** Aborts at the first signal; `reason` is its name. The second one ends the process at once. */
  readonly signal: AbortSignal
}

/** Until disposed, signals no longer end the process by themselves. */
export function onInterruption(): Interruption {
  const controller = new AbortController()
  let firstAt = Infinity
  const onSignal = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      firstAt = performance.now()
      controller.abort(name)
    } else if (performance.now() - firstAt > echoMs) {
      process.exit(interruptedExitCode)
    }
  }
  for (const name of stopSignals) process.on(name, onSignal)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of stopSignals) process.off(name, onSignal)
    },
  }
}
