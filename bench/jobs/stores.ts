/**
 * The servers that contestants keep their jobs in: a PostgreSQL that all of them share, and a Redis, with and
 * without waiting for the disk. Private ones, started for the bench and gone with it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { databaseUrl, runAsAdmin } from '../../src/testing/test-database.ts'
import { findPostgres, startPostgres } from '../../test/testbed/postgres.ts'

export type StoreName = 'postgres' | 'redis' | 'redis-aof'

export interface Store extends AsyncDisposable {
  /** Whose CPU time is the store's, with its children. */
  readonly pid: number
  /** An empty place for one contestant; emptied on dispose. */
  fresh(): Promise<AsyncDisposable & { readonly url: string }>
  /** Puts what was written so far on the disk, so that nobody pays for it later. */
  settle(): Promise<void>
}

export const startStore: Readonly<Record<StoreName, () => Promise<Store>>> = {
  'postgres': startPostgresStore,
  // As Debian ships it: a snapshot now and then, so a crash loses what came after the last one.
  'redis': () => startRedis([]),
  // The promise that PostgreSQL makes: what was acknowledged is on the disk.
  'redis-aof': () => startRedis(['--appendonly', 'yes', '--appendfsync', 'always']),
}

async function startPostgresStore(): Promise<Store> {
  const postgres = await startPostgres({ programs: findPostgres('18')! })
  let databases = 0
  return {
    pid: postgres.pid,
    fresh: async () => {
      const database = `bench_${++databases}`
      await runAsAdmin(postgres.url, `create database ${database}`)
      return { url: databaseUrl(postgres.url, database), [Symbol.asyncDispose]: () => runAsAdmin(postgres.url, `drop database ${database} with (force)`) }
    },
    settle: () => runAsAdmin(postgres.url, 'checkpoint'),
    [Symbol.asyncDispose]: () => postgres.stop(),
  }
}

async function startRedis(options: readonly string[]): Promise<Store> {
  if (spawnSync('redis-server', ['--version']).status !== 0) throw new Error('redis-server is not on this machine: apt-get install redis-server, or leave bullmq out with --peers')
  const directory = mkdtempSync(join(tmpdir(), 'taskflows-redis-'))
  const socket = join(directory, 'redis.sock')
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--dir', directory, ...options], { stdio: 'ignore' })
  await untilItAnswers(server, socket)
  return {
    pid: server.pid!,
    fresh: async () => {
      await ask(socket, 'FLUSHALL')
      return { url: socket, [Symbol.asyncDispose]: async () => { await ask(socket, 'FLUSHALL') } }
    },
    settle: async () => {},
    [Symbol.asyncDispose]: async () => {
      server.kill()
      await once(server, 'exit')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function untilItAnswers(server: ChildProcess, socket: string): Promise<void> {
  for (let look = 0; look < 100; look += 1) {
    if (server.exitCode !== null) throw new Error(`redis-server ended with ${server.exitCode}`)
    if (await ask(socket, 'PING').catch(() => '') === '+PONG') return
    await sleep(50)
  }
  throw new Error('redis-server did not answer within 5 s')
}

/** One inline command of Redis' protocol, and the first line of its answer. */
async function ask(path: string, command: string): Promise<string> {
  const connection = connect(path)
  try {
    connection.end(`${command}\r\n`)
    const chunks: Buffer[] = []
    for await (const chunk of connection) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString().split('\r\n')[0]!
  } finally {
    connection.destroy()
  }
}
