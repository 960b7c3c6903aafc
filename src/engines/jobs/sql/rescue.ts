/**
 * What the rescuer reads: leases that nobody renewed, and the jobs in them that
 * had not ended. It records their attempts with `settle-attempts`.
 */
import { repeatable, statement } from '../../../kernel/database/database.ts'

/** Whether any lease has expired: the cheap look of every round. */
export const anyExpired = repeatable('any-expired', `select exists (select from taskflows.leases where expires_at < taskflows.now()) as found`)

/** $1 how many. SKIP LOCKED: one that is being renewed, completed or rescued by another process is left alone. */
export const expiredLeases = statement('expired-leases', `
select l.id, l.worker_id, l.claimed_at, l.queue, coalesce(w.name, l.worker_id::text) as worker
from taskflows.leases l left join taskflows.workers w on w.id = l.worker_id
where l.expires_at < taskflows.now() order by l.expires_at limit $1::integer for update of l skip locked`)

/** $1 lease. The jobs whose attempt under it has not ended, with what decides over another try. */
export const unfinishedOf = statement('unfinished-of', `
select u.id, u.attempt, u.spent, j.tenant_id, j.name, j.queue, j.correlation_id, j.policy, t.policy as task_policy
from taskflows.leases l, unnest(l.job_ids, l.attempts, l.spent) as u(id, attempt, spent)
join taskflows.jobs j on j.id = u.id
left join taskflows.tasks t on t.name = j.name
where l.id = $1::uuid and not exists (select from taskflows.attempts a where a.job_id = u.id and a.attempt = u.attempt)`)
