/**
 * Jobs as they stand, in one snapshot: the request, and whichever of `held`,
 * `ready`, a lease or the deciding attempt knows its state.
 *
 * A list starts from the smallest table that can answer its state, so that no
 * state is found by walking the whole history.
 */
import { type Statement, repeatable } from '../../../kernel/database/database.ts'
import type { JobState } from '../vocabulary.ts'

const notEnded = `not exists (select from taskflows.attempts e where e.job_id = u.id and e.attempt = u.attempt)`

/** Where jobs of a state are found, newest first; `$1` is the id to start below. */
const candidates: Readonly<Record<JobState | 'any', string>> = {
  any: `select id from taskflows.jobs`,
  PENDING: `select id from taskflows.ready union all select id from taskflows.held where waiting = 0 and until <= taskflows.now()`,
  SCHEDULED: `select id from taskflows.held where waiting > 0 or until is null or until > taskflows.now()`,
  RUNNING: `select u.id from taskflows.leases l, unnest(l.job_ids, l.attempts) as u(id, attempt) where not coalesce(u.id = any (l.cancelled), false) and ${notEnded}`,
  SUCCEEDED: `select job_id as id from taskflows.attempts where final = 'SUCCEEDED'`,
  FAILED: `select job_id as id from taskflows.attempts where final = 'FAILED'`,
  DEAD: `select job_id as id from taskflows.attempts where final = 'DEAD'`,
  CANCELLED: `select job_id as id from taskflows.attempts where final = 'CANCELLED'`,
}

/*
 * Two things keep one job cheap, whose price is mostly that of starting on every partition. The attempts are read once
 * for all that they tell. And where the id is known before the plan runs, it is named everywhere (`id`): then only the
 * partitions that can hold it are started on.
 */
const view = (from: string, id: string) => `select j.id, j.name, j.queue, j.tenant_id, j.unique_key, j.priority, j.policy, j.scheduled_at, j.created_at, coalesce(j.correlation_id, j.id::text) as correlation_id,
  case when not $2::boolean or octet_length(j.payload::text) <= $3::integer then j.payload end as payload,
  case
    when (past.decided).final is not null then (past.decided).final::text
    when h.id is not null then case when h.waiting = 0 and h.until <= taskflows.now() then 'PENDING' else 'SCHEDULED' end
    when r.id is not null then 'PENDING'
    when l.id is not null then 'RUNNING'
  end as state,
  coalesce((past.decided).attempt, h.attempt, r.attempt, l.attempt) as turn,
  h.until as held_until,
  case when r.tag > 0 then r.tag / 1000 when r.tag = 0 then extract(epoch from coalesce(past.last_end, j.created_at))::float8 * 1000 end as ready_since,
  past.began + (case when l.id is null then 0 else 1 end) as attempts,
  greatest(past.last_start, l.claimed_at) as last_run_at, past.last_end,
  (past.troubled).error_type, (past.troubled).error_message, (past.troubled).decision,
  case when not $2::boolean or octet_length((past.decided).result::text) <= $3::integer then (past.decided).result end as result,
  coalesce($2::boolean and octet_length((past.decided).result::text) > $3::integer, false) as result_omitted,
  l.claimed_at, l.expires_at, coalesce(w.name, l.worker_id::text) as worker, t.policy as task_policy,
  case when h.id is null then '{}'::text[] else array(select d.parent_id::text from taskflows.dependencies d where d.child_id = ${id} order by d.parent_id) end as waiting_on
from ${from}
left join taskflows.held h on h.id = ${id}
left join taskflows.ready r on r.id = ${id}
cross join lateral (
  select count(a.started_at) as began, max(a.started_at) as last_start, max(a.ended_at) as last_end, array_agg(a.attempt) as ended,
    (array_agg(a) filter (where a.final is not null))[1] as decided,
    (array_agg(a order by a.attempt desc) filter (where a.error_type is not null))[1] as troubled
  from taskflows.attempts a where a.job_id = ${id}
) as past
left join lateral (
  select x.id, u.attempt, x.worker_id, x.claimed_at, x.expires_at from taskflows.leases x, unnest(x.job_ids, x.attempts) as u(id, attempt)
  where h.id is null and r.id is null and (past.decided).final is null and ${id} = any (x.job_ids) and u.id = ${id}
    and (past.ended is null or u.attempt <> all (past.ended)) limit 1
) as l on true
left join taskflows.workers w on w.id = l.worker_id
left join taskflows.tasks t on t.name = j.name`

/** $1 id  $2 whether long payloads and results are left out  $3 the longest that is shown  $4 the tenant that may be seen, or null */
export const readJob = repeatable('read-job', `${view('taskflows.jobs j', '$1::uuid')}
where j.id = $1::uuid and ($4::text is null or j.tenant_id = $4)`)

/**
 * $1 ids below this  $2 $3 as above  $4 tenant that may be seen  $5 tenant asked for  $6 queue  $7 name
 * $8 created since (epoch milliseconds)  $9 correlation id  $10 how many
 */
export const listJobs: Readonly<Record<JobState | 'any', Statement>> = Object.fromEntries(Object.entries(candidates).map(([state, from]) => [
  state,
  repeatable(`list-jobs-${state}`, `
with page as materialized (
    select j.id from (${from}) as c join taskflows.jobs j on j.id = c.id
    where j.id < $1::uuid and c.id < $1::uuid
      and ($4::text is null or j.tenant_id = $4) and ($5::text is null or j.tenant_id = $5)
      and ($6::text is null or j.queue = $6) and ($7::text is null or j.name = $7)
      and ($8::float8 is null or j.created_at >= to_timestamp($8 / 1000)) and ($9::text is null or coalesce(j.correlation_id, j.id::text) = $9)
    order by j.id desc limit $10::integer
)
${view('page join taskflows.jobs j on j.id = page.id', 'j.id')}
order by j.id desc`),
])) as unknown as Record<JobState | 'any', Statement>

/** $1 job. Oldest first. */
export const listAttempts = repeatable('list-attempts', `
select a.attempt, a.outcome, a.final, coalesce(w.name, a.worker_id::text) as worker, a.started_at, a.ended_at, a.error_type, a.error_message, a.decision
from taskflows.attempts a left join taskflows.workers w on w.id = a.worker_id
where a.job_id = $1::uuid order by a.attempt`)

/** $1 job. What people did to it, its request included. */
export const listDeeds = repeatable('list-deeds', `
select created_at as at, 'jobs.added' as type, created_by as actor from taskflows.jobs where id = $1::uuid
union all
select at, type, actor from taskflows.events where subject = $1::uuid::text`)

/** $1 ids. The payloads that were too long for the claimable row. */
export const readPayloads = repeatable('read-payloads', `select id, payload from taskflows.jobs where id = any($1::uuid[])`)

/** $1 job. The jobs that had to succeed first, in the order of the request, with what they returned. */
export const readParents = repeatable('read-parents', `
select p.id, p.name, p.payload, a.result
from taskflows.jobs j, unnest(j.parents) with ordinality as u(id, place)
join taskflows.jobs p on p.id = u.id
left join taskflows.attempts a on a.job_id = p.id and a.final is not null
where j.id = $1::uuid order by u.place`)
