/**
 * A program that uses the PostgreSQL of a home, for tests that start and kill several.
 *
 *   node client.ts HOME PROGRAMS|'' hold|write
 *
 * It says what happens as lines of JSON. `hold` waits for the words `ensure` and `stop` on stdin; `write` commits
 * one row after the other, and asks for PostgreSQL back when it goes.
 */
import { createInterface } from 'node:readline'
import pg from 'pg'
import { type PostgresAddress, createEmbeddedPostgres } from '../../../src/adapters/database/embedded/index.ts'
import { TaskflowsError } from '../../../src/kernel/errors.ts'

const [home, programs, work] = process.argv.slice(2)
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const postgres = createEmbeddedPostgres({ home: home!, binaries: programs || null, onProgress: (progress) => say({ progress }) })

async function up(): Promise<PostgresAddress> {
  const address = await postgres.ensure()
  say({ up: postgres.role, host: address.host })
  return address
}

async function write(): Promise<never> {
  for (let id = process.pid * 1_000_000; ;) {
    try {
      const client = new pg.Client(await up())
      client.on('error', () => {})
      await client.connect()
      await client.query('create table if not exists written (id bigint primary key)')
      for (; ; id += 1) {
        await client.query('insert into written values ($1)', [id])
        say({ row: id })
      }
    } catch (error) {
      if (error instanceof TaskflowsError) throw error
      // The row in flight may or may not be there; the next has another number.
      id += 1
    }
  }
}

async function hold(): Promise<void> {
  await up()
  for await (const word of createInterface({ input: process.stdin })) {
    if (word === 'ensure') await up()
    if (word === 'stop') break
  }
  await postgres.stop()
  say({ down: postgres.role })
}

try {
  await (work === 'write' ? write() : hold())
} catch (error) {
  say(error instanceof TaskflowsError ? { code: error.code, message: error.message, hint: error.hint } : { code: 'unknown', message: String(error) })
  process.exitCode = 1
}
