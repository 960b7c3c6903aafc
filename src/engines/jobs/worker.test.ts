import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { systemClock } from '../../kernel/clock.ts'
import { ConnectionLost, type Database, type Statement } from '../../kernel/database/database.ts'
import { newId } from '../../kernel/ids.ts'
import type { Lifecycle } from '../../kernel/lifecycle.ts'
import { everyTenant } from '../../kernel/scope.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { type JobStore, createJobStore, tester } from '../../testing/job-store.ts'
import { testLifecycle } from '../../testing/lifecycle-suite.ts'
import { type AnyFunction, NonRetryableError, type Task, type TaskOptions, definitionOf, task } from '../tasks/index.ts'
import type { JobContext } from './attempt.ts'
import { type FromKeeper, createLeaseKeeper } from './lease-keeper.ts'
import { runRescue } from './rescuer.ts'
import { createScheduler } from './scheduler.ts'
import { type AttemptReport, type WorkerOptions, createWorker } from './worker.ts'

let store: JobStore
let scheduler: Lifecycle
beforeAll(async () => {
  store = await createJobStore(inject('postgresUrl'))
  scheduler = createScheduler({ database: store.database, clock: systemClock, onError: () => {} })
  await scheduler.start()
})
afterAll(async () => {
  await scheduler.stop()
  await store[Symbol.asyncDispose]()
})

const running: { worker: Lifecycle; release: () => void }[] = []
afterEach(async () => {
  for (const { worker, release } of running.splice(0)) {
    release()
    await worker.stop()
  }
})

let made = 0

/** A worker on a queue of its own, and what it tells. */
function subject(tasks: readonly Task[], options: Partial<WorkerOptions> = {}) {
  const id = newId(store.time.now())
  const queue = `queue-${(made += 1)}`
  const reports: AttemptReport[] = []
  const errors: unknown[] = []
  const listeners: ((message: FromKeeper) => void)[] = []
  const keeperClock = new FakeClock(Date.now())
  const pulse = { turned: 0, deadline: 0 }
  let answered: Promise<unknown> = Promise.resolve()
  const keeping: Database = { ...store.database, query: (statement, values) => (answered = store.database.query(statement, values)) as never }
  const keeper = createLeaseKeeper({ database: keeping, clock: keeperClock, worker: id, pulse, tell: (message) => listeners.forEach((listener) => listener(message)) })
  const worker = createWorker({
    id, name: `worker-${made}`, queues: [queue], concurrency: 10, database: store.database, hot: store.hot, clock: systemClock, time: store.time, random: () => 0, graceMs: 2_000,
    tasks: new Map(tasks.map((value) => [definitionOf(value).name, definitionOf(value)])),
    keeper: { pulse, tell: keeper.hear, onMessage: (listener) => { listeners.push(listener) } },
    onAttempt: (report) => reports.push(report),
    onError: (error) => errors.push(error),
    ...options,
  })
  const gate = Promise.withResolvers<void>()
  running.push({ worker, release: gate.resolve })
  return {
    id, queue, worker, reports, errors, gate,
    /** The keeper's next beat. Resolves when the worker has heard what it brought. */
    beat: async () => {
      await keeperClock.advance(2_500)
      await answered
      await new Promise(setImmediate)
    },
    add: (job: Parameters<JobStore['add']>[0] = {}) => store.add({ queue, ...job }),
    addMany: async (count: number, name = 'work') => (await store.jobs.addMany(everyTenant, Array.from({ length: count }, (_, n) => ({ name, queue, payload: n })), tester)).ids,
  }
}

/** A task called `work` that is tried again at once, as often as is said. */
const working = (fn: AnyFunction, { name = 'work', retries = 0, ...options }: Omit<TaskOptions, 'retries'> & { readonly retries?: number } = {}) =>
  task(fn, { name, retries: { maxAttempts: retries + 1, baseDelaySeconds: 0 }, ...options })

const soon = { timeout: 10_000, interval: 20 }
const until = (id: string, state: string) => vi.waitFor(async () => {
  const job = await store.get(id)
  expect(job.state).toBe(state)
  return job
}, { timeout: 8_000, interval: 20 })
const allSucceeded = (ids: readonly string[]) => vi.waitFor(async () => {
  const [row] = await store.database.query<{ count: number }>(`select count(*) as count from taskflows.attempts where job_id = any($1::uuid[]) and final = 'SUCCEEDED'`, [ids])
  expect(row!.count).toBe(ids.length)
}, { timeout: 12_000, interval: 20 })
const outcomesOf = async (id: string) => (await store.jobs.attempts(everyTenant, id)).map(({ outcome }) => outcome)

