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

/** Several may be open: a line for many servers has one for each. */
const open = new Set<AbortController>()
let firstAt = Infinity

function onSignal(name: NodeJS.Signals): void {
  const waiting = [...open].filter(({ signal }) => !signal.aborted)
  if (waiting.length > 0) {
    firstAt = performance.now()
    for (const controller of waiting) controller.abort(name)
  } else if (performance.now() - firstAt > echoMs) {
    process.exit(interruptedExitCode)
  }
}

/** Until disposed, signals no longer end the process by themselves. */
export function onInterruption(): Interruption {
  const controller = new AbortController()
  if (open.size === 0) for (const name of stopSignals) process.on(name, onSignal)
  open.add(controller)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      open.delete(controller)
      if (open.size === 0) for (const name of stopSignals) process.off(name, onSignal)
    },
  }
}
