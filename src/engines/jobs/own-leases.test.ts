/** `completeInTransaction`, on a real database: what commits counts, once, and nothing else does. */
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { systemClock } from '../../kernel/clock.ts'
import { ConnectionLost, type Database } from '../../kernel/database/database.ts'
import { newId } from '../../kernel/ids.ts'
import type { Lifecycle } from '../../kernel/lifecycle.ts'
import { everyTenant } from '../../kernel/scope.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { type JobStore, createJobStore, plainWorker, tester } from '../../testing/job-store.ts'
import { createTestDatabase } from '../../testing/test-database.ts'
import { type AnyFunction, definitionOf, task } from '../tasks/index.ts'
import type { JobContext } from './attempt.ts'
import { type FromKeeper, createLeaseKeeper } from './lease-keeper.ts'
import { runRescue } from './rescuer.ts'
import { createScheduler } from './scheduler.ts'
import { type AttemptReport, createWorker } from './worker.ts'

let store: JobStore
let pool: pg.Pool
let scheduler: Lifecycle
beforeAll(async () => {
  store = await createJobStore(inject('postgresUrl'))
  pool = new pg.Pool({ connectionString: store.url, max: 60 })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  await pool.query('create table effects (job_id uuid not null, note text not null)')
  scheduler = createScheduler({ database: store.database, clock: systemClock, onError: () => {} })
  await scheduler.start()
})
afterAll(async () => {
  await scheduler.stop()
  await pool.end()
  await store[Symbol.asyncDispose]()
})

let stopped: (() => Promise<void>)[] = []
beforeEach(() => { stopped = [] })
afterEach(async () => { for (const stop of stopped) await stop() })

let made = 0

interface WorkingOptions {
  readonly concurrency?: number
  readonly database?: Database
  readonly timeout?: number
  readonly retries?: number
}

/** A worker on a queue of its own. */
async function working(fn: AnyFunction, { concurrency = 10, database = store.database, ...options }: WorkingOptions = {}) {
  const id = newId(store.time.now())
  const queue = `own-${(made += 1)}`
  const [reports, errors]: [AttemptReport[], unknown[]] = [[], []]
  const listeners: ((message: FromKeeper) => void)[] = []
  const keeperClock = new FakeClock(Date.now())
  const pulse = { turned: Infinity, deadline: 0 }
  const keeper = createLeaseKeeper({ database: store.database, clock: keeperClock, worker: id, pulse, tell: (message) => listeners.forEach((listener) => listener(message)) })
  const { retries = 0, ...rest } = options
  const definition = definitionOf(task(fn, { name: 'work', retries: { maxAttempts: retries + 1, baseDelaySeconds: 0 }, ...rest }))
  const worker = createWorker({
    id, name: `worker-${made}`, queues: [queue], concurrency, database, hot: store.hot, clock: systemClock, time: store.time, random: () => 0, graceMs: 1_000,
    tasks: new Map([['work', definition]]), keeper: { pulse, tell: keeper.hear, onMessage: (listener) => { listeners.push(listener) } },
    onAttempt: (report) => reports.push(report), onError: (error) => errors.push(error),
  })
  await worker.start()
  stopped.push(() => worker.stop())
  const asleep = () => vi.waitFor(() => expect(keeperClock.sleeping).toBe(1), { timeout: 10_000, interval: 5 })
  /** The keeper's next beat, and what it brought. */
  const beat = async () => {
    await asleep()
    await keeperClock.advance(2_500)
    await asleep()
  }
  return { id, queue, worker, reports, errors, beat, add: (payload: unknown = {}) => store.add({ queue, payload }) }
}

const soon = { timeout: 10_000, interval: 20 }
const until = (id: string, state: string) => vi.waitFor(async () => {
  const job = await store.get(id)
  expect(job.state).toBe(state)
  return job
}, { timeout: 10_000, interval: 20 })
const outcomesOf = async (id: string) => (await store.jobs.attempts(everyTenant, id)).map(({ outcome }) => outcome)
const effectsOf = async (id: string) => (await pool.query<{ note: string }>('select note from effects where job_id = $1', [id])).rows.map(({ note }) => note)
const write = (client: pg.ClientBase, { job }: JobContext, note = `attempt ${job.attempt}`) => client.query('insert into effects values ($1, $2)', [job.id, note])