describe('lifecycle', () => {
  testLifecycle(() => subject([working(() => 1)]).worker)
})

describe('a job', () => {
  test('succeeds with the result of its handler', async () => {
    const { worker, add, reports } = subject([working(({ n }: { n: number }) => ({ twice: n * 2 }))])
    await worker.start()
    const id = await add({ payload: { n: 21 } })
    expect(await until(id, 'SUCCEEDED')).toMatchObject({ result: '{"twice":42}', attempts: 1, lockedBy: null })
    await vi.waitFor(() => expect(reports).toMatchObject([{ id, outcome: 'succeeded', attempt: 1, error: null }]), soon)
  })

  test('with a payload too long for the claimable row arrives whole', async () => {
    const { worker, add } = subject([working((text: string) => text.length)])
    await worker.start()
    expect(await until(await add({ payload: 'ä'.repeat(200_000) }), 'SUCCEEDED')).toMatchObject({ result: '200000' })
  })

  test('is tried again and succeeds', async () => {
    const { worker, add, reports } = subject([working((_: unknown, { job }: JobContext) => {
      if (job.attempt < 3) throw new Error(`try ${job.attempt}`)
      return job.attempt
    }, { retries: 2 })])
    await worker.start()
    const id = await add()
    expect(await until(id, 'SUCCEEDED')).toMatchObject({ result: '3', attempts: 3, lastErrorMessage: 'try 2' })
    expect(await outcomesOf(id)).toEqual(['failed', 'failed', 'succeeded'])
    await vi.waitFor(() => expect(reports.map(({ outcome }) => outcome)).toEqual(['retried', 'retried', 'succeeded']), soon)
  })

  test('is DEAD when its budget is spent, its own budget before that of its task', async () => {
    const { worker, add } = subject([working(() => { throw new Error('always') }, { retries: 9 })])
    await worker.start()
    expect(await until(await add({ policy: { maxAttempts: 2 } }), 'DEAD')).toMatchObject({ attempts: 2, lastErrorType: 'Error', lastErrorMessage: 'always', maxAttempts: 2 })
  })

  test('is FAILED at once when the error or the task says that another try cannot help', async () => {
    const refuse = working(() => { throw new NonRetryableError('no such file') }, { retries: 5 })
    const fussy = task(() => { throw new RangeError('404') }, { name: 'fussy', retries: { retryIf: (error) => !(error instanceof RangeError) } })
    const { worker, add } = subject([refuse, fussy])
    await worker.start()
    expect(await until(await add(), 'FAILED')).toMatchObject({ attempts: 1, lastErrorType: 'NonRetryableError', backoffDecision: 'the error is not retryable' })
    expect(await until(await add({ name: 'fussy' }), 'FAILED')).toMatchObject({ attempts: 1 })
  })

  test('that takes longer than its time-out is told, and the attempt counts', async () => {
    const reasons: unknown[] = []
    const { worker, add } = subject([working((_: unknown, { signal }: JobContext) => new Promise(() => signal.addEventListener('abort', () => reasons.push(signal.reason))), { timeout: '50ms' })])
    await worker.start()
    const id = await add()
    expect(await until(id, 'DEAD')).toMatchObject({ lastErrorType: 'Timeout' })
    expect(await outcomesOf(id)).toEqual(['timed_out'])
    expect(reasons).toMatchObject([{ why: 'timeout' }])
  })

  test('of a name that nobody here knows stays for others', async () => {
    const { worker, add, queue } = subject([working(() => 1)])
    const strange = await add({ name: 'strange' })
    await worker.start()
    await until(await add(), 'SUCCEEDED')
    expect((await store.get(strange)).state).toBe('PENDING')
    expect(await store.database.query('select count(*) as count from taskflows.ready where queue = $1', [queue])).toEqual([{ count: 1 }])
  })

  test('in a queue that did not exist when the worker started is found by a worker for all queues', async () => {
    const { worker } = subject([working(() => 1, { name: 'everywhere' })], { queues: 'all' })
    await worker.start()
    for (const queue of ['new-one', 'new-two']) await until(await store.add({ name: 'everywhere', queue }), 'SUCCEEDED')
  })
})

