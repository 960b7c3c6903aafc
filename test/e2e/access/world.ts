/**
 * A real server whose database holds things of two tenants: alpha's, every name and text of which has `alpha` in it,
 * and bravo's, whose tokens try to reach them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSecurity } from '../../../src/access/security-file.ts'
import { createPostgres, urlSource } from '../../../src/adapters/database/postgres/index.ts'
import { serve } from '../../../src/app.ts'
import { type Client, connectTo } from '../../../src/client/index.ts'
import { readConfig } from '../../../src/config.ts'
import type { TaskflowsContract } from '../../../src/contract/index.ts'
import type { Database } from '../../../src/kernel/database/database.ts'
import { newId } from '../../../src/kernel/ids.ts'
import type { Role } from '../../../src/kernel/permissions.ts'
import { createTestDatabase } from '../../../src/testing/test-database.ts'

/** What a tenant has. */
export interface Holdings {
  readonly tenant: string
  /** The id of a job that waits. */
  readonly waiting: string
  /** The id of a job that was cancelled. */
  readonly cancelled: string
  readonly correlation: string
  readonly uniqueKey: string
  /** The id of a reported run that has not ended. */
  readonly run: string
  readonly token: { readonly id: string; readonly name: string }
}

export interface World extends AsyncDisposable {
  readonly url: string
  readonly databaseUrl: string
  readonly database: Database
  /** Signs with the secret of the host. */
  readonly host: Client<TaskflowsContract>
  readonly alpha: Holdings
  readonly bravo: Holdings
  /** A new token, and so a caller of its own. @param tenant default: bound to none */
  caller(name: string, role: Role, tenant?: string): Promise<string>
  /** Every row of every table, as text, but for what says only that somebody called. */
  dump(): Promise<string>
}

/** @param adminUrl the server of this run, `inject('postgresUrl')` */
export async function createWorld(adminUrl: string): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const home = stack.adopt(mkdtempSync(join(tmpdir(), 'taskflows-access-')), (path) => rmSync(path, { recursive: true }))
  const { url: databaseUrl } = stack.use(await createTestDatabase(adminUrl))
  const serving = await serve(readConfig({ home, port: '0', databaseUrl, logLevel: 'silent' }, {}), { workerModules: [] })
  stack.defer(() => serving.stop())
  const database = createPostgres({ source: urlSource(databaseUrl) })
  stack.defer(() => database.close())
  const host = connectTo({ url: serving.url, secret: readSecurity(home).hmac.secret })
  const caller = async (name: string, role: Role, tenant?: string) => (await host.tokens.create({ name, role, ...(tenant !== undefined && { tenant_id: tenant }) })).token
  await database.query(`insert into taskflows.workers (id, name, queues, tasks, started_at, seen_at) values (gen_random_uuid(), 'a worker', '{alpha-queue}', '{alpha-task}', taskflows.now(), taskflows.now() + interval '1 hour')`)
  const alpha = await furnish(host, 'alpha')
  const bravo = await furnish(host, 'bravo')
  const owned = stack.move()
  return { url: serving.url, databaseUrl, database, host, alpha, bravo, caller, dump: () => dumpOf(database), [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Makes things of a tenant; each text holds its name. */
async function furnish(host: Client<TaskflowsContract>, tenant: string): Promise<Holdings> {
  const [correlation, uniqueKey] = [`${tenant}-correlation`, `${tenant}-key`]
  const job = { name: `${tenant}-job`, payload: { secret: `${tenant}-payload` }, queue: `${tenant}-queue`, tenant_id: tenant, correlation_id: correlation, delay: '1h' }
  const waiting = await host.jobs.add({ ...job, unique_key: uniqueKey })
  const cancelled = await host.jobs.add(job)
  await host.jobs.cancel({ id: cancelled.id, reason: `${tenant}-reason` })
  const run = newId(Date.now())
  await host.runs.report({ items: [{ id: run, name: `${tenant}-run`, tenant_id: tenant, state: 'running', host: `${tenant}-host`, started_at: new Date().toISOString(), correlation_id: correlation }] })
  const token = await host.tokens.create({ name: `${tenant}-token`, tenant_id: tenant })
  return { tenant, waiting: waiting.id, cancelled: cancelled.id, correlation, uniqueKey, run, token: { id: token.id, name: token.name } }
}

/** `last_used_at` says that somebody called, and a nonce too. */
async function dumpOf(database: Database): Promise<string> {
  const tables = await database.query<{ name: string }>(`select relname as name from pg_class where relnamespace = 'taskflows'::regnamespace and relkind in ('r', 'p') and not relispartition and relname <> 'nonces' order by 1`)
  const texts = tables.map(async ({ name }) => {
    const [row] = await database.query<{ text: string | null }>(`select string_agg(row, e'\\n' order by row) as text from (select (to_jsonb(t) - 'last_used_at')::text as row from taskflows.${name} t) as rows`)
    return `${name}\n${row!.text ?? ''}`
  })
  return (await Promise.all(texts)).join('\n\n')
}
