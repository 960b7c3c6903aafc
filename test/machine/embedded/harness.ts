/** Homes for a test, processes that use them, and what /proc says is left of both. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { createEmbeddedPostgres } from '../../../src/adapters/database/embedded/index.ts'

const client = join(import.meta.dirname, 'client.ts')

/** What a client says, all fields of all lines. */
export interface Said {
  readonly up?: 'owner' | 'guest' | 'none'
  readonly host?: string
  readonly down?: string
  readonly row?: number
  readonly progress?: string
  readonly code?: string
  readonly message?: string
  readonly hint?: string
}

export interface Client extends Disposable {
  readonly pid: number
  readonly said: readonly Said[]
  /** The next line with this field, from those not yet asked for. Rejects when the client ends without. */
  next<K extends keyof Said>(field: K): Promise<NonNullable<Said[K]>>
  tell(word: 'ensure' | 'stop'): void
  kill(): void
  readonly ended: Promise<number | null>
}

/** @param uid runs the client as another account; only root can. */
export function startClient(home: string, { work = 'hold', programs = '', uid }: { work?: 'hold' | 'write'; programs?: string; uid?: number } = {}): Client {
  const child = spawn(process.execPath, [client, home, programs, work], { stdio: ['pipe', 'pipe', 'inherit'], ...(uid !== undefined && { uid, gid: uid }) })
  const said: Said[] = []
  const seen: Partial<Record<keyof Said, number>> = {}
  let wake = Promise.withResolvers<void>()
  let over = false
  const news = (end: boolean) => {
    over ||= end
    wake.resolve()
    wake = Promise.withResolvers()
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(JSON.parse(line) as Said)
    news(false)
  }).on('close', () => news(true))
  child.stdin.on('error', () => {})
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  const kill = () => void child.kill('SIGKILL')
  return {
    pid: child.pid!, said, ended, kill, [Symbol.dispose]: kill,
    tell: (word) => void child.stdin.write(`${word}\n`),
    async next(field) {
      for (;;) {
        const at = said.findIndex((line, index) => index >= (seen[field] ?? 0) && line[field] !== undefined)
        seen[field] = at < 0 ? said.length : at + 1
        if (at >= 0) return said[at]![field]!
        if (over) throw new Error(`The client ended without "${field}"; it said ${JSON.stringify(said.slice(-3))}`)
        await wake.promise
      }
    },
  }
}

export interface Home extends AsyncDisposable {
  readonly path: string
}

/** A new directory for a home. Removed at the end with everything that still runs in it, which the test should have seen to. */
export function newHome(below = ''): Home {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'tf-home-')))
  return {
    path: join(directory, below),
    async [Symbol.asyncDispose]() {
      for (const { pid } of processesOf(directory)) killIfAlive(pid)
      await untilNothingIsLeft(directory)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

let pattern: Promise<string> | undefined

/** A home whose PostgreSQL has run before: a copy, which takes a tenth of the time of a first start. */
export async function usedHome(below = ''): Promise<Home> {
  const home = newHome(below)
  mkdirSync(home.path, { recursive: true, mode: 0o700 })
  cpSync(await (pattern ??= makePattern()), home.path, { recursive: true })
  return home
}

/** To be called after the last test. */
export async function removePattern(): Promise<void> {
  if (pattern) rmSync(await pattern, { recursive: true })
}

async function makePattern(): Promise<string> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'tf-pattern-')))
  await using postgres = createEmbeddedPostgres({ home })
  await postgres.ensure()
  return home
}

export interface Found {
  readonly pid: number
  readonly command: string
}

/** The processes that run in a home, hold a file of it, or are called with its path; this one excepted. */
export function processesOf(home: string): Found[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), command: commandOf(name), paths: [linkOf(`/proc/${name}/cwd`), ...openFilesOf(name)] }))
    .filter(({ command, paths }) => command.includes(home) || paths.some((path) => path.startsWith(home)))
}

/** The postmasters of a home. PostgreSQL gives its other processes titles in place of their arguments. */
export function postmastersOf(home: string): number[] {
  return processesOf(home).filter(({ command }) => /^\S*postgres\0-D\0/.test(command)).map(({ pid }) => pid)
}

/** Waits for the processes of a home to end. @throws naming those that are there after 30 s. */
export async function untilNothingIsLeft(home: string): Promise<void> {
  const deadline = Date.now() + 30_000
  for (let left = processesOf(home); left.length > 0; left = processesOf(home)) {
    if (Date.now() > deadline) throw new Error(`Left in ${home}: ${left.map(({ pid, command }) => `${pid} ${command.replaceAll('\0', ' ')}`).join(', ')}`)
    await pause(20)
  }
}

export function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended before.
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

function openFilesOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`))
  } catch {
    return []
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