/** A transaction that writes an effect, completes the job, and then does what the test says. */
async function inTransaction(context: JobContext, last: (client: pg.PoolClient) => Promise<unknown> = (client) => client.query('commit'), result?: unknown): Promise<void> {
  const client = await pool.connect()
  let broken = true
  try {
    await client.query('begin')
    await write(client, context)
    await context.completeInTransaction(client, result)
    await last(client)
    broken = false
  } catch (error) {
    await client.query('rollback').then(() => { broken = false }, () => {})
    throw error
  } finally {
    client.release(broken)
  }
}

describe('an attempt that is completed in a transaction', () => {
  test('has succeeded with its effects, with the result that was given, once it commits', async () => {
    const { add, reports, errors } = await working(async (_: unknown, context: JobContext) => {
      await inTransaction(context, undefined, { sum: 3 })
      return 'ignored'
    })
    const id = await add()
    expect(await until(id, 'SUCCEEDED')).toMatchObject({ result: '{"sum":3}', attempts: 1, lockedBy: null })
    expect(await effectsOf(id)).toEqual(['attempt 1'])
    await vi.waitFor(() => expect(reports).toMatchObject([{ id, outcome: 'succeeded', attempt: 1, error: null }]), soon)
    expect((await store.events.list(everyTenant, { limit: 100, subject: id })).items.map(({ type }) => type)).toEqual(['job.added', 'job.succeeded'])
    expect(errors).toEqual([])
    await vi.waitFor(async () => expect(await store.rowsLeft()).toMatchObject({ leases: 0 }), soon)
  })

  test('has succeeded although its handler throws afterwards, and the error is told', async () => {
    const { add, reports, errors } = await working(async (_: unknown, context: JobContext) => {
      await inTransaction(context)
      throw new RangeError('too late')
    })
    const id = await add()
    await until(id, 'SUCCEEDED')
    await vi.waitFor(() => expect(reports).toMatchObject([{ outcome: 'succeeded' }]), soon)
    expect(errors).toMatchObject([{ message: expect.stringMatching(/succeeded in its transaction; after that its handler failed: RangeError: too late/) }])
  })

  test('that is rolled back has failed, leaves nothing, and is tried again', async () => {
    const { add, reports } = await working(async (_: unknown, context: JobContext) => {
      await inTransaction(context, (client) => client.query(context.job.attempt === 1 ? 'rollback' : 'commit'))
    }, { retries: 1 })
    const id = await add()
    expect(await until(id, 'SUCCEEDED')).toMatchObject({ attempts: 2, lastErrorType: 'TransactionNotCommitted' })
    expect(await outcomesOf(id)).toEqual(['failed', 'succeeded'])
    expect(await effectsOf(id)).toEqual(['attempt 2'])
    await vi.waitFor(() => expect(reports).toMatchObject([{ outcome: 'retried', error: expect.stringMatching(/^TransactionNotCommitted: /) }, { outcome: 'succeeded' }]), soon)
  })

  test('that is rolled back by an error has failed with that error', async () => {
    const { add } = await working((_: unknown, context: JobContext) => inTransaction(context, (client) => client.query('select 1/0')))
    expect(await until(await add(), 'DEAD')).toMatchObject({ lastErrorMessage: 'division by zero', attempts: 1 })
  })

  test('may be completed in a second transaction after the first was rolled back, and not in a third', async () => {
    const refused = Promise.withResolvers<unknown>()
    const { add, errors } = await working(async (_: unknown, context: JobContext) => {
      await inTransaction(context, (client) => client.query('rollback'))
      await inTransaction(context)
      await inTransaction(context).catch(refused.resolve)
    })
    const id = await add()
    await until(id, 'SUCCEEDED')
    expect(await refused.promise).toMatchObject({ code: 'job.invalid_transition', message: expect.stringMatching(/completed in an earlier transaction/) })
    expect(await effectsOf(id)).toEqual(['attempt 1'])
    expect(errors).toEqual([])
  })

  test('may be completed although the database could not be reached at first', async () => {
    let broken = 0
    const database: Database = { ...store.database, query: async (statement, values) => {
      if (typeof statement === 'object' && statement.name === 'take-own-lease' && (broken += 1) === 1) throw new ConnectionLost('cut', false, undefined)
      return store.database.query(statement, values) as never
    } }
    const { add, errors } = await working((_: unknown, context: JobContext) => inTransaction(context).catch(() => inTransaction(context)), { database })
    const id = await add()
    expect(await until(id, 'SUCCEEDED')).toMatchObject({ attempts: 1 })
    expect(await effectsOf(id)).toEqual(['attempt 1'])
    expect([broken, errors]).toEqual([2, []])
  })

  test('by a client without a transaction is completed at once', async () => {
    const { add } = await working(async (_: unknown, context: JobContext) => {
      const client = await pool.connect()
      await context.completeInTransaction(client).finally(() => client.release())
    })
    expect(await until(await add(), 'SUCCEEDED')).toMatchObject({ result: null })
  })

  test('works under SERIALIZABLE when it comes first, and says so when it does not', async () => {
    const seen: string[] = []
    const { add } = await working(async (first: boolean, context: JobContext) => {
      const client = await pool.connect()
      try {
        await client.query('begin isolation level serializable')
        if (!first) await write(client, context)
        await context.completeInTransaction(client)
        await write(client, context)
        await client.query('commit')
      } catch (error) {
        seen.push((error as Error).message)
        await client.query('rollback')
        throw error
      } finally {
        client.release()
      }
    })
    const id = await add(true)
    await until(id, 'SUCCEEDED')
    expect(await effectsOf(id)).toEqual(['attempt 1'])
    await until(await add(false), 'DEAD')
    expect(seen).toEqual([expect.stringMatching(/SERIALIZABLE must call completeInTransaction first/)])
  })

  test('through a client of another database is refused', async () => {
    await using other = await createTestDatabase(inject('postgresUrl'))
    const { add } = await working(async (_: unknown, context: JobContext) => {
      const client = new pg.Client({ connectionString: other.url })
      await client.connect()
      await context.completeInTransaction(client).finally(() => client.end())
    })
    expect(await until(await add(), 'DEAD')).toMatchObject({ lastErrorType: 'TypeError', lastErrorMessage: expect.stringMatching(/connected to another database/) })
  })

  test('tells the jobs that wait for it', async () => {
    const { queue, add } = await working((_: unknown, context: JobContext) => inTransaction(context))
    const gate = await store.add({ queue: 'elsewhere' })
    const parent = await store.add({ queue, after: [gate] })
    const child = await store.add({ queue, after: [parent] })
    expect((await store.get(child)).state).toBe('SCHEDULED')
    await store.jobs.cancel(everyTenant, gate, { by: tester })
    await until(child, 'CANCELLED')
    const real = await add()
    await until(await store.add({ queue, after: [real] }), 'SUCCEEDED')
  })
})

