/**
 * Adds jobs over HTTP for as long as it is told, and remembers what was acknowledged. It asks only for what the first
 * release can do; `machine/crash/load.ts` asks for everything.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { type Client, connectTo } from '../../src/client/index.ts'
import type { TaskflowsContract } from '../../src/contract/index.ts'
import { TaskflowsError, messageOf } from '../../src/kernel/errors.ts'

type FinalState = 'SUCCEEDED' | 'FAILED' | 'DEAD' | 'CANCELLED'
type Item = Parameters<Client<TaskflowsContract>['jobs']['addMany']>[0]['items'][number]

export interface Address {
  readonly url: string
  readonly secret: string
}

export interface Load {
  readonly acknowledged: readonly { readonly id: string; readonly ends: FinalState }[]
  /** What requests failed with. */
  readonly failures: readonly string[]
  /** Adds so many jobs of a second that every worker is busy. */
  burst(): Promise<void>
  stop(): Promise<void>
}

const job = (name: string, ends: FinalState = 'SUCCEEDED', more: Partial<Item> = {}) =>
  ({ ends, item: { max_attempts: 10, retry: { strategy: 'fixed', base_delay_seconds: 0.3, jitter: 'none' }, payload: {}, ...more, name } satisfies Item })
const slow = (more: Partial<Item> = {}) => job('slow', 'SUCCEEDED', { payload: { ms: 200 }, ...more })

/** One request of each kind; they are sent in turn. */
const kinds: readonly (readonly ReturnType<typeof job>[])[] = [
  [job('quick')],
  [slow()],
  [job('quick', 'SUCCEEDED', { delay: 1 })],
  Array.from({ length: 30 }, (_, at) => job('quick', 'SUCCEEDED', { priority: at % 5 })),
  [job('flaky')],
  [job('quick'), slow({ after: [0] }), job('flaky', 'SUCCEEDED', { after: [0] }), job('quick', 'SUCCEEDED', { after: [1, 2], queue: 'other' })],
  [job('quick', 'SUCCEEDED', { tenant_id: 'acme', queue: 'other' })],
  [job('hopeless', 'DEAD', { max_attempts: 2 })],
  [job('refused', 'FAILED'), job('quick', 'CANCELLED', { after: [0] })],
]

const lanes = 2
const breathMs = 20

/** @param server the one to ask this time. */
export function startLoad(server: () => Address): Load {
  const acknowledged: { id: string; ends: FinalState }[] = []
  const failures: string[] = []
  let requests = 0
  let stopped = false

  const add = async (planned: readonly ReturnType<typeof job>[]): Promise<void> => {
    const { ids } = await connectTo(server()).jobs.addMany({ items: planned.map(({ item }) => item) })
    ids.forEach((id, at) => acknowledged.push({ id, ends: planned[at]!.ends }))
  }

  /** A job that is cancelled at about the moment when it begins. */
  const addAndCancel = async (): Promise<void> => {
    const { ids: [id] } = await connectTo(server()).jobs.addMany({ items: [slow({ delay: 0.1 }).item] })
    await pause(100)
    const cancelled = await connectTo(server()).jobs.cancel({ id: id! }).then(() => true, (error: unknown) => {
      if (error instanceof TaskflowsError && error.code === 'job.invalid_transition') return false
      throw error
    })
    acknowledged.push({ id: id!, ends: cancelled ? 'CANCELLED' : 'SUCCEEDED' })
  }

  const lane = async (): Promise<void> => {
    while (!stopped) {
      const request = (requests += 1)
      await (request % 10 === 0 ? addAndCancel() : add(kinds[request % kinds.length]!)).catch((error: unknown) => failures.push(messageOf(error)))
      await pause(breathMs)
    }
  }

  const running = Promise.all(Array.from({ length: lanes }, lane))
  return {
    acknowledged,
    failures,
    burst: () => add(Array.from({ length: 30 }, () => slow({ payload: { ms: 1_000 } }))),
    stop: async () => {
      stopped = true
      await running
    },
  }
}
