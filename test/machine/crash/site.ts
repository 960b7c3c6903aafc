/** A home with a server and workers that are started again whenever they end, as a supervisor of the system would. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readSecurity } from '../../../src/access/security-file.ts'
import { readAddress } from '../../../src/adapters/database/embedded/record.ts'
import { createPostgres } from '../../../src/adapters/database/postgres/index.ts'
import type { Database } from '../../../src/kernel/database/database.ts'
import { killIfAlive, newHome, postmastersOf, processesOf } from '../embedded/harness.ts'
import { type Program, startTf } from './program.ts'

export type Target = 'worker' | 'workers' | 'server' | 'postmaster' | 'backend' | 'everything'

export interface CrashSite extends AsyncDisposable {
  readonly home: string
  /** The lines that `load-tasks.ts` writes. */
  readonly ledger: string
  readonly database: Database
  /** Where the server listens, once it does. */
  readonly server: () => { readonly url: string; readonly secret: string } | undefined
  /** Kills with SIGKILL. Resolves with the pids, of which there may be none at the moment. */
  kill(target: Target): number[]
  /** Programs that ended without having been killed, and what they said last. */
  readonly failures: readonly string[]
  /** Resolves when the server and every worker are up. */
  ready(): Promise<void>
  /** Nothing is started again. */
  leave(): void
}

/** As long as systemd waits by default before it starts a service again. */
const restartMs = 100

export async function openCrashSite(workers: number): Promise<CrashSite> {
  const stack = new AsyncDisposableStack()
  const { path: home } = stack.use(newHome('home'))
  const ledger = join(home, '../ledger')
  const failures: string[] = []
  const killed = new Set<number>()
  let left = false
  mkdirSync(home, { mode: 0o700 })

  const supervise = (args: readonly string[]): { current: Program; readonly over: Promise<void> } => {
    const start = () => startTf(args, { home, env: { CRASH_LEDGER: ledger, TASKFLOWS_LOG_LEVEL: 'error' } })
    const again = async (): Promise<void> => {
      while (!left) {
        const { pid, ended, said } = supervised.current
        const { code, signal } = await ended
        if (left) return
        if (!killed.has(pid)) failures.push(`tf ${args[0]} ended with ${signal ?? code}: ${said.slice(-4).join(' / ')}`)
        await pause(restartMs)
        if (!left) supervised.current = start()
      }
    }
    const supervised = { current: start(), over: Promise.resolve() }
    return Object.assign(supervised, { over: again() })
  }

  const server = supervise(['serve'])
  const crew = Array.from({ length: workers }, () => supervise(['worker', join(import.meta.dirname, 'load-tasks.ts')]))
  const programs = [server, ...crew]
  stack.defer(async () => {
    left = true
    for (const { current } of programs) current.signal('SIGKILL')
    await Promise.all(programs.map(({ over }) => over))
  })
  const database = createPostgres({ source: { ensure: async () => readAddress(home)! }, patienceMs: 30_000 })
  stack.defer(() => database.close())

  const pidsOf = (target: Target): number[] => {
    switch (target) {
      case 'worker': return [anyOf(crew)!.current.pid]
      case 'workers': return crew.map(({ current }) => current.pid)
      case 'server': return [server.current.pid]
      case 'postmaster': return postmastersOf(home)
      case 'backend': return [anyOf(processesOf(home).filter(({ command }) => command.startsWith('postgres: taskflows ')))?.pid ?? []].flat()
      case 'everything': return processesOf(home).map(({ pid }) => pid)
      default: return target satisfies never
    }
  }

  return {
    home, ledger, database, failures,
    server: () => {
      const url = listening(server.current)
      return url === undefined ? undefined : { url, secret: readSecurity(home).hmac.secret }
    },
    kill: (target) => {
      const pids = pidsOf(target)
      for (const pid of pids) {
        killed.add(pid)
        killIfAlive(pid)
      }
      return pids
    },
    ready: async () => {
      // One that ends on the way is started again, and that one waited for.
      for (const program of programs) while (!(await program.current.saw(/listens on|runs /).catch(() => pause(restartMs)))) continue
    },
    leave: () => { left = true },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

function anyOf<T>(things: readonly T[]): T | undefined {
  return things[Math.floor(Math.random() * things.length)]
}

function listening({ said }: Program): string | undefined {
  return said.map((line) => /listens on (http:\S+)/.exec(line)?.[1]).find((url) => url !== undefined)
}
