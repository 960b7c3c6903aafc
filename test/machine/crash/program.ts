/** `tf` as a process of its own, for tests that wait for what it says, send it signals, and kill it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { bareEnvironment } from '../../testbed/bare-environment.ts'

const tf = join(import.meta.dirname, '../../../src/faces/cli/main.ts')

export interface Program extends AsyncDisposable {
  readonly pid: number
  /** Each line it wrote, on stdout or stderr, as it came. */
  readonly said: readonly string[]
  /** The first line that fits, among those already said too. Rejects when it ends without. */
  saw(pattern: RegExp): Promise<RegExpExecArray>
  /** Does nothing when it has ended: its number may be that of another process by then. */
  signal(name: NodeJS.Signals): void
  /** How it ended, as far as it has. */
  readonly state: 'running' | 'ended' | 'ended, and something holds what it wrote to'
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

export interface ProgramOptions {
  /** Where it runs: by its working directory it is found among the processes of a home. */
  readonly home: string
  /** Default: the embedded database of the home. */
  readonly databaseUrl?: string
  readonly env?: Readonly<Record<string, string>>
  /** Runs it as another account, from the root directory; only root can. */
  readonly uid?: number
  /** Its arguments to Node: another `tf` than that of the sources. */
  readonly program?: readonly string[]
}

/** Its server listens on any free port. It is killed when disposed of. */
export function startTf(args: readonly string[], { home, databaseUrl, env = {}, uid, program = ['--conditions=source', tf] }: ProgramOptions): Program {
  const child = spawn(process.execPath, [...program, ...args], {
    cwd: uid === undefined ? home : '/',
    env: { ...bareEnvironment, TASKFLOWS_HOME: home, TASKFLOWS_PORT: '0', ...(databaseUrl !== undefined && { TASKFLOWS_DATABASE_URL: databaseUrl }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  })
  const said: string[] = []
  let news = Promise.withResolvers<void>()
  let over = false
  const tell = (): void => {
    news.resolve()
    news = Promise.withResolvers()
  }
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line)
      tell()
    })
  }
  const ended = endOf(child).finally(() => {
    over = true
    tell()
  })
  return {
    pid: child.pid!,
    said,
    ended,
    get state() { return over ? 'ended' : child.exitCode === null && child.signalCode === null ? 'running' : 'ended, and something holds what it wrote to' },
    saw: async (pattern) => {
      for (let at = 0; ; ) {
        for (; at < said.length; at += 1) {
          const found = pattern.exec(said[at]!)
          if (found) return found
        }
        if (over) throw new Error(`tf ${args[0]} ended without ${String(pattern)}; it said last: ${said.slice(-5).join('\n')}`)
        await news.promise
      }
    },
    signal: (name) => void child.kill(name),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Resolves when it has ended and everything it said has been read. */
async function endOf(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal }
}
