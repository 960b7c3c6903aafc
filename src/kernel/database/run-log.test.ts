/**
 * The ledger on a real PostgreSQL: pages against a plain computation over all
 * rows, reports, single runs and stories.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type JobStore, createJobStore, plainWorker, tester } from '../../testing/job-store.ts'
import { newId } from '../ids.ts'
import { type ReportedRun, type Run, type RunFilter, type RunLog, runKinds, runStates } from '../runs.ts'
import { everyTenant } from '../scope.ts'
import { createRunLog } from './run-log.ts'
import { serviceRun } from '../../testing/service-run.ts'
import { createServiceLedger } from './service-runs.ts'

const dayMs = 86_400_000

let store: JobStore
let runs: RunLog
let worker: ReturnType<typeof plainWorker>
beforeAll(async () => {
  store = await createJobStore(inject('postgresUrl'))
  runs = createRunLog(store.database)
  worker = plainWorker(store)
})
afterAll(() => store[Symbol.asyncDispose]())

function report(run: Partial<ReportedRun> = {}): ReportedRun {
  const now = Math.floor(store.time.now())
  return {
    id: newId(now), name: 'report', state: 'succeeded', attempt: null, host: null, startedAt: now - 1000, endedAt: run.state === 'running' ? null : now,
    exitCode: null, errorType: null, errorMessage: null, ...run,
  }
}

const tell = (...told: ReportedRun[]) => runs.report(everyTenant, told, tester)
const get = (id: string, tenant: string | null = null) => runs.get({ tenant }, id)

/** Every run that matches, by pages of `limit`. */
async function pages(filter: RunFilter = {}, limit = 1000, tenant: string | null = null): Promise<Run[]> {
  const all: Run[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await runs.list({ tenant }, filter, { limit, ...(cursor !== undefined && { cursor }) })
    expect(page.items.length).toBeLessThanOrEqual(limit)
    all.push(...page.items)
    cursor = page.nextCursor
  }
  return all
}

/** As the database sorts it. */
const dashed = (id: string) => id.replace(/^(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})$/, '$1-$2-$3-$4-$5')
const idsOf = (found: readonly Run[]) => found.map(({ id }) => id)

describe('a list', () => {
  test('shows what runs first, then what ended, the latest first: attempts and reports alike', async () => {
    const correlationId = newId(store.time.now())
    const ids = await Promise.all([1, 2, 3].map(() => store.add({ queue: 'order', correlationId })))
    await worker.settle([(await worker.claim(1, { queue: 'order' }))[0]!], { final: 'DEAD' })
    const told = report({ correlationId })
    await tell(told)
    await worker.complete(await worker.claim(1, { queue: 'order' }))
    await worker.claim(1, { queue: 'order' })
    const found = await pages({ correlationId })
    const claimed = found.filter(({ state }) => state === 'running')
    expect(claimed).toHaveLength(1)
    expect(found.map(({ kind, state }) => `${kind} ${state}`)).toEqual(['job running', 'job succeeded', 'task succeeded', 'job failed'])
    expect(new Set(found.map(({ subject }) => subject))).toEqual(new Set([...ids, null]))
    for (const run of found) expect(await get(run.id)).toEqual(run)
  })

  test('shows a job that was cancelled before it ran as a run without a start', async () => {
    const id = await store.add({ queue: 'never' })
    await store.jobs.cancel(everyTenant, id, { by: tester, reason: 'no' })
    expect(await pages({ subject: id })).toMatchObject([{ id: `${id}.1`, state: 'cancelled', attempt: 1, startedAt: null, endedAt: expect.any(Number), host: null }])
  })

  test('shows an attempt once, though its lease is still open or it was cancelled under it', async () => {
    const [ended, cancelled, running] = [await store.add({ queue: 'once' }), await store.add({ queue: 'once' }), await store.add({ queue: 'once' })]
    const claims = await worker.claim(3, { queue: 'once' })
    await worker.complete(claims.filter(({ id }) => id === ended), { close: false })
    await store.jobs.cancel(everyTenant, cancelled!, { by: tester })
    for (const [id, state] of [[ended, 'succeeded'], [cancelled, 'cancelled'], [running, 'running']] as const) {
      expect(await pages({ subject: id! })).toMatchObject([{ id: `${id}.1`, state }])
      expect(await get(`${id}.1`)).toMatchObject({ state, host: expect.any(String) })
    }
  })

  test('holds nothing for kinds and states that nobody writes, nor for a subject that is no id', async () => {
    for (const filter of [{ kind: 'service' }, { kind: 'node' }, { state: 'late' }, { subject: 'nobody' }, { kind: 'task', subject: newId(0) }] as const) {
      expect(await runs.list(everyTenant, filter, { limit: 1 })).toEqual({ items: [], nextCursor: null })
    }
  })

  test('cannot be asked for with a cursor that is not one of ours', async () => {
    const foreign = [(await store.events.list(everyTenant, { limit: 1 })).nextCursor!, (await store.jobs.list(everyTenant, {}, { limit: 1 })).nextCursor!]
    for (const cursor of ['', 'x', ...foreign, Buffer.from('run x').toString('base64url'), Buffer.from(`run 1 ${newId(0)} 123456`).toString('base64url')]) {
      await expect(runs.list(everyTenant, {}, { limit: 1, cursor })).rejects.toMatchObject({ code: 'cursor.invalid', status: 400 })
    }
  })
})

