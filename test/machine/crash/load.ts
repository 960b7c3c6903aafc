/** Adds jobs of every kind over HTTP for as long as it is told, and remembers what was acknowledged. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Client, connectTo } from '../../../src/client/index.ts'
import type { TaskflowsContract } from '../../../src/contract/index.ts'
import { TaskflowsError, messageOf } from '../../../src/kernel/errors.ts'

export type FinalState = 'SUCCEEDED' | 'FAILED' | 'DEAD' | 'CANCELLED'

/** A job whose request was answered. */
export interface Acknowledged {
  readonly id: string
  /** The number in its payload, the same for all jobs of one request. */
  readonly request: number
  /** Jobs in that request. */
  readonly together: number
  readonly ends: readonly FinalState[]
  readonly parents: readonly string[]
}

export interface Load {
  readonly acknowledged: readonly Acknowledged[]
  /** Requests whose answer never came, or that were refused because the database was away: they may have had an effect. */
  readonly lost: number
  /** Anything else that was answered. */
  readonly surprises: readonly string[]
  /** Adds so many jobs of a second that every worker is busy, and resolves with their ids. */
  burst(): Promise<readonly string[]>
  stop(): Promise<void>
}

type Item = Parameters<Client<TaskflowsContract>['jobs']['addMany']>[0]['items'][number]
interface Planned {
  readonly job: Item
  readonly ends: FinalState
}

/** A killed worker costs an attempt, so the budget of what must succeed is large. */
const patient = { max_attempts: 50, retry: { strategy: 'fixed', base_delay_seconds: 0.2, jitter: 'none' } } as const
const plan = (name: string, ends: FinalState = 'SUCCEEDED', more: Partial<Item> = {}): Planned => ({ job: { ...patient, ...more, name }, ends })
const random = (from: number, to: number): number => Math.round(from + Math.random() * (to - from))
const slow = (more: Partial<Item> = {}): Planned => plan('slow', 'SUCCEEDED', { payload: { ms: random(50, 300) }, ...more })

/** One request of each kind; they are sent in turn. `earlier` is a job that was acknowledged before. */
const kinds: ((earlier: string | undefined) => readonly Planned[])[] = [
  () => [plan('quick')],
  () => [slow()],
  () => [plan('quick', 'SUCCEEDED', { delay: random(1, 20) / 10 })],
  () => Array.from({ length: 50 }, () => plan('quick', 'SUCCEEDED', { priority: random(-5, 5) })),
  () => [plan('flaky')],
  (earlier) => [slow(earlier === undefined ? {} : { after: [earlier] })],
  () => [plan('quick'), slow({ after: [0] }), plan('flaky', 'SUCCEEDED', { after: [0] }), plan('quick', 'SUCCEEDED', { after: [1, 2], queue: 'other' })],
  () => [plan('quick', 'SUCCEEDED', { tenant_id: 'acme', queue: 'other' })],
  () => [plan('overdue', 'SUCCEEDED', { timeout: 0.5 })],
  () => [plan('hopeless', 'DEAD', { max_attempts: 3 })],
  () => [plan('refused', 'FAILED'), plan('quick', 'CANCELLED', { after: [0] })],
]

const lanes = 4
const breathMs = 20
/** What a server says while its database is away or it stops. */
const outages = ['server.unreachable', 'database.unreachable', 'database.timeout']

/** @param server where it listens now; it moves with each start. */
export function startLoad(server: () => { readonly url: string; readonly secret: string } | undefined): Load {
  const acknowledged: Acknowledged[] = []
  const surprises: string[] = []
  let lost = 0
  let requests = 0
  let stopped = false

  /** Resolves with nothing when the answer was lost. */
  const answered = async <T>(call: (client: Client<TaskflowsContract>) => Promise<T>): Promise<T | undefined> => {
    const at = server()
    try {
      if (at) return await call(connectTo(at))
    } catch (error) {
      lost += 1
      if (!(error instanceof TaskflowsError && outages.includes(error.code))) surprises.push(messageOf(error))
    }
    await pause(breathMs)
    return undefined
  }

  const addInTurn = (request: number): Promise<unknown> => {
    const earlier = acknowledged.findLast(({ ends, together }) => together === 1 && ends[0] === 'SUCCEEDED')?.id
    return add(request, kinds[request % kinds.length]!(earlier))
  }

  /** The ids, if it was answered. */
  const add = async (request: number, planned: readonly Planned[]): Promise<readonly string[]> => {
    const items = planned.map(({ job }) => ({ ...job, payload: { ...(job.payload as object), request } }))
    const [first] = items
    const ids = await answered(async ({ jobs }) => {
      if (items.length > 1) return (await jobs.addMany({ items })).ids
      return [(await jobs.add({ ...first!, after: first!.after as string[] | undefined })).id]
    })
    ids?.forEach((id, at) => {
      const parents = (planned[at]!.job.after ?? []).map((parent) => (typeof parent === 'number' ? ids[parent]! : parent))
      acknowledged.push({ id, request, together: items.length, ends: [planned[at]!.ends], parents })
    })
    return ids ?? []
  }

  /** A job that is cancelled at about the moment when it begins. */
  const addAndCancel = async (request: number): Promise<void> => {
    const id = await answered(async ({ jobs }) => (await jobs.add({ ...patient, name: 'slow', payload: { ms: 300, request }, delay: random(0, 1) / 5 })).id)
    if (id === undefined) return
    await pause(random(0, 300))
    const cancelled = await answered(({ jobs }) => jobs.cancel({ id }).then(() => true, (error: unknown) => {
      if (error instanceof TaskflowsError && error.code === 'job.invalid_transition') return false
      throw error
    }))
    const ends: readonly FinalState[] = cancelled === undefined ? ['CANCELLED', 'SUCCEEDED'] : cancelled ? ['CANCELLED'] : ['SUCCEEDED']
    acknowledged.push({ id, request, together: 1, ends, parents: [] })
  }

  const lane = async (): Promise<void> => {
    while (!stopped) {
      requests += 1
      await (requests % 10 === 0 ? addAndCancel(requests) : addInTurn(requests))
      await pause(breathMs)
    }
  }

  const running = Promise.all(Array.from({ length: lanes }, lane))
  return {
    acknowledged,
    surprises,
    get lost() { return lost },
    burst: () => add((requests += 1), Array.from({ length: 40 }, () => plan('slow', 'SUCCEEDED', { payload: { ms: 1_000 } }))),
    stop: async () => {
      stopped = true
      await running
    },
  }
}
