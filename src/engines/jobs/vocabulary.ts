/**
 * The words of the job engine that every reader shares: states, limits, the
 * shape of a retry policy. Safe for the browser: nothing but zod.
 */
import { z } from 'zod'
import { isPrintable, jobLimits } from './limits.ts'

export { jobLimits } from './limits.ts'

/** The seven states of a job, in the order of a life. */
export const jobStates = ['PENDING', 'SCHEDULED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'DEAD', 'CANCELLED'] as const
export const JobState = z.enum(jobStates).meta({ id: 'JobState', description: 'PENDING: due, waits for a worker. SCHEDULED: waits for a time or for other jobs. RUNNING: a worker has it. SUCCEEDED. FAILED: the error said not to retry. DEAD: every attempt is spent. CANCELLED.' })
export type JobState = z.infer<typeof JobState>

/** How one attempt ended. `lost`: its worker vanished. */
export const attemptOutcomes = ['succeeded', 'failed', 'timed_out', 'cancelled', 'lost'] as const
export const AttemptOutcome = z.enum(attemptOutcomes)
export type AttemptOutcome = z.infer<typeof AttemptOutcome>

const printable = (max: number) => z.string().trim().min(1).max(max).refine(isPrintable, 'must not hold control characters')

export const JobId = z.string().toLowerCase().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'must be a job id, a UUID such as 019a9f00-1234-7abc-8def-0123456789ab')
export const JobName = printable(jobLimits.name)
export const QueueName = printable(jobLimits.queue)
export const TenantId = printable(jobLimits.tenant)
export const UniqueKey = printable(jobLimits.uniqueKey)
export const CorrelationId = printable(jobLimits.correlationId)
export const Priority = z.int().min(jobLimits.priorityMin).max(jobLimits.priorityMax)
export const MaxAttempts = z.int().min(1).max(jobLimits.maxAttempts)

/** A retry policy as it travels: snake_case, every field optional; what is missing comes from the task, then from the defaults. */
export const RetryPolicyWire = z.strictObject({
  strategy: z.enum(['fixed', 'linear', 'exponential']).optional().describe('How the delay grows from one failure to the next'),
  base_delay_seconds: z.number().min(0).max(86_400).optional(),
  max_delay_seconds: z.number().min(0).max(2_592_000).optional(),
  jitter: z.enum(['full', 'equal', 'none']).optional(),
}).meta({ id: 'RetryPolicy' })
export type RetryPolicyWire = z.infer<typeof RetryPolicyWire>
