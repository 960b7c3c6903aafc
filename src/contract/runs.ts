/** The operations on the ledger of what ran. */
import { z } from 'zod'
import { CorrelationId, TenantId } from '../engines/jobs/vocabulary.ts'
import { runKinds, runStates } from '../kernel/runs.ts'
import { Instant, freeText, operation, pageInput, pageOf } from './operation.ts'

export const RunKind = z.enum(runKinds)
export const RunState = z.enum(runStates)

export const Run = z.object({
  id: z.string(),
  kind: RunKind,
  name: z.string(),
  subject: z.string().nullable().describe('What it was a run of: the id of the job, or HOST/SCOPE/NAME of the service'),
  tenant_id: z.string().nullable().describe('null: of none, as the services of a host'),
  state: RunState,
  attempt: z.int().nullable(),
  host: z.string().nullable().describe('The worker or host that ran it'),
  started_at: Instant.nullable(),
  ended_at: Instant.nullable(),
  duration_seconds: z.number().nullable(),
  exit_code: z.int().nullable(),
  error_type: z.string().nullable(),
  error_message: z.string().nullable(),
  correlation_id: z.string(),
  scope: z.enum(['user', 'system']).nullable().describe('Of a service: whose systemd runs it'),
  result: z.string().nullable().describe("Of a service: systemd's word for how it ended, such as success, exit-code, signal, timeout or oom-kill"),
  exit_signal: z.string().nullable().describe('Of a service: what killed it, such as SIGKILL'),
  cpu_seconds: z.number().nullable().describe('Of a service; null: not measured'),
  memory_peak_bytes: z.number().nullable().describe('Of a service; null: not measured'),
  slot: Instant.nullable().describe('Of a service: when its schedule wanted it to begin'),
  reason: z.string().nullable().describe('Of a service: why it did not run, or how it ended, in words'),
}).meta({ id: 'Run' })
export type Run = z.output<typeof Run>

/** States that a process can tell of itself. */
const ReportedState = z.enum(['running', 'succeeded', 'failed', 'timed_out', 'cancelled'])

export const ReportedRun = z.strictObject({
  id: z.uuidv7().describe('Made by the reporter, so that telling twice is telling once'),
  name: freeText(255).min(1).describe('The name of the task'),
  tenant_id: TenantId.optional(),
  state: ReportedState,
  attempt: z.int().min(1).max(1000).optional().describe('How many tries it took so far'),
  host: freeText(255).optional(),
  started_at: Instant,
  ended_at: Instant.optional().describe('Required unless it is running'),
  exit_code: z.int().min(-2_147_483_648).max(2_147_483_647).optional(),
  error_type: freeText(255).optional(),
  error_message: freeText(4_000).optional(),
  error_types: z.array(freeText(255)).max(100).optional().describe('Of every failed attempt, in order; counted, not kept'),
  correlation_id: CorrelationId.optional(),
}).meta({ id: 'ReportedRun' })
export type ReportedRun = z.input<typeof ReportedRun>

export const StoryEntry = z.object({
  at: Instant,
  type: z.string(),
  subject: z.string(),
  name: z.string(),
  tenant_id: z.string().nullable(),
  attempt: z.int().nullable(),
  actor: z.string().nullable(),
  message: z.string(),
}).meta({ id: 'StoryEntry' })
export type StoryEntry = z.output<typeof StoryEntry>

export const runs = {
  list: operation({
    method: 'GET', path: '/runs', permission: 'runs:read',
    summary: 'List what ran: those that run first, then by their end, the latest first',
    input: z.strictObject({
      kind: RunKind.optional().describe('Only runs of this kind'),
      state: RunState.optional().describe('Only runs in this state'),
      name: freeText(255).min(1).optional().describe('Only runs of this name'),
      subject: freeText(255).min(1).optional().describe('Only runs of this job, or of this service: HOST/SCOPE/NAME'),
      tenant_id: TenantId.optional().describe('Only runs of this tenant'),
      correlation_id: CorrelationId.optional().describe('Only runs of this correlation id'),
      since: z.string().max(100).optional().describe('Only runs that ended since, or still run; those whose end nobody saw, by their start: an instant, or how long ago, such as 1h'),
      ...pageInput,
    }),
    output: pageOf(Run),
    errors: ['request.invalid', 'tenant.not_found', 'cursor.invalid'],
    cli: {
      command: 'runs list', flags: { tenant_id: '--tenant <id>' },
      examples: ['tf runs list --state failed --since 1h', 'tf runs list --kind service -o json'],
    },
  }),
  get: operation({
    method: 'GET', path: '/runs/{id}', permission: 'runs:read',
    summary: 'Show one run',
    input: z.strictObject({ id: freeText(255).min(1).describe('The id of the run; for a service what systemd calls the invocation') }),
    output: Run,
    errors: ['run.not_found'],
    cli: { command: 'runs show', args: ['id...'], examples: ['tf runs show 019a9f00-1234-7abc-8def-0123456789ab.1'] },
  }),
  report: operation({
    method: 'POST', path: '/runs:report', permission: 'runs:write',
    summary: 'Report runs of tasks that no server started: all or none, and telling twice is telling once',
    input: z.strictObject({ items: z.array(ReportedRun).min(1).max(1000) }),
    output: z.object({ accepted: z.int() }),
    errors: ['request.invalid', 'tenant.not_found'],
  }),
  timeline: operation({
    method: 'GET', path: '/timeline/{correlation_id}', permission: 'runs:read',
    summary: 'Tell what happened under one correlation id, oldest first',
    input: z.strictObject({ correlation_id: freeText(128).min(1).describe('The correlation id, or the id of a job'), limit: z.coerce.number().int().min(1).max(10_000).default(1000).describe('How many to show at most') }),
    output: z.object({ items: z.array(StoryEntry), next_cursor: z.null() }),
    errors: ['request.invalid'],
    cli: { command: 'runs timeline', args: ['correlation_id'], examples: ['tf runs timeline order-4711'] },
  }),
}
