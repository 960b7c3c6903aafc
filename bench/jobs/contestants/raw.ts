/**
 * The floor: the claim path written by hand, with the same guarantees and nothing around it. Narrow `ready` rows with the
 * payload, one lease per claimed batch, an attempt row per job, one statement that completes and claims, single adds merged.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Contestant, type Producer, type Worker, inChunks, payloadOf } from '../contestant.ts'

const tables = `
  create sequence job_id cache 1000;
  create table job (id bigint primary key, queue int not null, kind text not null, created_at timestamptz not null default now());
  create table ready (queue int, priority int, id bigint, attempt int not null default 1, payload jsonb, primary key (queue, priority, id));
  create table lease (id bigint generated always as identity primary key, worker text not null, taken_at timestamptz not null default now(),
    expires_at timestamptz not null, ids bigint[] not null, attempts int[] not null);
  create table attempt (job_id bigint not null, attempt int not null, worker text not null, started_at timestamptz not null, ended_at timestamptz not null, outcome smallint not null);
  create index on attempt (job_id);`

const insert = `
  with source as materialized (select nextval('job_id') as id, payload from unnest($1::jsonb[]) payload),
  job as (insert into job (id, queue, kind) select id, 1, 'noop' from source),
  ready as (insert into ready (queue, priority, id, payload) select 1, 0, id, payload from source)
  select id from source`

const completeAndClaim = `
  with done as (delete from lease where id = $2::bigint returning worker, taken_at, ids, attempts),
  history as (insert into attempt select u.id, u.attempt, worker, taken_at, now(), 4 from done, unnest(ids, attempts) u(id, attempt)),
  pick as materialized (select queue, priority, id from ready where queue = 1 and (priority, id) > (0, $3::bigint) order by queue, priority, id limit $1 for update skip locked),
  taken as (delete from ready using pick where (ready.queue, ready.priority, ready.id) = (pick.queue, pick.priority, pick.id) returning ready.id, ready.attempt, ready.payload),
  lease as (insert into lease (worker, expires_at, ids, attempts) select 'w', now() + interval '30 s', array_agg(id), array_agg(attempt) from taken having count(*) > 0 returning id)
  select id, payload, (select id from lease) as lease from taken`

/** Without statistics the planner sorts the whole backlog for every claim. */
const claimSettings = '-c enable_bitmapscan=off -c enable_sort=off -c jit=off'
const batch = 500
const loops = 2
/** Dead index entries below the last claim are skipped; a look from the start this often finds what that would miss. */
const lookAgainMs = 1000

export const leftSql = 'select exists (select from ready) or exists (select from lease) as left'

export async function prepare(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url })
  await pool.query(tables)
  await pool.end()
}

interface WaitingAdd {
  readonly payload: string
  resolve(): void
  reject(error: unknown): void
}

export async function producer(url: string): Promise<Producer> {
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  let waiting: WaitingAdd[] = []
  let sending = 0
  const flush = (): void => {
    if (waiting.length === 0 || sending === 2) return
    const adds = waiting
    waiting = []
    sending += 1
    pool.query({ name: 'add', text: `${insert}, (select pg_notify('ready', '')) told`, values: [adds.map(({ payload }) => payload)] })
      .then(() => adds.forEach(({ resolve }) => resolve()), (error: unknown) => adds.forEach(({ reject }) => reject(error)))
      .finally(() => {
        sending -= 1
        flush()
      })
  }
  return {
    bulk: (n) => inChunks(n, (from, to) => pool.query({ name: 'bulk', text: insert, values: [Array.from({ length: to - from }, (_, at) => JSON.stringify(payloadOf(from + at)))] })),
    one: (i) => new Promise<void>((resolve, reject) => {
      waiting.push({ payload: JSON.stringify(payloadOf(i)), resolve, reject })
      if (waiting.length === 1) queueMicrotask(flush)
    }),
    close: () => pool.end(),
  }
}

export async function worker(url: string, { onStart }: Parameters<Contestant['worker']>[1]): Promise<Worker> {
  const pool = new pg.Pool({ connectionString: url, max: loops, options: claimSettings })
  const ear = new pg.Client({ connectionString: url })
  await ear.connect()
  await ear.query('listen ready')
  let stopping = false
  let bell = Promise.withResolvers<void>()
  const ring = (): void => {
    bell.resolve()
    bell = Promise.withResolvers<void>()
  }
  ear.on('notification', ring)

  const loop = async (): Promise<void> => {
    let lease: string | null = null
    let low = 0
    let lowAt = 0
    while (!stopping || lease !== null) {
      if (performance.now() - lowAt > lookAgainMs) [low, lowAt] = [0, performance.now()]
      const heard = bell.promise
      const { rows }: { rows: { id: string; payload: { i: number }; lease: string }[] } = await pool.query({ name: 'step', text: completeAndClaim, values: [stopping ? 0 : batch, lease, low] })
      lease = rows[0]?.lease ?? null
      for (const { id, payload } of rows) {
        low = Math.max(low, Number(id))
        onStart(payload.i)
      }
      if (rows.length > 0 || stopping) continue
      if (low > 0) low = 0
      else await Promise.race([heard, sleep(500)])
    }
  }
  let done: Promise<unknown> | undefined
  return {
    start: async () => {
      done = Promise.all(Array.from({ length: loops }, loop))
    },
    stop: async () => {
      stopping = true
      ring()
      await done
      await Promise.all([ear.end(), pool.end()])
    },
  }
}
