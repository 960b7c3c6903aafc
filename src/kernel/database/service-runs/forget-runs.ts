/** Retention of the runs of services. */
import { type Database, repeatable } from '../database.ts'

/** How long the runs of services are kept after their end. */
export const serviceRunsKeptDays = 90
const atOnce = 5_000

/**
 * $1 days  $2 how many
 *
 * In parts, so that nobody waits for long for a row of them; SKIP LOCKED, since
 * several processes may tidy at once.
 */
const forgetSome = repeatable('forget-service-runs', `
with old as materialized (
  select ctid from taskflows.service_runs
  where state <> 'running' and coalesce(ended_at, started_at, slot) < taskflows.now() - $1::float8 * interval '1 day'
  order by coalesce(ended_at, started_at, slot) limit $2::integer for update skip locked
)
delete from taskflows.service_runs r using old where r.ctid = old.ctid returning 1`)

export async function forgetServiceRuns(database: Database, signal: AbortSignal): Promise<void> {
  for (let forgotten = atOnce; forgotten === atOnce && !signal.aborted;) {
    forgotten = (await database.query(forgetSome, [serviceRunsKeptDays, atOnce])).length
  }
}
