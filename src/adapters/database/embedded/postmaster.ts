/**
 * A postmaster of ours: started, bound to our life, ended.
 *
 * It has a session of its own, so that Ctrl-C in the terminal reaches us and not
 * it, and gets SIGINT (fast shutdown) from the kernel when we die.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../../kernel/clock.ts'
import type { Binaries } from './binaries.ts'
import { type Account, openForAppending, textOf, writing } from './files.ts'
import { type Command, asRunner, boundToParent, postmasterArguments } from './launch.ts'
import type { Place } from './place.ts'
import { lastLines } from './run-program.ts'

/** Two files of about this size are kept; the log is turned over at starts. */
const largestLogBytes = 8 * 1024 * 1024
/** A fast shutdown writes a checkpoint. */
const fastShutdownMs = 8_000
/** PostgreSQL itself kills what does not heed SIGQUIT after 5 s. */
const immediateShutdownMs = 7_000

export interface Postmaster {
  readonly alive: boolean
  /** The file that it and those before it wrote. */
  readonly log: string
  /** What it said last, for the one who asks why it is gone. */
  lastWords(): string
  /** Fast shutdown, then immediate, then SIGKILL. Never rejects. */
  stop(): Promise<void>
}

/** @param directory of the major version: `data` and `log` are in it. */
export function startPostmaster(directory: string, place: Place, { directory: programs, env }: Binaries): Postmaster {
  const log = join(directory, 'log')
  const command: Command = [join(programs, 'postgres'), ...postmasterArguments({ directory: join(directory, 'data'), socketDirectory: place.socketDirectory })]
  const [program, ...args] = asRunner(place.runner, boundToParent('INT', process.pid, command))
  const output = writing(log, () => openLog(log, place.owner))
  const logStart = statSync(log).size
  const child = spawn(program, args, { env, detached: true, stdio: ['ignore', output, output] })
  closeSync(output)
  // A program that forgets to stop us must still be able to end; the kernel then tells PostgreSQL.
  child.unref()

  let alive = true
  let outcome = ''
  const gone = new Promise<void>((resolve) => {
    const end = (how: string) => {
      alive = false
      outcome = how
      resolve()
    }
    child.on('error', (error) => end(error.message))
    child.on('exit', (code, signal) => end(`it ended with ${signal ?? code}`))
  })
  return {
    get alive() {
      return alive
    },
    log,
    lastWords: () => lastLines(Buffer.from(textOf(log) ?? '').subarray(logStart).toString()) || outcome,
    stop: () => stop(child, gone),
  }
}

function openLog(log: string, owner: Account): number {
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) > largestLogBytes) renameSync(log, `${log}.1`)
  return openForAppending(log, owner)
}

async function stop(child: ChildProcess, gone: Promise<unknown>): Promise<void> {
  for (const [signal, patienceMs] of [['SIGINT', fastShutdownMs], ['SIGQUIT', immediateShutdownMs]] as const) {
    child.kill(signal)
    const patience = new AbortController()
    await Promise.race([gone, systemClock.sleep(patienceMs, patience.signal)])
    patience.abort()
    if (child.exitCode !== null || child.signalCode !== null) return
  }
  child.kill('SIGKILL')
  await gone
}
