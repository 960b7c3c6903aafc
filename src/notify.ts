/**
 * Telling systemd how this program is: that it is ready, what it does, that it lives. sd_notify(3)
 *
 * For services of type `notify`, and those with a watchdog. The messages go through systemd-notify(1), since Node
 * cannot send a datagram to a Unix socket without a native add-on. It is a child of the program, so the unit needs
 * `NotifyAccess=all`, which is what a `Service` of these kinds gets.
 */
import type { supervision } from './config.ts'

/** Answers whether the program does its work. What throws says no. */
export type WatchdogCheck = () => boolean | Promise<boolean>

export interface Watchdog extends Disposable {
  /** Milliseconds between two pings; `undefined` when nobody waits for them. */
  readonly intervalMs: number | undefined
  /** Pings no more. systemd still waits for them, so this is for what follows another way, such as `notify.watchdog()`. */
  stop(): void
}

/**
 * Each resolves when systemd has the message: to `true`, or to `false` when nobody listens (the program does not run
 * under systemd) or it could not be sent, which a process warning tells. None ever rejects: how a program does its work
 * must not depend on who hears of it. Messages arrive in the order of the calls.
 *
 * @example
 * await server.listen(port)
 * await notify.ready(`listens on ${port}`)
 * await notify.startWatchdog(() => database.isUp())
 */
export const notify = {
  /** The start is complete: what waits for this service may go on. @param status as of `status()` */
  ready: (status?: string): Promise<boolean> => tell('READY=1', ...statusOf(status)),

  /** One line for people, shown by `tf status` and `systemctl status`. */
  status: (text: string): Promise<boolean> => tell(...statusOf(text)),

  /** One ping: the program lives. Without one within the interval of its watchdog systemd kills it. */
  watchdog: (): Promise<boolean> => tell('WATCHDOG=1'),

  /**
   * Pings at half of the interval that the unit asks for, as long as `check` says yes, and the first time at once. An event
   * loop that hangs cannot ping, so it needs no check. The timer keeps no program running. Does nothing when the unit has no
   * watchdog, or when it watches another process: a wrapper that started this one without `exec`, a parent that shared
   * its environment.
   */
  startWatchdog: async (check: WatchdogCheck = () => true): Promise<Watchdog> => {
    const { watchdogMs } = await supervise()
    return watchdogMs === undefined ? unwatched : pingEvery(watchdogMs / 2, check)
  },

  /** The configuration is read again; `ready()` tells when that is over. */
  reloading: (): Promise<boolean> => tell('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),

  /** The shutdown has begun. */
  stopping: (): Promise<boolean> => tell('STOPPING=1'),

  /** The start, run or stop that goes on now takes longer: its time limit ends `seconds` from now, unless it is told again. */
  extendTimeout: (seconds: number): Promise<boolean> => {
    if (!(seconds > 0) || !Number.isFinite(seconds)) throw new TypeError(`Expected \`seconds\` to be a positive number, got ${String(seconds)}`)
    return tell(`EXTEND_TIMEOUT_USEC=${Math.round(seconds * 1e6)}`)
  },
}

const unwatched: Watchdog = { intervalMs: undefined, stop() {}, [Symbol.dispose]() {} }

function pingEvery(intervalMs: number, check: WatchdogCheck): Watchdog {
  let asking = false
  const ping = async (): Promise<void> => {
    // A check that takes longer than the interval is a program that does not answer.
    if (asking) return
    asking = true
    if (await answers(check)) await notify.watchdog()
    asking = false
  }
  void ping()
  const timer = setInterval(() => void ping(), intervalMs).unref()
  const stop = () => clearInterval(timer)
  return { intervalMs, stop, [Symbol.dispose]: stop }
}

async function answers(check: WatchdogCheck): Promise<boolean> {
  try {
    return await check()
  } catch {
    return false
  }
}

function statusOf(text: string | undefined): string[] {
  // A line break would begin the next assignment.
  return text === undefined ? [] : [`STATUS=${text.replaceAll(/[\0\r\n]+/g, ' ')}`]
}

let last: Promise<unknown> = Promise.resolve()

/** One message after the other: two children at once could overtake each other. */
function tell(...assignments: readonly string[]): Promise<boolean> {
  const told = last.then(() => send(assignments))
  last = told
  return told
}

async function send(assignments: readonly string[]): Promise<boolean> {
  if (!(await supervise()).listens) return false
  const { execFile } = await import('node:child_process')
  return new Promise((resolve) => {
    execFile('systemd-notify', assignments, { timeout: 10_000 }, (error) => {
      if (error) process.emitWarning(`systemd was not told ${assignments[0]}: ${error.message.trim()}`, 'NotifyWarning')
      resolve(error === null)
    })
  })
}

/** Loaded when something is told: most programs that load the library tell nothing. */
async function supervise(): Promise<ReturnType<typeof supervision>> {
  return (await import('./config.ts')).supervision()
}