describe('a run', () => {
  test('that nobody knows, or of another tenant, is not found', async () => {
    const job = await store.add({ queue: 'theirs', tenant: 'theirs' })
    await worker.complete(await worker.claim(1, { queue: 'theirs' }))
    const told = report({ tenant: 'theirs' })
    await tell(told)
    expect([(await get(`${job.toUpperCase()}.1`, 'theirs')).id, (await get(told.id.toUpperCase(), 'theirs')).id]).toEqual([`${job}.1`, told.id])
    for (const id of [`${job}.1`, told.id]) await expect(get(id, 'mine')).rejects.toMatchObject({ code: 'run.not_found', status: 404, details: { id } })
    for (const id of ['', 'x', job, `${job}.2`, `${job}.`, `${job}.99999`, `${job}.999999`, `${job}.x`, `${told.id}.1`, newId(0)]) await expect(get(id)).rejects.toMatchObject({ code: 'run.not_found' })
  })
})

describe('a report', () => {
  const eventsOf = async (id: string) => (await store.events.list(everyTenant, { subject: id, limit: 100 })).items.filter(({ type }) => type.startsWith('task.'))

  test('of a start and of an end is kept, with one event each', async () => {
    const { endedAt, ...started } = report({ state: 'running', host: 'one', correlationId: 'told-1', tenant: 'acme' })
    await tell({ ...started, endedAt })
    expect(await get(started.id)).toEqual({ ...started, endedAt: null, service: null, kind: 'task', subject: null })
    const ended = { ...started, state: 'failed' as const, endedAt: started.startedAt + 500, attempt: 3, exitCode: 7, errorType: 'Error', errorMessage: 'no' }
    await tell(ended)
    expect(await get(started.id)).toEqual({ ...ended, service: null, kind: 'task', subject: null })
    expect(await eventsOf(started.id)).toMatchObject([
      { type: 'task.started', tenant: 'acme', name: 'report', actor: 'tester', correlationId: 'told-1' },
      { type: 'task.failed', tenant: 'acme', name: 'report', actor: 'tester', correlationId: 'told-1', data: { attempt: 3, exit_code: 7, error_type: 'Error', error_message: 'no', host: 'one' } },
    ])
  })

  test('told again, or too late, changes nothing and is no event', async () => {
    const ended = report()
    await tell(ended)
    const kept = await get(ended.id)
    await tell(ended)
    await tell({ ...ended, state: 'running', endedAt: null })
    await tell({ ...ended, state: 'failed', name: 'other', endedAt: ended.endedAt! + 1 })
    expect(await get(ended.id)).toEqual(kept)
    expect(await eventsOf(ended.id)).toHaveLength(1)
  })

  test('may hold the start and the end of one run', async () => {
    const started = report({ state: 'running', tenant: 'acme', host: 'one' })
    const { tenant: _tenant, ...ended } = report({ id: started.id.toUpperCase(), startedAt: started.startedAt, name: 'other' })
    await tell(started, ended, { ...ended, state: 'failed' })
    expect(await get(started.id)).toMatchObject({ id: started.id, state: 'succeeded', tenant: 'acme', host: 'one', name: 'report' })
    expect((await eventsOf(started.id)).map(({ type }) => type)).toEqual(['task.succeeded'])
  })

  test('is answered with the runs whose end was news', async () => {
    const [started, ended, known] = [report({ state: 'running' }), report({ errorTypes: ['RangeError'] }), report()]
    await tell(known)
    expect((await tell(started, ended, known)).map(({ id }) => id)).toEqual([ended.id])
    const end = report({ id: started.id.toUpperCase(), attempt: 2 })
    expect(await tell(end, ended)).toMatchObject([{ id: started.id, attempt: 2, state: 'succeeded' }])
    expect(await tell(end)).toEqual([])
  })

  test('of an id that another tenant has changes nothing and does not say so', async () => {
    const theirs = report({ state: 'running', tenant: 'theirs' })
    await tell(theirs)
    const mine = report({ state: 'running' })
    await runs.report({ tenant: 'mine' }, [report({ id: theirs.id }), mine], tester)
    expect(await get(theirs.id)).toMatchObject({ tenant: 'theirs', state: 'running' })
    expect(await get(mine.id)).toMatchObject({ tenant: 'mine', state: 'running' })
    expect((await eventsOf(theirs.id)).map(({ type }) => type)).toEqual(['task.started'])
  })

  test('may be thirty days old, and its week is made', async () => {
    const old = report({ id: newIdAt(store.time.now() - 30 * dayMs + 60_000) })
    await tell(old)
    expect(await get(old.id)).toMatchObject({ state: 'succeeded' })
  })

  test('with times that no clock can have made is refused by its place, and nothing of it is kept', async () => {
    const now = store.time.now()
    const good = report()
    const bad: [ReportedRun, string][] = [
      [report({ id: newIdAt(now - 31 * dayMs) }), 'items[1].id'],
      [report({ id: newIdAt(now + 25 * 3_600_000) }), 'items[1].id'],
      [report({ endedAt: now + 25 * 3_600_000 }), 'items[1].ended_at'],
      [report({ startedAt: -1 }), 'items[1].started_at'],
    ]
    for (const [run, path] of bad) {
      await expect(tell(good, run)).rejects.toMatchObject({ code: 'request.invalid', details: { fields: [{ path }] } })
    }
    await expect(get(good.id)).rejects.toMatchObject({ code: 'run.not_found' })
  })

  test('of the same runs by many at once, in any order, does not end in a deadlock', async () => {
    const told = Array.from({ length: 200 }, () => report({ state: 'running' }))
    const ends = told.map((run) => ({ ...run, state: 'succeeded' as const, endedAt: run.startedAt + 1 }))
    const shuffled = (list: readonly ReportedRun[], by: number) => list.toSorted((one, other) => Number(`0x${one.id.slice(-8)}`) % by - Number(`0x${other.id.slice(-8)}`) % by)
    await Promise.all(Array.from({ length: 16 }, (_, at) => tell(...shuffled(at % 2 === 0 ? told : ends, 7 + at))))
    for (const run of told) expect((await get(run.id)).state).toBe('succeeded')
    const [facts] = await store.database.query(`select count(*) as ends, count(distinct id) as runs from taskflows.events, unnest(ids) as u(id) where type = 'tasks.succeeded' and id = any($1::uuid[])`, [told.map(({ id }) => id)])
    expect(facts).toEqual({ ends: 200, runs: 200 })
  })
})

