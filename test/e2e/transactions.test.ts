/** Transactions of users' own, with the programs around them killed and their connections cut. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { openLocal } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { enqueue } from '../../src/index.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { startTf } from '../machine/crash/program.ts'
import { bareEnvironment } from '../testbed/bare-environment.ts'

const tasks = join(import.meta.dirname, 'transactions/tasks.ts')
const order = join(import.meta.dirname, 'transactions/order.ts')

describe.concurrent('a job in a transaction of the user\'s own', { timeout: 60_000 }, () => {
  test('whose program is killed before the commit never was; after the commit it runs, once', async () => {
    await using site = await openSite()
    const [doomed, lucky] = [site.startOrder('wait'), site.startOrder('commit')]
    await doomed.saw(/^enqueued/)
    await lucky.saw(/^committed/)
    for (const { child } of [doomed, lucky]) {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
    await site.startWorker()
    const [committed] = await site.rows<{ id: number }>('select id from orders')
    const { items } = await site.jobsOf('pay')
    expect(items).toMatchObject([{ correlation_id: `order-${committed!.id}` }])
    expect(await site.untilEnded(items[0]!.id)).toMatchObject({ state: 'SUCCEEDED', attempts: 1 })
    expect(await site.effects(items[0]!.id)).toEqual([1])
  })

  test('whose connection is cut at COMMIT exists exactly if what was committed with it does', async () => {
    await using site = await openSite()
    await using killer = await site.connect()
    let survivors = 0
    for (let round = 0; round < 60; round += 1) {
      await using client = await site.connect()
      await client.query('begin')
      const { rows: [made] } = await client.query<{ id: number }>('insert into orders default values returning id')
      await enqueue(client, 'cut', {}, { correlationId: `order-${made!.id}` })
      const cut = () => killer.query('select pg_terminate_backend($1)', [client.pid])
      const [committed] = await Promise.allSettled(round % 2 ? [client.query('commit'), cut()] : [pause(0).then(() => client.query('commit')), cut()])
      survivors += committed.status === 'fulfilled' ? 1 : 0
    }
    const orders = await site.rows<{ id: number }>('select id from orders order by id')
    const jobs = await site.rows<{ correlation_id: string }>(`select correlation_id from taskflows.jobs where name = 'cut' order by id`)
    expect(jobs.map(({ correlation_id }) => correlation_id)).toEqual(orders.map(({ id }) => `order-${id}`))
    expect(orders.length).toBeGreaterThanOrEqual(survivors)
    expect(orders.length).toBeLessThan(60)
  })
})

describe.concurrent('a job that is completed in a transaction of its handler', { timeout: 60_000 }, () => {
  test('and whose worker is killed before the commit runs again, and has its effects once', async () => {
    await using site = await openSite()
    const doomed = await site.startWorker()
    const { id } = await site.add({ hang: 'before' })
    await doomed.saw(new RegExp(`^before ${id} 1`))
    doomed.signal('SIGKILL')
    await site.startWorker()
    expect(await site.untilEnded(id)).toMatchObject({ state: 'SUCCEEDED', attempts: 2 })
    expect(await site.effects(id)).toEqual([2])
    expect(await site.outcomes(id)).toEqual(['lost', 'succeeded'])
  })

  test('and whose worker is killed between the commit and its report has succeeded, and never runs again', async () => {
    await using site = await openSite()
    const doomed = await site.startWorker()
    const { id } = await site.add({ hang: 'after' })
    await doomed.saw(new RegExp(`^after ${id} 1`))
    doomed.signal('SIGKILL')
    await site.startWorker()
    expect(await site.untilEnded(id)).toMatchObject({ state: 'SUCCEEDED', attempts: 1 })
    // What the dead worker held is taken back at once, and that is not the job.
    await site.rows('update taskflows.leases set expires_at = now()')
    await site.untilNone('select from taskflows.leases')
    expect(await site.effects(id)).toEqual([1])
    expect(await site.outcomes(id)).toEqual(['succeeded'])
  })

  test('by a role that may execute the function and write its own table, and nothing else', async () => {
    await using site = await openSite()
    const role = `app_${process.pid}_${Date.now()}`
    await site.rows(`create role ${role} login password 'x'`)
    await site.rows(`grant usage on schema taskflows to ${role}; grant execute on function taskflows.complete_attempt to ${role}; grant insert on effects to ${role}`)
    const url = Object.assign(new URL(site.url), { username: role, password: 'x' }).toString()
    // Only the tasks' own connections: the worker's keep the rights they need.
    await site.startWorker({ APP_DATABASE_URL: url })
    const { id } = await site.add({})
    expect(await site.untilEnded(id)).toMatchObject({ state: 'SUCCEEDED', attempts: 1 })
    expect(await site.effects(id)).toEqual([1])
    await site.rows(`drop owned by ${role}; drop role ${role}`)
  })
})

async function openSite() {
  const stack = new AsyncDisposableStack()
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'tf-transactions-')))
  stack.defer(() => rmSync(home, { recursive: true }))
  const { url } = stack.use(await createTestDatabase(inject('postgresUrl')))
  const { client: api, close } = await openLocal(readConfig({ home, databaseUrl: url }, {}))
  stack.defer(close)
  const connect = async () => {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    await client.connect()
    return Object.assign(client, { pid: (client as unknown as { processID: number }).processID, [Symbol.asyncDispose]: () => client.end().catch(() => {}) })
  }
  const own = stack.use(await connect())
  await own.query('create table effects (job_id uuid, attempt integer); create table orders (id serial)')
  const rows = async <R extends pg.QueryResultRow>(text: string, values: unknown[] = []) => (await own.query<R>(text, values)).rows
  // The first job makes the partitions.
  await api.jobs.add({ name: 'first' })
  return {
    url, connect, rows,
    add: (payload: unknown) => api.jobs.add({ name: 'pay', payload }),
    jobsOf: (name: string) => api.jobs.list({ name }),
    effects: async (id: string) => (await rows<{ attempt: number }>('select attempt from effects where job_id = $1', [id])).map(({ attempt }) => attempt),
    outcomes: async (id: string) => (await api.jobs.attempts({ id })).items.map(({ outcome }) => outcome),
    untilEnded: async (id: string) => {
      for (;;) {
        const job = await api.jobs.get({ id })
        if (['SUCCEEDED', 'FAILED', 'DEAD', 'CANCELLED'].includes(job.state)) return job
        await pause(50)
      }
    },
    untilNone: async (query: string) => { while ((await rows(query)).length > 0) await pause(50) },
    startWorker: async (env: Readonly<Record<string, string>> = {}) => {
      const worker = stack.use(startTf(['worker', tasks], { home, databaseUrl: url, env }))
      await worker.saw(/^worker .* runs /)
      return worker
    },
    startOrder: (how: 'commit' | 'wait') => {
      const child = spawn(process.execPath, ['--conditions=source', order, how], { env: { ...bareEnvironment, TASKFLOWS_DATABASE_URL: url }, stdio: ['ignore', 'pipe', 'inherit'] })
      stack.defer(() => { child.kill('SIGKILL') })
      return { child, saw: (pattern: RegExp) => untilSaid(child, pattern) }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function untilSaid(child: ChildProcess, pattern: RegExp): Promise<void> {
  for await (const line of createInterface({ input: child.stdout! })) if (pattern.test(line)) return
  throw new Error(`the program ended without ${String(pattern)}`)
}
