/**
 * Unique keys: the row of a key names the job that holds it, for as long as
 * that job is unfinished. Whoever gives a key to a job locks its row first.
 */
import { repeatable, statement } from '../../../kernel/database/database.ts'

/**
 * $1 tenants  $2 names  $3 keys, each once  $4 the jobs that want them. Locks every key, free or not, and answers whose it is.
 *
 * The update changes nothing. It is there because it locks each key in its turn, so that two requests with several keys
 * in common meet at the first of them; `do nothing` would lock the new ones first and leave the others to a second statement.
 */
export const lockKeys = statement('lock-keys', `
insert into taskflows.unique_keys as k (tenant_id, name, key, job_id)
select * from unnest($1::text[], $2::text[], $3::text[], $4::uuid[]) as wanted(tenant_id, name, key, job_id)
order by tenant_id collate "C", name collate "C", key collate "C"
on conflict (tenant_id, name, key) do update set job_id = k.job_id
returning tenant_id as tenant, name, key as "uniqueKey", job_id as id`)

/** Whether the job of this id is unfinished. The id names its table: a bare `job_id` would be that of the attempt. */
const unfinished = (id: string) => `exists (select from taskflows.jobs j where j.id = ${id})
  and not exists (select from taskflows.attempts a where a.job_id = ${id} and a.final is not null)`

/** $1 jobs. Those that have not ended. Sent after their keys were locked, so that none is retried by hand meanwhile. */
export const unfinishedJobs = statement('unfinished-jobs', `
select id from unnest($1::uuid[]) as u(id) where ${unfinished('u.id')}`)

/** $1 tenants  $2 names  $3 keys  $4 jobs. Gives locked keys, whose job has ended, to others. */
export const passKeys = statement('pass-keys', `
update taskflows.unique_keys k set job_id = wanted.job_id
from unnest($1::text[], $2::text[], $3::text[], $4::uuid[]) as wanted(tenant_id, name, key, job_id)
where (k.tenant_id, k.name, k.key) = (wanted.tenant_id, wanted.name, wanted.key)`)

/** $1 the job to start behind  $2 how many. A page of the jobs that keys name, and whether each has ended. */
export const keyPage = repeatable('key-page', `
select job_id as id, not (${unfinished('page.job_id')}) as ended
from (select job_id from taskflows.unique_keys where job_id > $1::uuid order by job_id limit $2::integer) as page order by job_id`)

/** $1 jobs. Locks their keys, but for those that somebody is giving to another job. */
export const lockKeysOf = statement('lock-keys-of', `
select job_id as id from taskflows.unique_keys where job_id = any($1::uuid[]) order by job_id for update skip locked`)

/** $1 jobs whose keys are locked. Looks again whether they have ended: one may have been retried by hand before the lock. */
export const dropKeysOf = statement('drop-keys-of', `
delete from taskflows.unique_keys k where k.job_id = any($1::uuid[]) and not (${unfinished('k.job_id')})`)