describe('many jobs', () => {
  test('all run, never more at a time than there are slots', async () => {
    let [now, most] = [0, 0]
    const { worker, addMany } = subject([working(async () => {
      most = Math.max(most, (now += 1))
      await systemClock.sleep(1)
      now -= 1
    })], { concurrency: 7 })
    const ids = await addMany(400)
    await worker.start()
    await allSucceeded(ids)
    expect(most).toBe(7)
  })

  test('run once each on three workers', async () => {
    const runs = new Map<string, number>()
    const count = (_: unknown, { job }: JobContext) => { runs.set(job.id, (runs.get(job.id) ?? 0) + 1) }
    const first = subject([working(count)])
    const others = [subject([working(count)], { queues: [first.queue] }), subject([working(count)], { queues: [first.queue] })]
    const ids = await first.addMany(1_500)
    await Promise.all([first, ...others].map(({ worker }) => worker.start()))
    await allSucceeded(ids)
    expect(runs.size).toBe(1_500)
    expect([...runs.values()].every((times) => times === 1)).toBe(true)
    expect([first, ...others].flatMap(({ errors }) => errors)).toEqual([])
  })
})

describe('a cancel', () => {
  test('reaches the handler that runs, at once', async () => {
    const aborted = Promise.withResolvers<unknown>()
    const started = Promise.withResolvers<void>()
    const { worker, add, reports } = subject([working((_: unknown, { signal }: JobContext) => new Promise(() => {
      signal.addEventListener('abort', () => aborted.resolve(signal.reason))
      started.resolve()
    }))])
    await worker.start()
    const id = await add()
    await started.promise
    expect(await store.jobs.cancel(everyTenant, id, { by: tester })).toMatchObject({ state: 'CANCELLED' })
    expect(await aborted.promise).toMatchObject({ why: 'cancelled' })
    expect(reports).toMatchObject([{ id, outcome: 'cancelled' }])
    expect(await outcomesOf(id)).toEqual(['cancelled'])
  })

  test('keeps a claimed job that has not started from starting', async () => {
    const seen: number[] = []
    const told = Promise.withResolvers<void>()
    const database: Database = { ...store.database, query: async (statement, values) => {
      const rows = await store.database.query(statement, values)
      if (rows.length > 0 && typeof statement === 'object' && statement.name === 'cancelled-of') setImmediate(told.resolve)
      return rows as never
    } }
    const { worker, addMany, gate, queue } = subject([working(async (n: number) => {
      seen.push(n)
      await gate.promise
    }), task(() => 1, { name: 'quick' })], { concurrency: 1, database })
    await worker.start()
    // A worker claims ahead once it has seen how fast it is.
    await allSucceeded(await addMany(300, 'quick'))
    const ids = await addMany(4)
    await vi.waitFor(async () => expect(await store.database.query('select count(*) as count from taskflows.ready where queue = $1', [queue])).toEqual([{ count: 0 }]), soon)
    await store.jobs.cancel(everyTenant, ids[2]!, { by: tester })
    await told.promise
    gate.resolve()
    await allSucceeded(ids.toSpliced(2, 1))
    expect(seen.toSorted()).toEqual([0, 1, 3])
    expect((await store.get(ids[2]!)).state).toBe('CANCELLED')
  })

  test('does not haunt a job that is retried while the old lease is still open', async () => {
    let calls = 0
    const second = Promise.withResolvers<void>()
    const { worker, addMany, beat, gate } = subject([working(async (n: number) => {
      if (n === 1) return gate.promise
      calls += 1
      await (calls === 1 ? gate.promise : second.promise)
    })])
    const [id] = await addMany(2)
    await worker.start()
    await vi.waitFor(() => expect(calls).toBe(1), soon)
    await store.jobs.cancel(everyTenant, id!, { by: tester })
    await store.jobs.retry(everyTenant, id!, { by: tester })
    await vi.waitFor(() => expect(calls).toBe(2), soon)
    await beat()
    second.resolve()
    await until(id!, 'SUCCEEDED')
    expect(await outcomesOf(id!)).toEqual(['cancelled', 'succeeded'])
  })
})

