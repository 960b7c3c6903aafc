/**
 * Reading jobs: one, a page, the attempts, the story.
 */
import type { Queryable } from '../../kernel/database/database.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { isId } from '../../kernel/ids.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { Attempt, Job, JobFilter, Page, PageRequest, TimelineEntry } from './job.ts'
import { versionOf } from './job-version.ts'
import { readPolicy } from './policy-json.ts'
import { defaultRetryPolicy } from './retry-policy.ts'
import { listAttempts, listDeeds, listJobs, readJob } from './sql/read-jobs.ts'
import { type AttemptOutcome, type JobState, jobLimits } from './vocabulary.ts'

interface JobRecord {
  id: string
  name: string
  queue: string
  tenant_id: string
  unique_key: string | null
  priority: number
  policy: string | null
  scheduled_at: number | null
  created_at: number
  correlation_id: string
  payload: string | null
  state: JobState
  turn: number
  held_until: number | null
  ready_since: number | null
  attempts: number
  last_run_at: number | null
  last_end: number | null
  error_type: string | null
  error_message: string | null
  decision: string | null
  result: string | null
  result_omitted: boolean
  claimed_at: number | null
  expires_at: number | null
  worker: string | null
  task_policy: string | null
  waiting_on: string[]
}

const aboveAll = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** @throws `job.not_found` */
export async function getJob(database: Queryable, scope: Scope, id: string): Promise<Job> {
  const wellFormed = isId(id.toLowerCase())
  const [found] = wellFormed ? await database.query<JobRecord>(readJob, [id, false, 0, scope.tenant]) : []
  if (found) return jobOf(found)
  throw new TaskflowsError('job.not_found', `there is no job ${JSON.stringify(id)}${wellFormed ? '' : ': an id is a UUID such as 019a9f00-1234-7abc-8def-0123456789ab'}`, {
    details: { id }, hint: 'List the jobs that exist: tf jobs list.',
  })
}

/** Newest first. @throws `cursor.invalid` */
export async function getJobs(database: Queryable, scope: Scope, filter: JobFilter, { limit, cursor }: PageRequest): Promise<Page<Job>> {
  const below = cursor === undefined ? aboveAll : readCursor(cursor)
  const found = await database.query<JobRecord>(listJobs[filter.state ?? 'any'], [
    below, true, jobLimits.payloadShownBytes, scope.tenant, filter.tenant ?? null, filter.queue ?? null, filter.name ?? null,
    filter.since ?? null, filter.correlationId ?? null, limit + 1,
  ])
  const items = found.slice(0, limit).map(jobOf)
  return { items, nextCursor: found.length > limit ? writeCursor(items.at(-1)!.id) : null }
}

/** The cursor is the last id shown; `j` tells it from cursors of other lists. */
function writeCursor(id: string): string {
  return Buffer.from(`j${id.replaceAll('-', '')}`, 'latin1').toString('base64url')
}

function readCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString('latin1')
  const id = text.slice(1).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  if (text.startsWith('j') && isId(id)) return id
  throw new TaskflowsError('cursor.invalid', `${JSON.stringify(cursor.slice(0, 100))} is not a cursor of a list of jobs`)
}

function jobOf(row: JobRecord): Job {
  const scheduledAt = row.scheduled_at ?? row.created_at
  return {
    id: row.id,
    name: row.name,
    queue: row.queue,
    tenant: row.tenant_id,
    uniqueKey: row.unique_key,
    payload: row.payload,
    state: row.state,
    priority: row.priority,
    attempts: row.attempts,
    maxAttempts: readPolicy(row.policy).maxAttempts ?? readPolicy(row.task_policy).maxAttempts ?? defaultRetryPolicy.maxAttempts,
    scheduledAt,
    nextRunAt: nextRunOf(row),
    lastRunAt: row.last_run_at,
    lastErrorType: row.error_type,
    lastErrorMessage: row.error_message,
    backoffDecision: row.decision,
    lockedBy: row.worker,
    leaseExpiresAt: row.expires_at,
    waitingOn: row.waiting_on,
    result: row.result,
    ...(row.result_omitted && { resultOmitted: true }),
    correlationId: row.correlation_id,
    createdAt: row.created_at,
    updatedAt: Math.max(row.created_at, row.last_end ?? 0, row.claimed_at ?? 0),
    version: versionOf(row.state, row.turn),
  }
}

