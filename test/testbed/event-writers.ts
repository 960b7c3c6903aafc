/** A database with an event log, and connections that write facts as engines do, each in transactions of its own. */
import pg from 'pg'
import { createPostgres, urlSource } from '../../src/adapters/database/postgres/index.ts'
import type { Database } from '../../src/kernel/database/database.ts'
import { ensurePartitions } from '../../src/kernel/database/partitions.ts'
import { newId } from '../../src/kernel/ids.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'

export interface EventWriters extends AsyncDisposable {
  readonly database: Database
  readonly writers: readonly pg.Client[]
}

export async function openEventWriters(postgresUrl: string): Promise<EventWriters> {
  await using stack = new AsyncDisposableStack()
  const { url } = stack.use(await createTestDatabase(postgresUrl))
  const database = createPostgres({ source: urlSource(url) })
  stack.defer(() => database.close())
  await ensurePartitions(database, Date.now())
  const writers: pg.Client[] = []
  for (let count = 0; count < 4; count += 1) {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    stack.defer(() => client.end())
    writers.push(client)
  }
  const opened = stack.move()
  return { database, writers, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

export interface Fact {
  readonly type?: string
  readonly ids?: readonly string[]
  readonly tenants?: readonly string[]
  readonly names?: readonly string[]
  readonly correlations?: readonly string[] | null
  readonly data?: string | null
}

/** One row of the log. Resolves with the ids in it. */
export async function writeFact(client: pg.Client, { type = 'jobs.added', ids = [newId(Date.now())], tenants = ['default'], names = ['work'], correlations = null, data = null }: Fact = {}): Promise<readonly string[]> {
  await client.query('insert into taskflows.events (at, type, ids, tenants, names, correlations, data) values (taskflows.now(), $1, $2, $3, $4, $5, $6)', [type, ids, tenants, names, correlations, data])
  return ids
}
