/** One run by its id: that of a reported run, a job's with the number of an attempt, or an invocation of systemd. */
import { TaskflowsError } from '../../errors.ts'
import { isId } from '../../ids.ts'
import type { Run } from '../../runs.ts'
import type { Scope } from '../../scope.ts'
import { type Queryable, repeatable } from '../database.ts'
import { type RunRecord, attemptColumns, leaseColumns, ofRun, reportColumns, runOf, runView, serviceColumns, underLease } from './run-row.ts'

/** $1 job  $2 attempt  $3 the tenant that may be seen, or null */
const readAttempt = repeatable('read-attempt-run', `${runView(`(
  select ${attemptColumns} from taskflows.attempts a where a.job_id = $1::uuid and a.attempt = $2::integer
  union all select ${leaseColumns} from ${underLease} and $1::uuid = any (l.job_ids) and u.id = $1::uuid and u.attempt = $2::integer
)`)} where j.id is not null and ($3::text is null or ${ofRun.tenant} = $3)`)

/** $1 id  $2 the tenant that may be seen, or null. Services are seen by those who are bound to none. */
const readWhole = repeatable('read-whole-run', `${runView(`(
  select ${reportColumns} from taskflows.runs r where r.id = $1::uuid
  union all select ${serviceColumns} from taskflows.service_runs s where s.id = $1::uuid
)`)} where $2::text is null or ${ofRun.tenant} = $2 limit 1`)

/** @throws `run.not_found` */
export async function getRun(database: Queryable, scope: Scope, id: string): Promise<Run> {
  const [text, attempt] = id.toLowerCase().split(/\.(?=\d{1,5}$)/) as [string, string?]
  // As systemd writes an invocation.
  const uuid = text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  const wellFormed = isId(uuid)
  const [found] = !wellFormed ? []
    : attempt === undefined ? await database.query<RunRecord>(readWhole, [uuid, scope.tenant]) : await database.query<RunRecord>(readAttempt, [uuid, Number(attempt), scope.tenant])
  if (found) return runOf(found)
  throw new TaskflowsError('run.not_found', `there is no run ${JSON.stringify(id)}${wellFormed ? '' : ': an id is a UUID, or that of a job and the number of an attempt such as 019a9f00-1234-7abc-8def-0123456789ab.1'}`, { details: { id } })
}
