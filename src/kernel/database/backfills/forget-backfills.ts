/** Retention of what was made up for. */
import { type Database, repeatable } from '../database.ts'
import { serviceRunsKeptDays } from '../service-runs/forget-runs.ts'

/** $1 days */
const forget = repeatable('forget-backfills', `
with old as (
  delete from taskflows.service_backfills where ended_at < taskflows.now() - $1::float8 * interval '1 day' returning id
)
delete from taskflows.service_backfill_slots s using old where s.backfill = old.id`)

/** As long as the runs that they began. */
export async function forgetBackfills(database: Database): Promise<void> {
  await database.query(forget, [serviceRunsKeptDays])
}