describe('a handler that returns while its transaction is open', () => {
  /** Resolves with the client once the handler has returned. */
  async function returning(options: WorkingOptions = {}) {
    const given = Promise.withResolvers<pg.PoolClient>()
    const subject = await working(async (_: unknown, context: JobContext) => {
      if (context.job.attempt > 1) return inTransaction(context)
      const client = await pool.connect()
      try {
        await client.query('begin')
        await write(client, context)
        await context.completeInTransaction(client)
        given.resolve(client)
      } catch (error) {
        client.release(true)
        given.reject(error)
      }
      if (options.timeout) await new Promise(() => {})
      return undefined
    }, { retries: 1, ...options })
    const id = await subject.add()
    const client = await given.promise
    const end = async (how: 'commit' | 'rollback') => {
      await client.query(how)
      client.release()
    }
    return { ...subject, id, end }
  }

  test('has succeeded when it commits in the end', async () => {
    const { id, end, reports } = await returning()
    await systemClock.sleep(100)
    expect(reports).toEqual([])
    expect((await store.get(id)).state).toBe('RUNNING')
    await end('commit')
    await until(id, 'SUCCEEDED')
    await vi.waitFor(() => expect(reports).toMatchObject([{ outcome: 'succeeded' }]), soon)
    expect(await outcomesOf(id)).toEqual(['succeeded'])
  })

  test('has failed when it is rolled back in the end', async () => {
    const { id, end } = await returning()
    await end('rollback')
    await until(id, 'SUCCEEDED')
    expect(await outcomesOf(id)).toEqual(['failed', 'succeeded'])
    expect(await effectsOf(id)).toEqual(['attempt 2'])
  })

  test('keeps no other job of its batch waiting', async () => {
    const given = Promise.withResolvers<pg.PoolClient>()
    const { queue } = await working(async (n: number, context: JobContext) => {
      if (n > 0) return n
      const client = await pool.connect()
      await client.query('begin')
      await context.completeInTransaction(client)
      given.resolve(client)
      return new Promise(() => {})
    })
    const { ids } = await store.jobs.addMany(everyTenant, Array.from({ length: 50 }, (_, n) => ({ name: 'work', queue, payload: n })), tester)
    for (const id of ids.slice(1)) await until(id, 'SUCCEEDED')
    const client = await given.promise
    await client.query('commit')
    client.release()
    expect((await store.get(ids[0]!)).state).toBe('SUCCEEDED')
  })

  test('is not timed out once it has asked to commit: whoever commits first wins', async () => {
    for (const how of ['commit', 'rollback'] as const) {
      const { id, end, reports } = await returning({ timeout: 1 })
      await systemClock.sleep(1_200)
      expect(reports).toEqual([])
      await end(how)
      await until(id, 'SUCCEEDED')
      expect(await outcomesOf(id)).toEqual(how === 'commit' ? ['succeeded'] : ['timed_out', 'succeeded'])
    }
  })

  test('is cancelled only if it does not commit', async () => {
    for (const how of ['commit', 'rollback'] as const) {
      const { id, end } = await returning()
      const cancelled = store.jobs.cancel(everyTenant, id, { by: tester }).then(() => 'cancelled', (error: { code: string }) => error.code)
      await systemClock.sleep(50)
      await end(how)
      if (how === 'commit') expect(await cancelled).toBe('job.invalid_transition')
      await vi.waitFor(async () => expect((await store.get(id)).state).toMatch(how === 'commit' ? 'SUCCEEDED' : /CANCELLED|SUCCEEDED/), soon)
      await cancelled
    }
  })

  test('does not delay the stop of its worker for long, and its job is not lost', async () => {
    const { id, end, worker } = await returning()
    const begun = Date.now()
    await worker.stop()
    expect(Date.now() - begun).toBeLessThan(5_000)
    await end('rollback')
    await store.expireLeases()
    await runRescue(store.database)
    expect(await outcomesOf(id)).toEqual(['lost'])
  })
})

