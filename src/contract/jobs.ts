/** The operations on jobs. */
import { z } from 'zod'
import {
  AttemptOutcome, CorrelationId, JobId, JobName, JobState, MaxAttempts, Priority, QueueName, RetryPolicyWire, TenantId, UniqueKey, jobLimits,
} from '../engines/jobs/vocabulary.ts'
import { Duration, Instant, freeText, operation, pageInput, pageOf } from './operation.ts'

export const Job = z.object({
  id: JobId,
  name: z.string(),
  queue: z.string(),
  tenant_id: z.string(),
  unique_key: z.string().nullable(),
  payload: z.unknown().optional().describe('What the handler gets'),
  payload_omitted: z.boolean().optional().describe('true when the payload is too long for a list'),
  state: JobState,
  priority: z.int(),
  attempts: z.int().describe('Attempts that began, the running one included'),
  max_attempts: z.int(),
  scheduled_at: Instant,
  next_run_at: Instant.nullable(),
  last_run_at: Instant.nullable(),
  last_error_type: z.string().nullable(),
  last_error_message: z.string().nullable(),
  backoff_decision: z.string().nullable().describe('Why the last failure led where it led'),
  locked_by: z.string().nullable().describe('The worker that has it'),
  lease_expires_at: Instant.nullable(),
  waiting_on: z.array(JobId).describe('Unfinished jobs it waits for'),
  result: z.unknown().optional().describe('What the handler returned'),
  result_omitted: z.boolean().optional().describe('true when the result is too long for a list'),
  correlation_id: z.string(),
  created_at: Instant,
  updated_at: Instant,
  version: z.string().describe('Another one whenever the job has moved: what If-Match is compared with'),
}).meta({ id: 'Job' })
export type Job = z.output<typeof Job>

export const Attempt = z.object({
  attempt: z.int(),
  outcome: AttemptOutcome,
  final: z.boolean().describe('Whether it decided the end of the job'),
  worker: z.string().nullable(),
  started_at: Instant.nullable(),
  ended_at: Instant,
  duration_seconds: z.number().nullable(),
  error_type: z.string().nullable(),
  error_message: z.string().nullable(),
  backoff_decision: z.string().nullable(),
}).meta({ id: 'Attempt' })
export type Attempt = z.output<typeof Attempt>

export const TimelineEntry = z.object({
  at: Instant,
  type: z.string(),
  attempt: z.int().nullable(),
  actor: z.string().nullable(),
  message: z.string(),
}).meta({ id: 'TimelineEntry' })
export type TimelineEntry = z.output<typeof TimelineEntry>

const newJob = {
  name: JobName.describe('The name of the task to run'),
  payload: z.unknown().optional().describe('Any JSON value for the handler; {} if left out'),
  queue: QueueName.optional().describe('Where it waits; default "default"'),
  tenant_id: TenantId.optional().describe('For whom; default "default"'),
  priority: Priority.optional().describe('Higher runs first; default 0'),
  delay: Duration.optional().describe('Not before this long from now: seconds, or text such as 5m'),
  run_at: Instant.optional().describe('Not before this moment'),
  max_attempts: MaxAttempts.optional().describe('All tries, the first included; default what the task says, else 3'),
  timeout: Duration.optional().describe('Time-out of one attempt: seconds, or text such as 5m'),
  retry: RetryPolicyWire.optional().describe('How long to wait between tries'),
  unique_key: UniqueKey.optional().describe('Add it only if no unfinished job of this tenant and name has the same key'),
  correlation_id: CorrelationId.optional().describe('Ties it to the request or job that caused it; default its own id'),
}

export const NewJob = z.strictObject({
  ...newJob,
  after: z.array(JobId).max(jobLimits.parents).optional().describe('Jobs that must succeed first'),
}).meta({ id: 'NewJob' })
export type NewJob = z.input<typeof NewJob>

export const NewJobInBatch = z.strictObject({
  ...newJob,
  after: z.array(z.union([JobId, z.int().min(0)])).max(jobLimits.parents).optional().describe('Jobs that must succeed first: ids, or positions of earlier jobs in this request'),
}).meta({ id: 'NewJobInBatch' })
export type NewJobInBatch = z.input<typeof NewJobInBatch>

/** Any text, so that an id of the wrong form is a job that does not exist. */
const id = { id: z.string().min(1).max(255).describe('The id of the job') }

