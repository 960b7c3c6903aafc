/** The workers and the names they answer to. */
import { repeatable } from '../../../kernel/database/database.ts'

/** $1 id  $2 name  $3 queues  $4 task names  $5 their policies (JSON texts) */
export const registerWorker = repeatable('register-worker', `
with clock as materialized (
  select taskflows.now() as now
), worker as (
  insert into taskflows.workers (id, name, queues, tasks, started_at, seen_at)
  select $1::uuid, $2, $3::text[], $4::text[], clock.now, clock.now from clock
  on conflict (id) do update set seen_at = excluded.seen_at, stopped_at = null
)
insert into taskflows.tasks (name, policy, seen_at)
select name, policy::json, clock.now from clock, unnest($4::text[], $5::text[]) as t(name, policy) order by name
on conflict (name) do update set policy = excluded.policy, seen_at = excluded.seen_at`)

/** $1 id */
export const stopWorker = repeatable('stop-worker', `update taskflows.workers set stopped_at = taskflows.now() where id = $1::uuid`)

/** Workers that were heard of within a minute. */
export const liveWorkers = repeatable('live-workers', `
select id, name, queues, tasks, started_at, seen_at from taskflows.workers
where stopped_at is null and seen_at > taskflows.now() - interval '1 minute' order by name`)

/** $1 names. Those that some worker has registered, with the policy of their task. */
export const knownTasks = repeatable('known-tasks', `select name, policy from taskflows.tasks where name = any($1::text[])`)

/** Unfinished jobs by queue and state. */
export const queueDepths = repeatable('queue-depths', `
select queue, sum(pending)::integer as pending, sum(scheduled)::integer as scheduled, sum(running)::integer as running
from (
  select queue, count(*) as pending, 0 as scheduled, 0 as running from taskflows.ready group by queue
  union all
  select queue, 0, count(*), 0 from taskflows.held group by queue
  union all
  select l.queue, 0, 0, count(*) from taskflows.leases l, unnest(l.job_ids, l.attempts) as u(id, attempt)
  where not exists (select from taskflows.attempts a where a.job_id = u.id and a.attempt = u.attempt) group by l.queue
) as counts group by queue order by queue`)

/** $1 worker. The jobs of its leases that were cancelled, as `LEASE JOB`. */
export const cancelledOf = repeatable('cancelled-of', `
select id || ' ' || unnest(cancelled) as taken from taskflows.leases where worker_id = $1::uuid and cancelled is not null`)

/** Workers nobody has heard of for 30 days. History then shows their id instead of their name. */
export const forgetWorkers = repeatable('forget-workers', `
delete from taskflows.workers where seen_at < taskflows.now() - interval '30 days'`)

/** The queues with claimable jobs: one index probe each, however many jobs there are. */
export const readyQueues = repeatable('ready-queues', `
with recursive found as (
  (select queue from taskflows.ready order by queue limit 1)
  union all
  select (select r.queue from taskflows.ready r where r.queue > found.queue order by r.queue limit 1) from found where found.queue is not null
)
select queue from found where queue is not null`)