test('the SQL function ends what holds its lease alone, and neither what was cancelled nor what is gone', async () => {
  const complete = async (lease: string) => (await pool.query<{ verdict: string }>('select taskflows.complete_attempt($1, now(), null) as verdict', [lease])).rows[0]!.verdict
  const { claim } = plainWorker(store)
  for (const [queue, cancelled] of [['plain', false], ['gone', true]] as const) {
    const id = await store.add({ queue })
    const [claimed] = await claim(1, { queue })
    if (cancelled) await store.jobs.cancel(everyTenant, id, { by: tester })
    expect(await complete(claimed!.lease.id)).toBe(cancelled ? 'cancelled' : 'done')
    expect(await complete(claimed!.lease.id)).toBe(cancelled ? 'cancelled' : 'missing')
    expect(await outcomesOf(id)).toEqual([cancelled ? 'cancelled' : 'succeeded'])
  }
  await pool.query('delete from taskflows.leases')
})

describe('an attempt that was', () => {
  test('cancelled before cannot be completed', async () => {
    const told = Promise.withResolvers<unknown>()
    const { add } = await working(async (_: unknown, context: JobContext) => {
      await store.jobs.cancel(everyTenant, context.job.id, { by: tester })
      await inTransaction(context).catch(told.resolve)
    })
    const id = await add()
    expect(await told.promise).toMatchObject({ name: 'AttemptStopped', why: 'cancelled' })
    expect(await effectsOf(id)).toEqual([])
    expect(await outcomesOf(id)).toEqual(['cancelled'])
    await vi.waitFor(async () => expect(await store.rowsLeft()).toMatchObject({ leases: 0 }), soon)
  })

  test('cancelled between two transactions cannot be completed in the second', async () => {
    const told = Promise.withResolvers<unknown>()
    const { add, reports } = await working(async (_: unknown, context: JobContext) => {
      await inTransaction(context, (client) => client.query('rollback'))
      await store.jobs.cancel(everyTenant, context.job.id, { by: tester })
      await inTransaction(context).catch(told.resolve)
    })
    const id = await add()
    expect(await told.promise).toMatchObject({ name: 'AttemptStopped', why: 'cancelled' })
    expect(await effectsOf(id)).toEqual([])
    await vi.waitFor(() => expect(reports).toMatchObject([{ outcome: 'cancelled' }]), soon)
    expect(await outcomesOf(id)).toEqual(['cancelled'])
    await vi.waitFor(async () => expect(await store.rowsLeft()).toMatchObject({ leases: 0 }), soon)
  })

  test('lost cannot be completed, and its handler is told at the next beat', async () => {
    const told = Promise.withResolvers<unknown>()
    const aborted = Promise.withResolvers<unknown>()
    const subject = await working(async (_: unknown, context: JobContext) => {
      if (context.job.attempt > 1) return
      await inTransaction(context, (client) => client.query('rollback'))
      context.signal.addEventListener('abort', () => aborted.resolve(context.signal.reason))
      await store.expireLeases()
      await runRescue(store.database)
      await inTransaction(context).catch(told.resolve)
      await subject.beat()
      await aborted.promise
    }, { retries: 1 })
    const id = await subject.add()
    expect(await told.promise).toMatchObject({ name: 'AttemptStopped', why: 'lease_lost' })
    expect(await aborted.promise).toMatchObject({ why: 'lease_lost' })
    await until(id, 'SUCCEEDED')
    expect(await effectsOf(id)).toEqual([])
    expect(await outcomesOf(id)).toEqual(['lost', 'succeeded'])
    await vi.waitFor(() => expect(subject.reports.map(({ outcome }) => outcome).toSorted()).toEqual(['lease_lost', 'succeeded']), soon)
  })

  test('completed is not taken for lost by a beat that comes before its handler returns', async () => {
    const subject = await working(async (_: unknown, context: JobContext) => {
      await inTransaction(context)
      await subject.beat()
      await systemClock.sleep(50)
      expect(context.signal.aborted).toBe(false)
    })
    await until(await subject.add(), 'SUCCEEDED')
    await vi.waitFor(() => expect(subject.reports).toMatchObject([{ outcome: 'succeeded' }]), soon)
    expect(subject.errors).toEqual([])
  })
})

