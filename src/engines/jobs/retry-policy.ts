/**
 * What a failed attempt means for its job. Pure.
 */
import { type RetryPolicy, retryDelay } from '../../kernel/backoff.ts'
import { formatDuration } from '../../kernel/duration.ts'
import type { JobPolicy } from './job.ts'

/** What holds for a job when neither it nor its task says otherwise: 3 attempts, 30 s doubling up to an hour. */
export const defaultRetryPolicy: RetryPolicy = {
  maxAttempts: 3,
  strategy: 'exponential',
  baseDelaySeconds: 30,
  maxDelaySeconds: 3600,
  jitter: 'equal',
}

/** The policy in force: the job's own words first, then its task's, then the defaults. */
export function policyInForce(job: JobPolicy, task: JobPolicy = {}): RetryPolicy {
  const maxAttempts = job.maxAttempts ?? task.maxAttempts ?? defaultRetryPolicy.maxAttempts
  return { ...defaultRetryPolicy, ...task.retry, ...job.retry, maxAttempts }
}

export type FailureVerdict =
  | { readonly event: 'retry'; readonly delayMs: number; readonly reason: string }
  | { readonly event: 'reject' | 'bury'; readonly reason: string }

/** @param attempt the number of the attempt that failed, from 1. @param spentBefore attempts that an earlier manual retry wrote off. */
export function judgeFailure(attempt: number, spentBefore: number, retryable: boolean, policy: RetryPolicy, random: number): FailureVerdict {
  if (!retryable) return { event: 'reject', reason: 'the error is not retryable' }
  const used = attempt - spentBefore
  if (used >= policy.maxAttempts) return { event: 'bury', reason: `attempt ${used} of ${policy.maxAttempts} failed: the budget is spent` }
  const delayMs = retryDelay(policy, used, random)
  return { event: 'retry', delayMs, reason: `attempt ${used} of ${policy.maxAttempts} failed: next in ${formatDuration(delayMs)} (${policy.strategy}, jitter ${policy.jitter})` }
}