/** When it may run next: the hold's end, or since when it has been claimable; `null` while parents decide. */
function nextRunOf({ state, waiting_on, held_until, ready_since }: JobRecord): number | null {
  if (state === 'SCHEDULED' && waiting_on.length > 0) return null
  return held_until ?? ready_since
}

interface AttemptRecord {
  attempt: number
  outcome: AttemptOutcome
  final: JobState | null
  worker: string | null
  started_at: number | null
  ended_at: number
  error_type: string | null
  error_message: string | null
  decision: string | null
}

async function attemptRecords(database: Queryable, id: string): Promise<AttemptRecord[]> {
  return database.query<AttemptRecord>(listAttempts, [id])
}

/** Oldest first. @throws `job.not_found` */
export async function getAttempts(database: Queryable, scope: Scope, id: string): Promise<Attempt[]> {
  await getJob(database, scope, id)
  return (await attemptRecords(database, id)).map((row) => ({
    attempt: row.attempt,
    outcome: row.outcome,
    final: row.final !== null,
    worker: row.worker,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    errorType: row.error_type,
    errorMessage: row.error_message,
    backoffDecision: row.decision,
  }))
}

interface DeedRecord {
  at: number
  type: string
  actor: string | null
}

/** The story of a job: its request, its attempts, what people did to it. Oldest first. @throws `job.not_found` */
export async function getTimeline(database: Queryable, scope: Scope, id: string): Promise<TimelineEntry[]> {
  const job = await getJob(database, scope, id)
  const attempts = await attemptRecords(database, id)
  const deeds = await database.query<DeedRecord>(listDeeds, [id])
  const told = [...deeds.flatMap((deed) => deedEntries(job, deed)), ...attempts.flatMap((attempt) => attemptEntries(attempt, deeds))]
  if (job.state === 'RUNNING' && job.lastRunAt !== null) told.push({ at: job.lastRunAt, type: 'job.started', attempt: job.attempts, actor: null, message: `attempt ${job.attempts} taken by ${job.lockedBy}` })
  return told.sort((one, other) => one.at - other.at)
}

/** What an attempt tells better (a cancel) is left to it. */
function deedEntries({ queue, scheduledAt, createdAt }: Job, { at, type, actor }: DeedRecord): TimelineEntry[] {
  const entry = (what: string, message: string): TimelineEntry[] => [{ at, type: what, attempt: null, actor, message }]
  if (type === 'jobs.added') return entry('job.added', `added to queue ${queue}${scheduledAt > createdAt ? `, for ${new Date(scheduledAt).toISOString()}` : ''}`)
  return type === 'jobs.revived' ? entry('job.revived', 'retried, with a fresh budget') : []
}

const endings: Readonly<Record<JobState | 'again', string>> = {
  again: 'job.retried', SUCCEEDED: 'job.succeeded', FAILED: 'job.failed', DEAD: 'job.dead', CANCELLED: 'job.cancelled', PENDING: '', SCHEDULED: '', RUNNING: '',
}

function attemptEntries(row: AttemptRecord, deeds: readonly DeedRecord[]): TimelineEntry[] {
  const { attempt, outcome, final, worker } = row
  // A cancel wrote both at the same moment.
  const actor = deeds.find(({ at, type }) => type === 'jobs.cancelled' && at === row.ended_at)?.actor ?? null
  const reason = [row.error_type && `${row.error_type}: ${row.error_message ?? ''}`, row.decision].filter(Boolean).join('; ')
  const type = outcome === 'succeeded' ? endings.SUCCEEDED : outcome === 'cancelled' ? endings.CANCELLED : endings[final ?? 'again']
  const start: TimelineEntry[] = row.started_at === null ? [] : [{ at: row.started_at, type: 'job.started', attempt, actor: null, message: `attempt ${attempt} started by ${worker ?? 'a worker'}` }]
  return [...start, { at: row.ended_at, type, attempt, actor, message: `attempt ${attempt} ${outcome}${reason ? ` (${reason})` : ''}` }]
}
