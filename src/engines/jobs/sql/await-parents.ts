/**
 * Marks jobs as awaited, wherever they stand, and locks that place until the
 * transaction ends: what would end such a job waits, and then leaves word in
 * `awaited_ends`. In the order in which jobs move (add-waiting-jobs.ts says why).
 *
 *   $1 parents
 */
import { repeatable, statement } from '../../../kernel/database/database.ts'

const inOrder = (table: string) => `
with mine as materialized (select id from taskflows.${table} where id = any($1::uuid[]) order by id for update)
update taskflows.${table} t set awaited = true from mine where t.id = mine.id returning t.id`

export const awaitHeld = statement('await-held', inOrder('held'))
export const awaitReady = statement('await-ready', inOrder('ready'))

export const awaitLeased = statement('await-leased', `
with mine as materialized (select id from taskflows.leases where job_ids && $1::uuid[] order by id for update), changed as (
  update taskflows.leases l
  set awaited = array(select unnest(l.awaited) union select unnest(l.job_ids) intersect select unnest($1::uuid[]))
  from mine where l.id = mine.id returning l.job_ids, l.attempts
)
select u.id, u.attempt from changed, unnest(changed.job_ids, changed.attempts) as u(id, attempt) where u.id = any($1::uuid[])`)

/** The attempts that have ended, so that a stale place in a lease can be told from a live one. */
export const endedAttempts = repeatable('ended-attempts', `
select job_id as id, attempt, final from taskflows.attempts where job_id = any($1::uuid[])`)

/** $1 parents  $2 children, in parallel. */
export const addDependencies = statement('add-dependencies', `
insert into taskflows.dependencies (parent_id, child_id) select * from unnest($1::uuid[], $2::uuid[])`)

/** $1 ids  $2 the tenant that may be seen, or null. The ones that exist. */
export const existingJobs = repeatable('existing-jobs', `
select id from taskflows.jobs where id = any($1::uuid[]) and ($2::text is null or tenant_id = $2)`)

/** $1 parents that had ended before anybody waited  $2 how. They leave word like those that end later. */
export const leaveWord = statement('leave-word', `
with word as (
  insert into taskflows.awaited_ends (job_id, state) select * from unnest($1::uuid[], $2::taskflows.final_state[])
)
select pg_notify('taskflows_held', '')`)
