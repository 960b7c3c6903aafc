/**
 * From the engines' words to the wire's: snake_case, ISO 8601, seconds.
 */
import type { z } from 'zod'
import type { Attempt as AttemptWire, Event as EventWire, Job as JobWire, TimelineEntry as TimelineEntryWire } from '../contract/index.ts'
import type { Attempt, Job, Page, TimelineEntry, WorkerInfo } from '../engines/jobs/index.ts'
import type { EventView } from '../kernel/events.ts'
import type { ServerInfo } from './context.ts'

export function showJob(job: Job): z.output<typeof JobWire> {
  return {
    id: job.id,
    name: job.name,
    queue: job.queue,
    tenant_id: job.tenant,
    ...(job.payload === null ? { payload_omitted: true } : { payload: JSON.parse(job.payload) as unknown }),
    state: job.state,
    priority: job.priority,
    attempts: job.attempts,
    max_attempts: job.maxAttempts,
    scheduled_at: showTime(job.scheduledAt),
    next_run_at: showTimeOrNull(job.nextRunAt),
    last_run_at: showTimeOrNull(job.lastRunAt),
    last_error_type: job.lastErrorType,
    last_error_message: job.lastErrorMessage,
    backoff_decision: job.backoffDecision,
    locked_by: job.lockedBy,
    lease_expires_at: showTimeOrNull(job.leaseExpiresAt),
    waiting_on: [...job.waitingOn],
    result: job.result === null ? null : (JSON.parse(job.result) as unknown),
    correlation_id: job.correlationId,
    created_at: showTime(job.createdAt),
    updated_at: showTime(job.updatedAt),
  }
}

export function showAttempt(attempt: Attempt): z.output<typeof AttemptWire> {
  return {
    attempt: attempt.attempt,
    outcome: attempt.outcome,
    final: attempt.final,
    worker: attempt.worker,
    started_at: showTimeOrNull(attempt.startedAt),
    ended_at: showTime(attempt.endedAt),
    duration_seconds: attempt.startedAt === null ? null : (attempt.endedAt - attempt.startedAt) / 1000,
    error_type: attempt.errorType,
    error_message: attempt.errorMessage,
    backoff_decision: attempt.backoffDecision,
  }
}

export function showTimelineEntry(entry: TimelineEntry): z.output<typeof TimelineEntryWire> {
  return { at: showTime(entry.at), type: entry.type, attempt: entry.attempt, actor: entry.actor, message: entry.message }
}

export function showEvent(event: EventView): z.output<typeof EventWire> {
  return {
    id: event.id,
    at: showTime(event.at),
    type: event.type,
    subject: event.subject,
    name: event.name,
    tenant_id: event.tenant,
    actor: event.actor,
    correlation_id: event.correlationId,
    data: event.data,
  }
}

export function showServer(server: ServerInfo, workers: readonly WorkerInfo[]) {
  return {
    version: server.version,
    hostname: server.hostname,
    pid: server.pid,
    started_at: showTime(server.startedAt),
    database: { version: server.database.version, schema_version: server.database.schemaVersion, embedded: server.database.embedded },
    workers: workers.map(showWorker),
  }
}

function showWorker(worker: WorkerInfo) {
  return { id: worker.id, name: worker.name, queues: [...worker.queues], tasks: [...worker.tasks], started_at: showTime(worker.startedAt), seen_at: showTime(worker.seenAt) }
}

export function showPage<T, W>(page: Page<T>, show: (item: T) => W): { items: W[]; next_cursor: string | null } {
  return { items: page.items.map(show), next_cursor: page.nextCursor }
}

/** A list that is always whole. */
export function showAll<T, W>(items: readonly T[], show: (item: T) => W): { items: W[]; next_cursor: null } {
  return { items: items.map(show), next_cursor: null }
}

function showTime(ms: number): string {
  return new Date(ms).toISOString()
}

function showTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : showTime(ms)
}
