/**
 * What happened under one correlation id: jobs and their attempts, what people
 * did to them, the runs that were reported, and those of services. The story of a single job, with
 * its queue and its waits, is told by the job engine.
 */
import { isId } from '../../ids.ts'
import type { StoryEntry } from '../../runs.ts'
import type { Scope } from '../../scope.ts'
import { type Queryable, repeatable } from '../database.ts'
import { underLease } from './run-row.ts'

/**
 * $1 correlation id  $2 the same as a UUID, or null  $3 the tenant that may be seen, or null  $4 how many entries
 *
 * Whatever happens to a job happens after it was added. So the first $4 jobs and the first $4 runs
 * hold the first $4 entries, and a story of a million jobs is not read to its end.
 */
const readStory = repeatable('read-story', `
with mine as materialized (
  select id, name, tenant_id, queue, scheduled_at, created_at, created_by from taskflows.jobs
  where (correlation_id = $1 or id = $2::uuid) and ($3::text is null or tenant_id = $3)
  order by created_at, id limit $4::integer
), tried as materialized (
  select a.*, coalesce(w.name, a.worker_id::text) as worker
  from mine m join taskflows.attempts a on a.job_id = m.id left join taskflows.workers w on w.id = a.worker_id
), told as materialized (
  select * from taskflows.runs
  where (correlation_id = $1 or (id = $2::uuid and correlation_id is null)) and ($3::text is null or tenant_id = $3)
  order by started_at, id limit $4::integer
), served as materialized (
  select *, replace(id::text, '-', '') as invocation from taskflows.service_runs
  where id = case when $1 ~ '^[0-9a-f]{32}$' then $1::uuid end and $3::text is null
), entries as (
  select created_at as at, 0 as turn, 'added' as what, id, name, tenant_id, null::integer as attempt, created_by as actor, null::text as host,
    null::text as outcome, null::text as final, null::text as error_type, null::text as error_message, null::text as decision, null::integer as exit_code,
    queue, case when scheduled_at > created_at then scheduled_at end as scheduled_at
  from mine
  union all
  select t.started_at, 2, 'job started', m.id, m.name, m.tenant_id, t.attempt, null, t.worker, null, null, null, null, null, null, null, null
  from tried t join mine m on m.id = t.job_id where t.started_at is not null
  union all
  select r.claimed_at, 2, 'job started', m.id, m.name, m.tenant_id, r.attempt, null, coalesce(w.name, r.worker_id::text), null, null, null, null, null, null, null, null
  from mine m join (select l.claimed_at, l.worker_id, u.id, u.attempt from ${underLease}) as r on r.id = m.id
    left join taskflows.workers w on w.id = r.worker_id
  union all
  select t.ended_at, 3, 'job ended', m.id, m.name, m.tenant_id, t.attempt, d.actor, t.worker, t.outcome::text, t.final::text, t.error_type, t.error_message, t.decision, null, null, null
  from tried t join mine m on m.id = t.job_id
  -- A cancel wrote both at the same moment.
  left join taskflows.events d on t.outcome = 'cancelled' and d.subject = t.job_id::text and d.type = 'jobs.cancelled' and d.at = t.ended_at
  union all
  select e.at, 1, 'revived', m.id, m.name, m.tenant_id, null, e.actor, null, null, null, null, null, null, null, null, null
  from mine m join taskflows.events e on e.subject = m.id::text and e.type = 'jobs.revived'
  union all
  select started_at, 2, 'task started', id, name, tenant_id, null, reported_by, host, null, null, null, null, null, null, null, null from told
  union all
  select ended_at, 3, 'task ended', id, name, tenant_id, attempt, reported_by, host, state, null, error_type, error_message, null, exit_code, null, null
  from told where ended_at is not null
  union all
  select started_at, 2, 'service started', id, service, null, null, null, host, null, null, null, null, null, null, null, null from served where started_at is not null
  union all
  select coalesce(ended_at, started_at, slot), 3, 'service ended', id, service, null, null, null, host, state, null, null, null, reason, null, null, null
  from served where state <> 'running'
)
select * from entries order by at, turn, id, attempt limit $4::integer`)

interface EntryRecord {
  at: number
  what: 'added' | 'job started' | 'job ended' | 'revived' | 'task started' | 'task ended' | 'service started' | 'service ended'
  id: string
  name: string
  tenant_id: string | null
  attempt: number | null
  actor: string | null
  host: string | null
  outcome: string | null
  final: string | null
  error_type: string | null
  error_message: string | null
  decision: string | null
  exit_code: number | null
  queue: string | null
  scheduled_at: number | null
}

/** Oldest first; nothing when nobody knows the id. */
export async function tellStory(database: Queryable, scope: Scope, correlationId: string, limit: number): Promise<StoryEntry[]> {
  const own = correlationId.toLowerCase()
  const found = await database.query<EntryRecord>(readStory, [correlationId, isId(own) ? own : null, scope.tenant, limit])
  return found.map((row) => ({
    at: row.at, subject: row.what.startsWith('service') ? row.id.replaceAll('-', '') : row.id, name: row.name, tenant: row.tenant_id, attempt: row.attempt, actor: row.actor, ...words(row),
  }))
}

/** In the words of a job's own timeline. */
function words(row: EntryRecord): { readonly type: string; readonly message: string } {
  const { attempt, host, outcome, queue, scheduled_at: scheduledAt } = row
  switch (row.what) {
    case 'added': return { type: 'job.added', message: `added to queue ${queue}${scheduledAt === null ? '' : `, for ${new Date(scheduledAt).toISOString()}`}` }
    case 'job started': return { type: 'job.started', message: `attempt ${attempt} started by ${host ?? 'a worker'}` }
    case 'job ended': return { type: `job.${jobEnding(row)}`, message: `attempt ${attempt} ${outcome}${reasonOf(row)}` }
    case 'revived': return { type: 'job.revived', message: 'retried, with a fresh budget' }
    case 'task started': return { type: 'task.started', message: `started${host === null ? '' : ` on ${host}`}` }
    case 'service started': return { type: 'service.started', message: `started on ${host}` }
    case 'service ended': return { type: `service.${outcome}`, message: `${outcome}${reasonOf(row)}` }
    case 'task ended': return { type: `task.${outcome}`, message: `${outcome}${attempt === null ? '' : ` at attempt ${attempt}`}${reasonOf(row)}` }
  }
}

/** An attempt that did not decide the job was followed by another. */
function jobEnding({ outcome, final }: EntryRecord): string {
  if (outcome === 'succeeded' || outcome === 'cancelled') return outcome
  return final === null ? 'retried' : final.toLowerCase()
}

function reasonOf({ error_type, error_message, decision, exit_code }: EntryRecord): string {
  const error = error_type ?? (error_message === null ? null : 'Error')
  const parts = [exit_code !== null && `exit code ${exit_code}`, error !== null && `${error}: ${error_message ?? ''}`, decision].filter(Boolean)
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`
}
