/**
 * From the engines' words to the wire's: snake_case, ISO 8601, seconds.
 */
import type { z } from 'zod'
import type { Token } from '../access/tokens.ts'
import type { Attempt as AttemptWire, Event as EventWire, Job as JobWire, Run as RunWire, StoryEntry as StoryEntryWire, TimelineEntry as TimelineEntryWire, Token as TokenWire } from '../contract/index.ts'
import type { AddedJob, AddedJobs, Attempt, Job, Page, TimelineEntry, WorkerInfo } from '../engines/jobs/index.ts'
import type { EventView } from '../kernel/events.ts'
import type { Run, ServiceFacts, StoryEntry } from '../kernel/runs.ts'
import type { ServerInfo } from './context.ts'

export function showJob(job: Job): z.output<typeof JobWire> {
  return {
    id: job.id,
    name: job.name,
    queue: job.queue,
    tenant_id: job.tenant,
    unique_key: job.uniqueKey,
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
    ...(job.resultOmitted ? { result_omitted: true } : { result: job.result === null ? null : (JSON.parse(job.result) as unknown) }),
    correlation_id: job.correlationId,
    created_at: showTime(job.createdAt),
    updated_at: showTime(job.updatedAt),
    version: job.version,
  }
}

export function showAddedJob({ job, created, warnings }: AddedJob) {
  return { ...showJob(job), created, warnings: [...warnings] }
}

export function showAddedJobs({ ids, existing, warnings }: AddedJobs) {
  return { ids: [...ids], existing: [...existing], warnings: [...warnings] }
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

export function showRun(run: Run): z.output<typeof RunWire> {
  return {
    id: run.id,
    kind: run.kind,
    name: run.name,
    subject: run.subject,
    tenant_id: run.tenant,
    state: run.state,
    attempt: run.attempt,
    host: run.host,
    started_at: showTimeOrNull(run.startedAt),
    ended_at: showTimeOrNull(run.endedAt),
    duration_seconds: run.startedAt === null || run.endedAt === null ? null : (run.endedAt - run.startedAt) / 1000,
    exit_code: run.exitCode,
    error_type: run.errorType,
    error_message: run.errorMessage,
    correlation_id: run.correlationId,
    ...showServiceFacts(run.service),
  }
}

function showServiceFacts(facts: ServiceFacts | null) {
  return {
    scope: facts?.scope ?? null,
    result: facts?.result ?? null,
    exit_signal: facts?.exitSignal ?? null,
    cpu_seconds: facts?.cpuSeconds ?? null,
    memory_peak_bytes: facts?.memoryPeakBytes ?? null,
    slot: showTimeOrNull(facts?.slot ?? null),
    reason: facts?.reason ?? null,
  }
}

export function showStoryEntry(entry: StoryEntry): z.output<typeof StoryEntryWire> {
  return { at: showTime(entry.at), type: entry.type, subject: entry.subject, name: entry.name, tenant_id: entry.tenant, attempt: entry.attempt, actor: entry.actor, message: entry.message }
}

export function showToken(token: Token): z.output<typeof TokenWire> {
  return {
    id: token.id,
    name: token.name,
    role: token.role,
    tenant_id: token.tenant,
    rate_limit: token.rateLimit,
    state: token.state,
    created_at: showTime(token.createdAt),
    created_by: token.createdBy,
    expires_at: showTimeOrNull(token.expiresAt),
    last_used_at: showTimeOrNull(token.lastUsedAt),
    revoked_at: showTimeOrNull(token.revokedAt),
    revoked_by: token.revokedBy,
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
