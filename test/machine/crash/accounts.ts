/** What the database, the ledger of the handlers and the memory of the one who added say of the same jobs. */
import { readFileSync } from 'node:fs'
import type { Database } from '../../../src/kernel/database/database.ts'

/** One line of the ledger. */
export interface Note {
  readonly what: 'began' | 'ended'
  readonly id: string
  readonly attempt: number
  /** Epoch milliseconds. */
  readonly at: number
}

export function readLedger(file: string): Note[] {
  return readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map((line) => {
    const [what, id, attempt, at] = line.split(' ')
    return { what: what as Note['what'], id: id!, attempt: Number(attempt), at: Number(at) }
  })
}

export interface AttemptRow {
  readonly attempt: number
  readonly outcome: string
  readonly final: string | null
  /** Of the worker. */
  readonly pid: number | null
  /** Epoch milliseconds. */
  readonly startedAt: number | null
}

export interface JobRecord {
  readonly id: string
  readonly request: number
  readonly attempts: readonly AttemptRow[]
  /** How often the event log names it, by type. */
  readonly events: Readonly<Record<string, number>>
  /** When its end was written (epoch milliseconds). */
  readonly endedAt: number
}

/** Every job there is, whether it was acknowledged or not. */
export async function readJobs(database: Database): Promise<Map<string, JobRecord>> {
  const rows = await database.query<{ id: string; request: number; attempts: string | null; events: string | null; ended_at: number | null }>(`
    with tries as (
      select a.job_id, json_agg(json_build_object('attempt', a.attempt, 'outcome', a.outcome, 'final', a.final,
        'pid', split_part(w.name, ':', 2)::integer, 'startedAt', extract(epoch from a.started_at) * 1000) order by a.attempt) as attempts
      from taskflows.attempts a left join taskflows.workers w on w.id = a.worker_id group by a.job_id
    ), facts as (
      select id, type, count(*) as count, max(at) as at from taskflows.events, unnest(ids) as u(id) group by id, type
    ), story as (
      select id, json_object_agg(type, count) as events, max(at) filter (where type in ('jobs.succeeded', 'jobs.failed', 'jobs.dead', 'jobs.cancelled')) as ended_at
      from facts group by id
    )
    select j.id, (j.payload ->> 'request')::integer as request, t.attempts, s.events, s.ended_at
    from taskflows.jobs j left join tries t on t.job_id = j.id left join story s on s.id = j.id`)
  return new Map(rows.map(({ id, request, attempts, events, ended_at }) => [id, {
    id, request, attempts: JSON.parse(attempts ?? '[]') as AttemptRow[], events: JSON.parse(events ?? '{}') as Record<string, number>, endedAt: ended_at ?? Infinity,
  }]))
}

const unfinished = ['ready', 'held', 'leases', 'awaited_ends', 'dependencies'] as const

/** Rows in each table that knows of unfinished jobs only. */
export async function countUnfinished(database: Database): Promise<Record<(typeof unfinished)[number], number>> {
  const columns = unfinished.map((table) => `(select count(*) from taskflows.${table}) as ${table}`)
  const [counts] = await database.query<Record<(typeof unfinished)[number], number>>(`select ${columns.join(', ')}`)
  return counts!
}
