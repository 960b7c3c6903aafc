/** Adds jobs of every kind for as long as it is told, every other request under an idempotency key, and remembers what was acknowledged. */
import { setTimeout as pause } from 'node:timers/promises'
import { TaskflowsError } from '../../../src/kernel/errors.ts'
import { type FinalState, type Planned, burst, kinds, patient, random } from './kinds.ts'
import type { CallerName, Requests } from './requests.ts'

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
  readonly requests: Requests
  readonly acknowledged: readonly Acknowledged[]
  /** Requests that were told of an unfinished job with their unique key. */
  readonly existing: readonly { readonly id: string; readonly request: number; readonly uniqueKey: string }[]
  /** Adds so many jobs of a second that every worker is busy, again until one such request was acknowledged, and resolves with the ids of that one. */
  burst(): Promise<readonly string[]>
  /** Adds nothing more, and waits until everything under an idempotency key has been answered. */
  stop(): Promise<void>
}

const lanes = 4
const breathMs = 20

export function startLoad(requests: Requests): Load {
  const acknowledged: Acknowledged[] = []
  const existing: { id: string; request: number; uniqueKey: string }[] = []
  let count = 0
  let stopped = false

  const remember = (request: number, planned: readonly Planned[], ids: readonly string[]): void => {
    ids.forEach((id, at) => {
      const parents = (planned[at]!.job.after ?? []).map((parent) => (typeof parent === 'number' ? ids[parent]! : parent))
      acknowledged.push({ id, request, together: ids.length, ends: [planned[at]!.ends], parents })
    })
  }

  /** The ids, if it was answered at once. */
  const add = async (request: number, planned: readonly Planned[], caller: CallerName = 'host'): Promise<readonly string[]> => {
    const items = planned.map(({ job }) => ({ ...job, payload: { ...(job.payload as object), request } }))
    const [first] = items
    const insisted = request % 2 === 0
    const send = <T>(call: Parameters<typeof requests.ask<T>>[1], answered: (answer: T) => void) =>
      insisted ? requests.insist(caller, `request ${request}`, call, answered) : requests.ask(caller, call).then((answer) => { if (answer !== undefined) answered(answer); return answer })
    if (items.length > 1) {
      const answer = await send(({ jobs }, options) => jobs.addMany({ items }, options), ({ ids }) => remember(request, planned, ids))
      return answer?.ids ?? []
    }
    const answer = await send(({ jobs }, options) => jobs.add({ ...first!, after: first!.after as string[] | undefined }, options), ({ id, created, unique_key: uniqueKey }) => {
      if (created) remember(request, planned, [id])
      else existing.push({ id, request, uniqueKey: uniqueKey! })
    })
    return answer ? [answer.id] : []
  }

  const addInTurn = (request: number): Promise<unknown> => {
    const { plan, caller } = kinds[request % kinds.length]!
    const earlier = acknowledged.findLast(({ ends, together }) => together === 1 && ends[0] === 'SUCCEEDED')?.id
    return add(request, plan(earlier), caller)
  }

  /** A job that is cancelled at about the moment when it begins. */
  const addAndCancel = async (request: number): Promise<void> => {
    const id = await requests.ask('host', async ({ jobs }) => (await jobs.add({ ...patient, name: 'slow', payload: { ms: 300, request }, delay: random(0, 1) / 5 })).id)
    if (id === undefined) return
    await pause(random(0, 300))
    const cancelled = await requests.ask('host', ({ jobs }) => jobs.cancel({ id }).then(() => true, (error: unknown) => {
      if (error instanceof TaskflowsError && error.code === 'job.invalid_transition') return false
      throw error
    }))
    const ends: readonly FinalState[] = cancelled === undefined ? ['CANCELLED', 'SUCCEEDED'] : cancelled ? ['CANCELLED'] : ['SUCCEEDED']
    acknowledged.push({ id, request, together: 1, ends, parents: [] })
  }

  const lane = async (): Promise<void> => {
    while (!stopped) {
      const request = (count += 1)
      await (request % 10 === 0 ? addAndCancel(request) : addInTurn(request))
      await pause(breathMs)
    }
  }

  const running = Promise.all(Array.from({ length: lanes }, lane))
  return {
    requests, acknowledged, existing,
    burst: async () => {
      for (;;) {
        const ids = await add((count += 1), burst)
        if (ids.length > 0) return ids
      }
    },
    stop: async () => {
      stopped = true
      await running
      await requests.settled()
    },
  }
}