describe('a stop', () => {
  test('waits for handlers that run, and gives back what has not started, with its attempt unspent', async () => {
    const { worker, addMany, gate, queue } = subject([working(() => gate.promise), task(() => 1, { name: 'quick' })], { concurrency: 1 })
    await worker.start()
    await allSucceeded(await addMany(300, 'quick'))
    const ids = await addMany(4)
    await vi.waitFor(async () => expect(await store.database.query('select count(*) as count from taskflows.ready where queue = $1', [queue])).toEqual([{ count: 0 }]), soon)
    const stopped = worker.stop()
    await vi.waitFor(async () => expect(await store.database.query('select count(*) as count from taskflows.ready where queue = $1', [queue])).toEqual([{ count: 3 }]), soon)
    gate.resolve()
    await stopped
    expect(await Promise.all(ids.map(async (id) => (({ state, attempts }) => [state, attempts])(await store.get(id))))).toEqual([['SUCCEEDED', 1], ['PENDING', 0], ['PENDING', 0], ['PENDING', 0]])
    expect(await store.database.query('select count(*) as count from taskflows.leases where queue = $1', [queue])).toEqual([{ count: 0 }])
  })

  test('gives back what a claim brings that was under way', async () => {
    const answer = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const hot: Database = { ...store.hot, rows: async (statement, values) => {
      const rows = await store.hot.rows(statement, values)
      if (statement.name === 'claim' && rows.length > 1) {
        asked.resolve()
        await answer.promise
      }
      return rows as never
    } }
    const { worker, addMany, queue } = subject([working(() => 1)], { hot })
    const ids = await addMany(5)
    await worker.start()
    await asked.promise
    const stopped = worker.stop()
    answer.resolve()
    await stopped
    for (const id of ids) expect(await store.get(id)).toMatchObject({ state: 'PENDING', attempts: 0 })
    expect(await store.database.query('select count(*) as count from taskflows.leases where queue = $1', [queue])).toEqual([{ count: 0 }])
  })

  test('tells handlers that go on for too long, and gives back those that heed it', async () => {
    const started = Promise.withResolvers<void>()
    const { worker, add, reports } = subject([working((_: unknown, { signal }: JobContext) => new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
      started.resolve()
    }))], { graceMs: 200 })
    await worker.start()
    const id = await add()
    await started.promise
    await worker.stop()
    expect(await store.get(id)).toMatchObject({ state: 'PENDING', attempts: 0 })
    expect(reports).toEqual([])
  })

  test('is over in time although a handler never ends, and its job runs elsewhere', async () => {
    const started = Promise.withResolvers<void>()
    const { worker, add, queue } = subject([working(() => {
      started.resolve()
      return new Promise(() => {})
    })], { graceMs: 200 })
    await worker.start()
    const id = await add()
    await started.promise
    const before = Date.now()
    await worker.stop()
    expect(Date.now() - before).toBeLessThan(1_500)
    expect((await store.get(id)).state).toBe('PENDING')
    const other = subject([working(() => 'elsewhere')], { queues: [queue] })
    await other.worker.start()
    expect(await until(id, 'SUCCEEDED')).toMatchObject({ result: '"elsewhere"', attempts: 1 })
  })
})

describe('a lost lease', () => {
  test('aborts the handlers under it, and what they return no longer counts', async () => {
    const aborted = Promise.withResolvers<unknown>()
    const { worker, add, beat, errors, gate, reports } = subject([working(async (_: unknown, { signal, job }: JobContext) => {
      if (job.attempt > 1) return 'second'
      signal.addEventListener('abort', () => aborted.resolve(signal.reason))
      await gate.promise
      return 'first'
    }, { retries: 3 })])
    await worker.start()
    const id = await add()
    await vi.waitFor(async () => expect((await store.get(id)).state).toBe('RUNNING'), soon)
    await store.expireLeases()
    expect(await runRescue(store.database)).toBe(1)
    await beat()
    expect(await aborted.promise).toMatchObject({ why: 'lease_lost' })
    gate.resolve()
    expect(await until(id, 'SUCCEEDED')).toMatchObject({ result: '"second"', attempts: 2 })
    expect(await outcomesOf(id)).toEqual(['lost', 'succeeded'])
    await vi.waitFor(() => expect(reports.map(({ outcome }) => outcome).toSorted()).toEqual(['lease_lost', 'succeeded']), soon)
    expect(errors).toMatchObject([{ message: expect.stringContaining('lost 1 of its leases') }])
  })
})

