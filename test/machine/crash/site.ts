/** A home with servers, workers and a customer that are started again whenever they end, as a supervisor of the system would. */
import { globSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readSecurity } from '../../../src/access/security-file.ts'
import { readAddress } from '../../../src/adapters/database/embedded/record.ts'
import { createPostgres } from '../../../src/adapters/database/postgres/index.ts'
import type { Database } from '../../../src/kernel/database/database.ts'
import { killIfAlive, newHome, postmastersOf, processesOf } from '../embedded/harness.ts'
import { type Program, startTf } from './program.ts'
import type { Address } from './requests.ts'
import { userTables } from './user-connection.ts'

export type Target = 'worker' | 'workers' | 'server' | 'customer' | 'postmaster' | 'backend' | 'everything'

export interface CrashSite extends AsyncDisposable {
  readonly home: string
  /** The lines that `ledger.ts` writes. */
  readonly ledger: string
  readonly database: Database
  /** Where the servers listen, those that do. */
  readonly servers: () => Address[]
  /** Kills with SIGKILL. Resolves with the pids, of which there may be none at the moment. */
  kill(target: Target): readonly number[]
  /** Programs that ended without having been killed, and what they said last. */
  readonly failures: readonly string[]
  /** What runs, and what PostgreSQL said last. */
  describe(): string
  /** Resolves when every program is up. */
  ready(): Promise<void>
  /** Ends a program for good. */
  stop(target: 'customer'): Promise<void>
  /** Nothing is started again. */
  leave(): void
}

interface Supervised {
  current: Program
  /** Started again when it ends. */
  wanted: boolean
  readonly over: Promise<void>
}

export interface Crew {
  readonly servers: number
  readonly workers: number
}

/** As long as systemd waits by default before it starts a service again. */
const restartMs = 100

export async function openCrashSite(size: Crew): Promise<CrashSite> {
  const stack = new AsyncDisposableStack()
  const { path: home } = stack.use(newHome('home'))
  const ledger = join(home, '../ledger')
  const failures: string[] = []
  const killed = new Set<number>()
  let left = false
  mkdirSync(home, { mode: 0o700 })

  const supervise = (args: readonly string[], program?: readonly string[]): Supervised => {
    const start = () => startTf(args, { home, env: { CRASH_LEDGER: ledger, TASKFLOWS_LOG_LEVEL: 'error' }, ...(program && { program }) })
    const again = async (): Promise<void> => {
      const over = () => left || !supervised.wanted
      while (!over()) {
        const { pid, ended, said } = supervised.current
        const { code, signal } = await ended
        if (over()) return
        if (!killed.has(pid)) failures.push(`tf ${args[0]} ended with ${signal ?? code}: ${said.slice(-4).join(' / ')}`)
        await pause(restartMs)
        if (!over()) supervised.current = start()
      }
    }
    const supervised = { current: start(), wanted: true, over: Promise.resolve() }
    return Object.assign(supervised, { over: again() })
  }

  const servers = Array.from({ length: size.servers }, () => supervise(['serve']))
  const workers = Array.from({ length: size.workers }, () => supervise(['worker', join(import.meta.dirname, 'load-tasks.ts')]))
  const customer = supervise([], ['--conditions=source', join(import.meta.dirname, 'customer.ts')])
  const programs = [...servers, ...workers, customer]
  stack.defer(async () => {
    left = true
    for (const { current } of programs) current.signal('SIGKILL')
    await Promise.all(programs.map(({ over }) => over))
  })
  const database = createPostgres({ source: { ensure: async () => readAddress(home)! }, patienceMs: 30_000 })
  stack.defer(() => database.close())
  const ready = async (): Promise<void> => {
    // One that ends on the way is started again, and that one waited for.
    for (const program of programs) while (!(await program.current.saw(/listens on|^worker .* runs |^runs$/).catch(() => pause(restartMs)))) continue
  }
  await ready()
  await database.query(userTables)

  const killPrograms = (chosen: readonly (Supervised | undefined)[]): number[] => {
    const alive = chosen.flatMap((one) => (one?.current.state === 'running' ? one.current : []))
    for (const { pid, signal } of alive) {
      killed.add(pid)
      signal('SIGKILL')
    }
    return alive.map(({ pid }) => pid)
  }
  const killProcesses = (pids: readonly number[]): readonly number[] => {
    for (const pid of pids) {
      killed.add(pid)
      killIfAlive(pid)
    }
    return pids
  }
  const kill = (target: Target): readonly number[] => {
    switch (target) {
      case 'worker': return killPrograms([anyOf(workers)])
      case 'workers': return killPrograms(workers)
      // One that listens, so that its clients notice.
      case 'server': return killPrograms([anyOf(servers.filter(({ current }) => listening(current) !== undefined))])
      case 'customer': return killPrograms([customer])
      case 'postmaster': return killProcesses(postmastersOf(home))
      case 'backend': return killProcesses([anyOf(processesOf(home).filter(({ command }) => command.startsWith('postgres: taskflows ')))?.pid ?? []].flat())
      case 'everything': return killProcesses(processesOf(home).map(({ pid }) => pid))
      default: return target satisfies never
    }
  }

  return {
    home, ledger, database, failures, ready, kill,
    servers: () => {
      const urls = servers.flatMap(({ current }) => listening(current) ?? [])
      return urls.length === 0 ? [] : urls.map((url) => ({ url, secret: readSecurity(home).hmac.secret }))
    },
    describe: () => {
      const logs = globSync(join(home, 'postgres/*/log')).map((file) => readFileSync(file, 'utf8').split('\n').slice(-40).join('\n'))
      const told = programs.map(({ current: { pid, state, said } }) => `${pid} ${state}: ${said.slice(-2).join(' / ')}`)
      return [...told, ...processesOf(home).map(({ pid, command }) => `${pid} ${command.replaceAll('\0', ' ').slice(0, 120)}`), ...logs].join('\n')
    },
    stop: async () => {
      customer.wanted = false
      customer.current.signal('SIGKILL')
      await customer.over
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