function newIdAt(ms: number): string {
  const time = Math.floor(ms).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}${newId(0).slice(13)}`
}

describe('the story of a correlation id', () => {
  test('tells of jobs, attempts, people and reports, oldest first', async () => {
    const correlationId = 'story-1'
    const id = await store.add({ queue: 'story', correlationId, tenant: 'acme' })
    await worker.settle(await worker.claim(1, { queue: 'story' }))
    await store.jobs.cancel(everyTenant, id, { by: tester, reason: 'a mistake' })
    await store.jobs.retry(everyTenant, id, { by: { name: 'mender' } })
    await worker.complete(await worker.claim(1, { queue: 'story' }))
    const now = Math.floor(store.time.now())
    const told = report({ correlationId, tenant: 'acme', startedAt: now + 1000, endedAt: now + 2000, state: 'failed', exitCode: 3, errorType: 'Error', errorMessage: 'no', host: 'one' })
    await tell(told)
    const story = await runs.story(everyTenant, correlationId, 100)
    expect(story.map(({ type, attempt, actor, message }) => [type, attempt, actor, message])).toEqual(expect.arrayContaining([
      ['job.added', null, 'tester', 'added to queue story'],
      ['job.started', 1, null, expect.stringMatching(/^attempt 1 started by /)],
      ['job.retried', 1, null, 'attempt 1 failed (Error: broken; as the test says)'],
      ['job.cancelled', 2, 'tester', 'attempt 2 cancelled (Cancelled: a mistake; cancelled by tester)'],
      ['job.revived', null, 'mender', 'retried, with a fresh budget'],
      ['job.started', 3, null, expect.stringMatching(/^attempt 3 started by /)],
      ['job.succeeded', 3, null, 'attempt 3 succeeded'],
      ['task.started', null, 'tester', 'started on one'],
      ['task.failed', null, 'tester', 'failed (exit code 3; Error: no)'],
    ]))
    expect(story).toHaveLength(9)
    expect(story.map(({ at }) => at)).toEqual(story.map(({ at }) => at).toSorted((one, other) => one - other))
    expect(new Set(story.map(({ subject }) => subject))).toEqual(new Set([id, told.id]))
    expect(await runs.story(everyTenant, correlationId, 4)).toEqual(story.slice(0, 4))
    expect(await runs.story({ tenant: 'acme' }, correlationId, 100)).toEqual(story)
    expect(await runs.story({ tenant: 'other' }, correlationId, 100)).toEqual([])
  })

  test('may be asked for by the id of a job or of a run, and holds what carries it', async () => {
    const id = await store.add({ queue: 'own', correlationId: 'another' })
    const child = await store.add({ queue: 'own', correlationId: id })
    await worker.claim(2, { queue: 'own' })
    const story = await runs.story(everyTenant, id.toUpperCase(), 100)
    expect(story.map(({ type, subject }) => [type, subject])).toEqual([['job.added', id], ['job.started', id]])
    expect((await runs.story(everyTenant, id, 100)).map(({ type, subject }) => [type, subject])).toEqual([['job.added', id], ['job.added', child], ['job.started', id], ['job.started', child]])
    const told = report()
    await tell(told)
    expect((await runs.story(everyTenant, told.id, 100)).map(({ type }) => type)).toEqual(['task.started', 'task.succeeded'])
  })

  test('that nobody knows is empty', async () => {
    for (const id of ['nobody', newId(0)]) expect(await runs.story(everyTenant, id, 10)).toEqual([])
  })
})

describe('pages', () => {
  let all: Run[]
  /** A thousand and more attempts of all outcomes over weeks, some at the same microsecond, so that a look back takes several turns. */
  beforeAll(async () => {
    const now = Math.floor(store.time.now())
    const jobs = (await store.jobs.addMany(everyTenant, Array.from({ length: 2000 }, (_, at) => ({
      name: at % 500 === 0 ? 'rare' : `work${at % 3}`, tenant: `t${at % 4}`, queue: 'pages', ...(at % 7 === 0 && { correlationId: `flow-${at % 5}` }),
    })), tester)).ids
    await store.database.query(`
      insert into taskflows.attempts (job_id, attempt, outcome, final, started_at, ended_at)
      select id, a, (array['succeeded', 'succeeded', 'succeeded', 'failed', 'timed_out', 'cancelled', 'lost'])[1 + (at * 7 + a) % 7]::taskflows.attempt_outcome, null,
        ended - interval '1 second', ended
      from unnest($1::uuid[]) with ordinality as u(id, at), generate_series(1, 1 + (at % 3)::integer) as a,
        lateral (select to_timestamp($2::float8 / 1000) - (at / 5) * (interval '13 seconds' + (at / 700) * interval '1 hour') + (a % 2) * interval '3 microseconds' as ended) as e`, [jobs, now])
    for (let part = 0; part < 2; part += 1) {
      await tell(...Array.from({ length: 150 }, (_, at) => report({
        name: at % 50 === 0 ? 'rare' : `work${at % 3}`, tenant: `t${at % 4}`, startedAt: now - at * 60_000 - 5000, ...(at % 6 === 0 ? { state: 'running' as const, endedAt: null } : { endedAt: now - at * 60_000 }),
        ...(at % 7 === 0 && { correlationId: `flow-${at % 5}` }), ...(at % 6 === 1 && { state: 'failed' as const }),
      })))
    }
    await createServiceLedger(store.database, { account: '1000' }).record(Array.from({ length: 200 }, (_, at) => serviceRun({
      service: at % 40 === 0 ? 'rare' : `work${at % 3}`, host: `h${at % 2}`, startedAt: now - at * 50_000 - 3000,
      // Of some the end was not seen, some never began.
      ...(at % 5 === 0 ? { state: 'running' as const } : at % 5 === 1 ? { state: 'succeeded' as const } : { state: at % 5 === 2 ? 'failed' as const : 'lost' as const, endedAt: now - at * 50_000 }),
      ...(at % 11 === 0 && { invocationId: null, state: 'missed' as const, startedAt: null, slot: now - at * 50_000 }),
    })))
    all = await plainList()
  })

  /** Every run, computed without any of the ways above: all rows of all tables, sorted here. */
  async function plainList(): Promise<Run[]> {
    const ids = [
      ...await store.database.query<{ id: string }>(`select job_id || '.' || attempt as id from taskflows.attempts`),
      ...await store.database.query<{ id: string }>(`select l.id || '.' || l.attempt as id from (select unnest(job_ids) as id, unnest(attempts) as attempt from taskflows.leases) as l`),
      ...await store.database.query<{ id: string }>(`select id from taskflows.runs`),
      ...await store.database.query<{ id: string }>(`select replace(id::text, '-', '') as id from taskflows.service_runs`),
    ]
    const ends = new Map((await store.database.query<{ id: string; us: number }>(`
      select job_id || '.' || attempt as id, (extract(epoch from ended_at) * 1000000)::bigint as us from taskflows.attempts
      union all select id::text, (extract(epoch from ended_at) * 1000000)::bigint from taskflows.runs where ended_at is not null
      union all select replace(id::text, '-', ''), (extract(epoch from coalesce(ended_at, started_at, slot)) * 1000000)::bigint from taskflows.service_runs where state <> 'running'`)).map(({ id, us }) => [id, us]))
    const unique = [...new Set(ids.map(({ id }) => id))]
    const found: Run[] = []
    for (let at = 0; at < unique.length; at += 100) found.push(...await Promise.all(unique.slice(at, at + 100).map((id) => get(id))))
    const key = ({ id }: Run): [number, string, number] => [ends.get(id) ?? Infinity, dashed(id).slice(0, 36), Number(id.slice(37))]
    return found.sort((one, other) => {
      const [a, b] = [key(one), key(other)]
      return b[0] === a[0] || (b[0] === Infinity && a[0] === Infinity) ? (a[1] === b[1] ? b[2] - a[2] : a[1] < b[1] ? 1 : -1) : b[0] - a[0]
    })
  }

  test('of any size and under any filter hold what a plain computation finds, in its order', async () => {
    const someRun = fc.nat().map((at) => all[at % all.length]!)
    const filters = someRun.chain((run) => fc.record({
      kind: fc.constantFrom(...runKinds, run.kind, run.kind), state: fc.constantFrom(...runStates, run.state, run.state), name: fc.constantFrom('rare', run.name), subject: fc.constant(run.subject ?? newId(0)),
      tenant: fc.constantFrom('t1', run.tenant ?? 't2'), correlationId: fc.constantFrom('flow-1', run.correlationId), since: fc.constantFrom(run.endedAt ?? 0, Math.floor(store.time.now()) - 3_600_000),
    }, { requiredKeys: [] }))
    await fc.assert(fc.asyncProperty(filters, fc.integer({ min: 1, max: 400 }), fc.constantFrom(null, null, 't1', 't2'), async (filter, size, tenant) => {
      const expected = all.filter((run) => matches(run, filter) && (tenant === null || run.tenant === tenant))
      const limit = Math.max(size, Math.ceil(expected.length / 20))
      expect(idsOf(await pages(filter, limit, tenant))).toEqual(idsOf(expected))
    }), { numRuns: 150 })
  }, 120_000)

  test('without a filter hold every run once', async () => {
    expect(await pages({}, 777)).toEqual(all)
  })

  test('neither double nor drop a run that had ended when the first was read, while others end', async () => {
    const queue = 'meanwhile'
    await store.jobs.addMany(everyTenant, Array.from({ length: 40 }, () => ({ name: 'work', queue })), tester)
    const before = idsOf(all.filter(({ endedAt }) => endedAt !== null))
    const shown: string[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await runs.list(everyTenant, {}, { limit: 300, ...(cursor !== undefined && { cursor }) })
      shown.push(...idsOf(page.items))
      cursor = page.nextCursor
      await worker.complete(await worker.claim(2, { queue }))
      await tell(report())
    }
    const known = new Set(before)
    expect(shown.filter((id) => known.has(id))).toEqual(before)
  })
})

/** When it ended; of one whose end nobody saw when it began, or should have. */
function placeOf({ endedAt, startedAt, service }: Run): number {
  return (endedAt ?? startedAt ?? service?.slot)!
}

function matches(run: Run, { kind, state, name, subject, tenant, correlationId, since }: RunFilter): boolean {
  return (kind ?? run.kind) === run.kind && (state ?? run.state) === run.state && (name ?? run.name) === run.name && (subject ?? run.subject) === run.subject
    && (tenant ?? run.tenant) === run.tenant && (correlationId ?? run.correlationId) === run.correlationId && (since === undefined || run.state === 'running' || placeOf(run) >= since)
}