describe('a connection that breaks', () => {
  /** The real connections, with one accident. */
  const accident = (real: Database, wrap: (statement: Statement | string, send: () => Promise<unknown>) => Promise<unknown>): Database => ({
    ...real,
    query: (statement, values) => wrap(statement, () => real.query(statement, values)) as never,
    rows: (statement, values) => wrap(statement, () => real.rows(statement, values)) as never,
  })
  const nameOf = (statement: Statement | string) => (typeof statement === 'string' ? statement : statement.name)

  test('after the statement was carried out: what was written is not written again, and what was claimed runs', async () => {
    let broken = 0
    const hot = accident(store.hot, async (statement, send) => {
      const rows = (await send()) as unknown[]
      // Breaks after some claims, and after some completions.
      if (['claim', 'step'].includes(nameOf(statement) ?? '') && rows.length > 1 && broken < 4) {
        broken += 1
        throw new ConnectionLost('cut', true, undefined)
      }
      return rows
    })
    const runs = new Map<string, number>()
    const { worker, addMany } = subject([working((_: unknown, { job }: JobContext) => { runs.set(job.id, (runs.get(job.id) ?? 0) + 1) })], { hot, concurrency: 5 })
    const ids = await addMany(60)
    await worker.start()
    await allSucceeded(ids)
    expect(broken).toBe(4)
    expect([...runs.values()].every((times) => times === 1)).toBe(true)
    for (const id of ids) expect(await outcomesOf(id)).toEqual(['succeeded'])
  })

  test('while the server still works on the statement, which is carried out after all: it counts once and nothing is stuck', async () => {
    let late: (() => Promise<unknown>) | undefined
    let broken = false
    const hot = accident(store.hot, async (statement, send) => {
      if (nameOf(statement) !== 'step' || broken || completed === 0) return send()
      broken = true
      late = send
      throw new ConnectionLost('cut', true, undefined)
    })
    const database = accident(store.database, async (statement, send) => {
      const rows = await send()
      // The worker has looked and not seen its ends: now they are written.
      if (nameOf(statement) === 'ended-attempts') {
        const send = late
        late = undefined
        await send?.()
      }
      return rows
    })
    let completed = 0
    const { worker, addMany, gate } = subject([working(async (n: number) => {
      if (n === 0) return (completed += 1)
      return gate.promise
    })], { hot, database })
    const ids = await addMany(2)
    await worker.start()
    await until(ids[0]!, 'SUCCEEDED')
    gate.resolve()
    await allSucceeded(ids)
    expect(broken).toBe(true)
    expect(await outcomesOf(ids[0]!)).toEqual(['succeeded'])
  })

  test('again and again loses nothing, and no end counts twice', async () => {
    const calls = new Map<string, number>()
    const { worker, addMany } = subject([working(async (_: unknown, { job }: JobContext) => {
      calls.set(job.id, (calls.get(job.id) ?? 0) + 1)
      await systemClock.sleep(2)
    }, { retries: 20 })], { concurrency: 10 })
    const ids = await addMany(300)
    await worker.start()
    const killer = createKiller()
    await vi.waitFor(() => expect(calls.size).toBeGreaterThan(250), { timeout: 40_000, interval: 40 })
    await killer.stop()
    await allSucceeded(ids)
    const [row] = await store.database.query<{ finals: number; jobs: number }>(`select count(*) filter (where final is not null) as finals, count(distinct job_id) as jobs from taskflows.attempts where job_id = any($1::uuid[])`, [ids])
    expect(row).toEqual({ finals: 300, jobs: 300 })
  }, 60_000)

  /** Kills every connection of the store but its own, as fast as it can. */
  function createKiller() {
    let over = false
    let kills = 0
    const loop = (async () => {
      while (!over) {
        const rows = await store.database.query<{ killed: boolean }>(`select pg_terminate_backend(pid) as killed from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`).catch(() => [])
        kills += rows.length
        await systemClock.sleep(30)
      }
    })()
    return {
      stop: async () => {
        over = true
        await loop
        expect(kills).toBeGreaterThan(5)
      },
    }
  }
})
