/** Two homes, each with a server and two workers, on one PostgreSQL that each reaches over a link of its own; and a customer in the first. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readSecurity } from '../../../src/access/security-file.ts'
import { createPostgres } from '../../../src/adapters/database/postgres/index.ts'
import type { Database } from '../../../src/kernel/database/database.ts'
import { type Link, openNetwork } from '../../testbed/network.ts'
import { findPostgres, startPostgres } from '../../testbed/postgres.ts'
import { type Program, startTf } from './program.ts'
import type { Address } from './requests.ts'
import { userTables } from './user-connection.ts'

export type HomeName = 'one' | 'other'
export const homeNames: readonly HomeName[] = ['one', 'other']

export interface CutHome {
  readonly link: Link
  readonly server: Address
  /** The processes of its workers. */
  readonly workers: readonly number[]
  /** A command in this home, which ends by itself. */
  tf(...args: readonly string[]): Program
}

export interface CutSite extends AsyncDisposable {
  readonly homes: Readonly<Record<HomeName, CutHome>>
  /** The lines that `ledger.ts` writes. */
  readonly ledger: string
  /** Past every cut. */
  readonly database: Database
  /** Orders nothing more. */
  stopCustomer(): Promise<void>
  /**
   * Resolves when PostgreSQL has got everything that was sent to it: what a program wrote before it gave up, or was killed,
   * the kernel goes on sending after a cut, and it counts.
   */
  delivered(): Promise<void>
  /** Programs that ended by themselves, and what they said last. */
  readonly failures: readonly string[]
}

const workersPerHome = 2

export async function openCutSite(postgresVersion: string): Promise<CutSite> {
  await using stack = new AsyncDisposableStack()
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'tf-cut-')))
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const { namespace, links } = stack.use(openNetwork(homeNames))
  const postgres = stack.use(await startPostgres({ programs: findPostgres(postgresVersion)!, fsync: false, namespace }))
  const database = createPostgres({ source: { ensure: async () => ({ host: postgres.socketDirectory, port: postgres.port, user: 'postgres', database: 'postgres' }) } })
  stack.defer(() => database.close())
  await database.query(userTables)

  const ledger = join(directory, 'ledger')
  const failures: string[] = []
  let over = false
  stack.defer(() => { over = true })
  const urlOver = ({ address }: Link): string => {
    const url = new URL(postgres.url)
    url.hostname = address
    return url.toString()
  }
  const start = (name: HomeName, args: readonly string[], program?: readonly string[]): Program => {
    const env = { CRASH_LEDGER: ledger, TASKFLOWS_LOG_LEVEL: 'error' }
    return startTf(args, { home: join(directory, name), databaseUrl: urlOver(links[name]), env, ...(program && { program }) })
  }
  const watched = (what: string, program: Program): Program => {
    stack.use(program)
    void program.ended.then(({ code, signal }) => { if (!over) failures.push(`${what} ended with ${signal ?? code}: ${program.said.slice(-4).join(' / ')}`) })
    return program
  }

  const openHome = async (name: HomeName): Promise<CutHome> => {
    mkdirSync(join(directory, name), { mode: 0o700 })
    const server = watched(`the server of ${name}`, start(name, ['serve']))
    const [, url] = await server.saw(/listens on (http:\S+)/)
    const workers = Array.from({ length: workersPerHome }, () => watched(`a worker of ${name}`, start(name, ['worker', join(import.meta.dirname, 'load-tasks.ts')])))
    await Promise.all(workers.map((worker) => worker.saw(/^worker .* runs /)))
    const { secret } = readSecurity(join(directory, name)).hmac
    return { link: links[name], server: { url: url!, secret }, workers: workers.map(({ pid }) => pid), tf: (...args) => start(name, args) }
  }
  const homes = { one: await openHome('one'), other: await openHome('other') }
  const customer = stack.use(start('one', [], ['--conditions=source', join(import.meta.dirname, 'customer.ts')]))
  await customer.saw(/^runs$/)

  const opened = stack.move()
  return {
    homes, ledger, database, failures,
    delivered: async () => {
      while (spawnSync('ss', ['-Hnt', 'state', 'fin-wait-1', 'dport', '=', `:${postgres.port}`], { encoding: 'utf8' }).stdout !== '') await pause(100)
    },
    stopCustomer: async () => { await customer[Symbol.asyncDispose]() },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