test('two hundred handlers that commit, roll back, throw, lose their connection or return too early: effects and jobs agree exactly', async () => {
  const dice = (id: string, attempt: number) => Number.parseInt(id.slice(-4), 16) * attempt % 7
  const { queue, worker } = await working(async (_: unknown, context: JobContext) => {
    const how = context.job.attempt > 3 ? 0 : dice(context.job.id, context.job.attempt)
    if (how < 3) return inTransaction(context)
    if (how === 3) return inTransaction(context, (client) => client.query('rollback'))
    if (how === 4) return inTransaction(context, async () => { throw new Error('changed my mind') })
    // At COMMIT, so that nobody knows.
    if (how === 5) return inTransaction(context, (client) => Promise.all([client.query('commit'), pool.query('select pg_terminate_backend($1)', [(client as unknown as { processID: number }).processID])]))
    const completed = Promise.withResolvers<void>()
    const late = inTransaction(context, async (client) => {
      completed.resolve()
      await systemClock.sleep(30)
      await client.query('commit')
    })
    late.catch(completed.reject)
    return completed.promise
  }, { concurrency: 40, retries: 9 })
  const { ids } = await store.jobs.addMany(everyTenant, Array.from({ length: 200 }, (_, n) => ({ name: 'work', queue, payload: n })), tester)
  await vi.waitFor(async () => {
    const { rows: [row] } = await pool.query<{ done: string }>(`select count(*) as done from taskflows.attempts where job_id = any($1::uuid[]) and final = 'SUCCEEDED'`, [ids])
    expect(row!.done).toBe('200')
  }, { timeout: 25_000, interval: 50 })
  await worker.stop()
  const { rows } = await pool.query<{ id: string; effects: number; successes: number; same: boolean }>(`
    select a.job_id as id, count(distinct e.ctid)::int as effects, count(distinct a.attempt)::int as successes, bool_and(e.note = 'attempt ' || a.attempt) as same
    from taskflows.attempts a left join effects e on e.job_id = a.job_id where a.job_id = any($1::uuid[]) and a.outcome = 'succeeded' group by a.job_id`, [ids])
  expect(rows).toHaveLength(200)
  expect(rows.filter(({ effects, successes, same }) => effects !== 1 || successes !== 1 || !same)).toEqual([])
  expect(await store.rowsLeft()).toMatchObject({ leases: 0, held: 0 })
}, 40_000)
