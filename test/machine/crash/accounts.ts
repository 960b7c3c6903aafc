/** What the database says of jobs, orders and effects, for comparison with the ledger and with the memory of those who added. */
import type { Database } from '../../../src/kernel/database/database.ts'

export interface AttemptRow {
  readonly attempt: number
  readonly outcome: string
  readonly final: string | null
  /** Of the worker. */
  readonly pid: number | null
  /** Epoch milliseconds. */
  readonly startedAt: number | null
  readonly endedAt: number
}

export interface JobRecord {
  readonly id: string
  readonly name: string
  readonly uniqueKey: string | null
  /** Of the load. */
  readonly request: number | null
  /** Of a customer. */
  readonly order: string | null
  readonly attempts: readonly AttemptRow[]
  /** How often the event log names it, by type. */
  readonly events: Readonly<Record<string, number>>
  /** When its end was written (epoch milliseconds). */
  readonly endedAt: number
}

/** Every job there is, whether it was acknowledged or not. */
export async function readJobs(database: Database): Promise<Map<string, JobRecord>> {
  const rows = await database.query<{
    id: string; name: string; unique_key: string | null; request: number | null; order: string | null; attempts: string | null; events: string | null; ended_at: number | null
  }>(`
    with tries as (
      select a.job_id, json_agg(json_build_object('attempt', a.attempt, 'outcome', a.outcome, 'final', a.final,
        'pid', split_part(w.name, ':', 2)::integer, 'startedAt', extract(epoch from a.started_at) * 1000, 'endedAt', extract(epoch from a.ended_at) * 1000) order by a.attempt) as attempts
      from taskflows.attempts a left join taskflows.workers w on w.id = a.worker_id group by a.job_id
    ), facts as (
      select id, type, count(*) as count, max(at) as at from taskflows.events, unnest(ids) as u(id) group by id, type
    ), story as (
      select id, json_object_agg(type, count) as events, max(at) filter (where type in ('jobs.succeeded', 'jobs.failed', 'jobs.dead', 'jobs.cancelled')) as ended_at
      from facts group by id
    )
    select j.id, j.name, j.unique_key, (j.payload ->> 'request')::integer as request, j.payload ->> 'order' as order, t.attempts, s.events, s.ended_at
    from taskflows.jobs j left join tries t on t.job_id = j.id left join story s on s.id = j.id`)
  return new Map(rows.map(({ unique_key, attempts, events, ended_at, ...row }) => [row.id, {
    ...row, uniqueKey: unique_key, attempts: JSON.parse(attempts ?? '[]') as AttemptRow[], events: JSON.parse(events ?? '{}') as Record<string, number>, endedAt: ended_at ?? Infinity,
  }]))
}

const unfinished = ['ready', 'held', 'leases', 'awaited_ends', 'dependencies'] as const

/** Rows in each table that knows of unfinished jobs only. */
export async function countUnfinished(database: Database): Promise<Record<(typeof unfinished)[number], number>> {
  const columns = unfinished.map((table) => `(select count(*) from taskflows.${table}) as ${table}`)
  const [counts] = await database.query<Record<(typeof unfinished)[number], number>>(`select ${columns.join(', ')}`)
  return counts!
}

/** The orders that were committed. */
export async function readOrders(database: Database): Promise<string[]> {
  return (await database.query<{ id: string }>('select id from orders order by id')).map(({ id }) => id)
}

/** What handlers did in transactions that completed their attempts, as `JOB ATTEMPT`. */
export async function readEffects(database: Database): Promise<string[]> {
  return (await database.query<{ effect: string }>(`select job_id || ' ' || attempt as effect from effects`)).map(({ effect }) => effect).toSorted()
}

/** The same of each attempt that succeeded in its own transaction. */
export function paidAttempts(jobs: Iterable<JobRecord>): string[] {
  return [...jobs].filter(({ name }) => name === 'paid').flatMap(({ id, attempts }) => attempts.filter(({ outcome }) => outcome === 'succeeded').map(({ attempt }) => `${id} ${attempt}`)).toSorted()
}