export const jobs = {
  add: operation({
    method: 'POST', path: '/jobs', aliases: ['/jobs'], permission: 'jobs:write', success: 201, created: 'created',
    summary: 'Add a job',
    input: NewJob,
    output: Job.extend({
      created: z.boolean().describe('false: an unfinished job has the unique key, and this is that one'),
      warnings: z.array(z.string()).describe('What was accepted but may surprise, such as a name no worker has registered'),
    }),
    errors: ['request.invalid', 'tenant.not_found', 'job.not_found'],
    cli: {
      command: 'jobs add', args: ['name'],
      flags: { payload: '--payload <json|@file|->', tenant_id: '--tenant <id>', after: '--after <id...>' }, hidden: ['retry'],
      examples: [
        `tf jobs add resize --payload '{"file": "cat.jpg"}'`,
        'tf jobs add resize --payload @cat.json --priority 10 --wait',
        'tf jobs add mail --delay 5m --tenant acme --max-attempts 5',
        'tf jobs add report --unique-key 2030-01 --delay 1h',
        'tf jobs add report --after "$(tf jobs add resize -o name)"',
      ],
    },
  }),
  addMany: operation({
    method: 'POST', path: '/jobs:batch', permission: 'jobs:write', success: 201, maxBodyBytes: 16 * 1_048_576,
    summary: 'Add many jobs at once: all or none',
    input: z.strictObject({ items: z.array(NewJobInBatch).min(1).max(jobLimits.bulk) }),
    output: z.object({
      ids: z.array(JobId).describe('In the order of the request'),
      existing: z.array(z.int()).describe('Positions of jobs that were there already, under their unique key'),
      warnings: z.array(z.string()),
    }),
    errors: ['request.invalid', 'tenant.not_found', 'job.not_found'],
  }),
  list: operation({
    method: 'GET', path: '/jobs', aliases: ['/jobs'], permission: 'jobs:read',
    summary: 'List jobs, newest first',
    input: z.strictObject({
      state: JobState.optional().describe('Only jobs in this state'),
      queue: QueueName.optional().describe('Only jobs of this queue'),
      tenant_id: TenantId.optional().describe('Only jobs of this tenant'),
      name: JobName.optional().describe('Only jobs of this name'),
      correlation_id: CorrelationId.optional().describe('Only jobs of this correlation id'),
      since: z.string().max(100).optional().describe('Only jobs created since: an instant, or how long ago, such as 1h'),
      ...pageInput,
    }),
    output: pageOf(Job),
    errors: ['request.invalid', 'tenant.not_found', 'cursor.invalid'],
    cli: {
      command: 'jobs list', flags: { tenant_id: '--tenant <id>' },
      examples: ['tf jobs list --state DEAD --since 1h', 'tf jobs list --queue mail -o json', 'tf jobs retry $(tf jobs list --state DEAD -o name)'],
    },
  }),
  get: operation({
    method: 'GET', path: '/jobs/{id}', aliases: ['/jobs/{id}'], permission: 'jobs:read',
    summary: 'Show one job',
    input: z.strictObject(id),
    output: Job,
    version: 'version',
    errors: ['job.not_found'],
    cli: { command: 'jobs show', args: ['id...'], examples: ['tf jobs show 019a9f00-1234-7abc-8def-0123456789ab'] },
  }),
  attempts: operation({
    method: 'GET', path: '/jobs/{id}/attempts', permission: 'jobs:read',
    summary: 'List the attempts at a job, oldest first',
    input: z.strictObject(id),
    output: z.object({ items: z.array(Attempt), next_cursor: z.null() }),
    errors: ['job.not_found'],
  }),
  timeline: operation({
    method: 'GET', path: '/jobs/{id}/timeline', permission: 'jobs:read',
    summary: 'Tell the story of a job, oldest first',
    input: z.strictObject(id),
    output: z.object({ items: z.array(TimelineEntry), next_cursor: z.null() }),
    errors: ['job.not_found'],
  }),
  cancel: operation({
    method: 'POST', path: '/jobs/{id}/cancel', aliases: ['/jobs/{id}/cancel'], permission: 'jobs:write', ifMatch: true,
    summary: 'Cancel a job that has not finished; a running one is told to stop',
    input: z.strictObject({ ...id, reason: freeText(jobLimits.reason).optional().describe('Kept in the history of the job') }),
    output: Job,
    errors: ['job.not_found', 'job.invalid_transition', 'request.precondition_failed'],
    cli: { command: 'jobs cancel', args: ['id...'], examples: ['tf jobs cancel 019a9f00-1234-7abc-8def-0123456789ab --reason "wrong file"'] },
  }),
  retry: operation({
    method: 'POST', path: '/jobs/{id}/retry', aliases: ['/jobs/{id}/retry'], permission: 'jobs:write', ifMatch: true,
    summary: 'Run a finished job again, with a fresh budget of attempts',
    input: z.strictObject(id),
    output: Job,
    errors: ['job.not_found', 'job.invalid_transition', 'job.unique_key_taken', 'request.precondition_failed'],
    cli: { command: 'jobs retry', args: ['id...'], examples: ['tf jobs retry 019a9f00-1234-7abc-8def-0123456789ab'] },
  }),
}
