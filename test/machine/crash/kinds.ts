/** What a load asks for: requests of several kinds, and how their jobs must end. */
import type { Client } from '../../../src/client/index.ts'
import type { TaskflowsContract } from '../../../src/contract/index.ts'
import type { CallerName } from './requests.ts'

export type FinalState = 'SUCCEEDED' | 'FAILED' | 'DEAD' | 'CANCELLED'
type Item = Parameters<Client<TaskflowsContract>['jobs']['addMany']>[0]['items'][number]

export interface Planned {
  readonly job: Item
  readonly ends: FinalState
}

export interface Kind {
  readonly caller: CallerName
  /** One request. `earlier` is a job that was acknowledged before. */
  readonly plan: (earlier: string | undefined) => readonly Planned[]
}

/** A killed worker costs an attempt, so the budget of what must succeed is large. */
export const patient = { max_attempts: 50, retry: { strategy: 'fixed', base_delay_seconds: 0.2, jitter: 'none' } } as const
export const random = (from: number, to: number): number => Math.round(from + Math.random() * (to - from))

const job = (name: string, ends: FinalState = 'SUCCEEDED', more: Partial<Item> = {}): Planned => ({ job: { ...patient, ...more, name }, ends })
const slow = (more: Partial<Item> = {}): Planned => job('slow', 'SUCCEEDED', { payload: { ms: random(50, 300) }, ...more })

/** Sent in turn. Their number is odd, so that each is sent both with and without an idempotency key. */
export const kinds: readonly Kind[] = [
  { caller: 'host', plan: () => [job('quick')] },
  { caller: 'operator', plan: () => [slow()] },
  { caller: 'acme', plan: () => [job('quick', 'SUCCEEDED', { queue: 'other' })] },
  { caller: 'host', plan: () => [job('quick', 'SUCCEEDED', { delay: random(1, 20) / 10 })] },
  { caller: 'operator', plan: () => Array.from({ length: 50 }, () => job('quick', 'SUCCEEDED', { priority: random(-5, 5) })) },
  { caller: 'host', plan: () => [job('flaky')] },
  { caller: 'host', plan: (earlier) => [slow(earlier === undefined ? {} : { after: [earlier] })] },
  { caller: 'host', plan: () => [slow({ unique_key: `key ${random(1, 3)}` })] },
  { caller: 'operator', plan: () => [slow({ unique_key: `key ${random(1, 3)}`, delay: random(1, 5) / 10 })] },
  { caller: 'operator', plan: () => [job('quick'), slow({ after: [0] }), job('flaky', 'SUCCEEDED', { after: [0] }), job('quick', 'SUCCEEDED', { after: [1, 2], queue: 'other' })] },
  { caller: 'host', plan: () => [job('quick', 'SUCCEEDED', { tenant_id: 'acme', queue: 'other' })] },
  { caller: 'operator', plan: () => [job('paid')] },
  { caller: 'host', plan: () => [job('overdue', 'SUCCEEDED', { timeout: 0.5 })] },
  { caller: 'host', plan: () => [job('hopeless', 'DEAD', { max_attempts: 3 })] },
  { caller: 'operator', plan: () => [job('refused', 'FAILED'), job('quick', 'CANCELLED', { after: [0] })] },
]

/** Enough to keep every worker busy for a second. */
export const burst: readonly Planned[] = Array.from({ length: 40 }, () => job('slow', 'SUCCEEDED', { payload: { ms: 1_000 } }))
