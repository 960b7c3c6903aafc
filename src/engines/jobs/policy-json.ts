/**
 * A job's or a task's policy as the tables keep it: snake_case JSON, so that
 * people can read it with SQL.
 */
import type { RetryPolicy } from '../../kernel/backoff.ts'
import type { JobPolicy } from './job.ts'

interface PolicyJson {
  max_attempts?: number
  timeout_ms?: number
  strategy?: RetryPolicy['strategy']
  base_delay_seconds?: number
  max_delay_seconds?: number
  jitter?: RetryPolicy['jitter']
}

/** `null` when the policy says nothing, which is the common case and costs nothing. */
export function writePolicy({ maxAttempts, timeoutMs, retry = {} }: JobPolicy): string | null {
  const json: PolicyJson = {
    ...(maxAttempts === undefined ? {} : { max_attempts: maxAttempts }),
    ...(timeoutMs === undefined ? {} : { timeout_ms: timeoutMs }),
    ...(retry.strategy === undefined ? {} : { strategy: retry.strategy }),
    ...(retry.baseDelaySeconds === undefined ? {} : { base_delay_seconds: retry.baseDelaySeconds }),
    ...(retry.maxDelaySeconds === undefined ? {} : { max_delay_seconds: retry.maxDelaySeconds }),
    ...(retry.jitter === undefined ? {} : { jitter: retry.jitter }),
  }
  return Object.keys(json).length === 0 ? null : JSON.stringify(json)
}

const nothingSaid: JobPolicy = {}

export function readPolicy(text: string | null): JobPolicy {
  if (text === null) return nothingSaid
  const json = JSON.parse(text) as PolicyJson
  const retry = {
    ...(json.strategy === undefined ? {} : { strategy: json.strategy }),
    ...(json.base_delay_seconds === undefined ? {} : { baseDelaySeconds: json.base_delay_seconds }),
    ...(json.max_delay_seconds === undefined ? {} : { maxDelaySeconds: json.max_delay_seconds }),
    ...(json.jitter === undefined ? {} : { jitter: json.jitter }),
  }
  return {
    ...(json.max_attempts === undefined ? {} : { maxAttempts: json.max_attempts }),
    ...(json.timeout_ms === undefined ? {} : { timeoutMs: json.timeout_ms }),
    ...(Object.keys(retry).length === 0 ? {} : { retry }),
  }
}
