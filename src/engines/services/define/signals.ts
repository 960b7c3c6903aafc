/** Signals and exit codes, by number or by name. */
import { constants } from 'node:os'

/** As systemd writes real-time signals (systemd.kill(5)). */
const realTime = /^SIGRT(?:MIN(?:\+\d{1,2})?|MAX(?:-\d{1,2})?)$/

/** `SIGTERM` for `SIGTERM`, `term` and 15; `undefined` when there is no such signal. */
export function signalName(given: unknown): string | undefined {
  if (typeof given === 'number' || (typeof given === 'string' && /^\d{1,2}$/.test(given))) {
    return nameOfNumber(Number(given))
  }
  if (typeof given !== 'string') return undefined
  const upper = given.toUpperCase()
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`
  if (realTime.test(name)) return name
  // SIGPOLL and SIGIOT are other names for what systemd knows as SIGIO and SIGABRT.
  return Object.hasOwn(constants.signals, name) ? nameOfNumber(constants.signals[name as NodeJS.Signals]) : undefined
}

function nameOfNumber(wanted: number): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => number === wanted)?.[0]
}

/** An exit code from 0 to 255, or a signal; `undefined` when it is neither. */
export function exitStatus(given: unknown): number | string | undefined {
  if (typeof given === 'number' || (typeof given === 'string' && /^\d+$/.test(given))) {
    const code = Number(given)
    return Number.isInteger(code) && code >= 0 && code <= 255 ? code : undefined
  }
  return signalName(given)
}
