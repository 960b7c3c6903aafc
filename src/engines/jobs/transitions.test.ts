/**
 * The state table and the SQL, held together: every pair of state and event is walked through the real statements.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { everyTenant } from '../../kernel/scope.ts'
import { type JobStore, createJobStore, plainWorker, tester } from '../../testing/job-store.ts'
import type { ClaimedJob } from './claimed-job.ts'
import { type JobEvent, jobEvents, jobTransitions } from './job-state.ts'
import { runSchedule } from './scheduler.ts'
import { type JobState, jobStates } from './vocabulary.ts'

let store: JobStore
let worker: ReturnType<typeof plainWorker>
beforeAll(async () => {
  store = await createJobStore(inject('postgresUrl'))
  worker = plainWorker(store)
})
afterAll(() => store[Symbol.asyncDispose]())

/** A job in a state, in a queue of its own, with the claim that a worker has or had of it. */
interface Subject {
  readonly id: string
  readonly queue: string
  readonly claim: ClaimedJob
}

let queues = 0
const newQueue = () => `q${(queues += 1)}`

async function claimed(): Promise<Subject> {
  const queue = newQueue()
  const id = await store.add({ queue })
  const [claim] = await worker.claim(1, { queue })
  return { id, queue, claim: claim! }
}

async function ended(final?: 'FAILED' | 'DEAD'): Promise<Subject> {
  const subject = await claimed()
  if (final) await worker.settle([subject.claim], { final })
  else await worker.complete([subject.claim])
  return subject
}

/** A worker that claims to hold what it does not. */
const imagined = (id: string, queue: string): ClaimedJob => ({
  id, lease: { id: '01900000-0000-7000-8000-000000000000', queue, claimedAt: 0, open: 1, inFlight: 0, lost: false }, name: 'work', tenant: 'default',
  rank: 0, tag: 0, attempt: 1, spent: 0, payload: '{}', policy: {}, correlation: null, traceparent: null,
})

const inState: Readonly<Record<JobState, () => Promise<Subject>>> = {
  PENDING: async () => {
    const queue = newQueue()
    const id = await store.add({ queue })
    return { id, queue, claim: imagined(id, queue) }
  },
  SCHEDULED: async () => {
    const queue = newQueue()
    const id = await store.add({ queue, delayMs: 3_600_000 })
    return { id, queue, claim: imagined(id, queue) }
  },
  RUNNING: claimed,
  SUCCEEDED: () => ended(),
  FAILED: () => ended('FAILED'),
  DEAD: () => ended('DEAD'),
  CANCELLED: async () => {
    const subject = await claimed()
    await store.jobs.cancel(everyTenant, subject.id, { by: tester })
    return subject
  },
}

const cause: Readonly<Record<JobEvent, (subject: Subject) => Promise<unknown>>> = {
  claim: ({ queue }) => worker.claim(1, { queue }),
  cancel: ({ id }) => store.jobs.cancel(everyTenant, id, { by: tester }),
  comeDue: async () => {
    await store.hurry()
    await runSchedule(store.database)
  },
  succeed: ({ claim }) => worker.complete([claim]),
  retry: ({ claim }) => worker.settle([claim], { delayMs: 3_600_000 }),
  reject: ({ claim }) => worker.settle([claim], { final: 'FAILED' }),
  bury: ({ claim }) => worker.settle([claim], { final: 'DEAD' }),
  release: ({ claim }) => worker.release([claim]),
  revive: ({ id }) => store.jobs.retry(everyTenant, id, { by: tester }),
}

/** These are asked for by people, and refused with words; the others are worker's and scheduler's doing, and just change nothing. */
const requests: readonly JobEvent[] = ['cancel', 'revive']

describe.each(jobStates)('a job that is %s', (state) => {
  const row: Partial<Record<JobEvent, JobState>> = jobTransitions[state]
  for (const event of jobEvents) {
    const next = row[event]
    if (next !== undefined) {
      test(`is ${next} after ${event}`, async () => {
        const subject = await inState[state]()
        expect((await store.get(subject.id)).state).toBe(state)
        await cause[event](subject)
        expect((await store.get(subject.id)).state).toBe(next)
        expect(await placesOf(subject.id)).toBe(1)
      })
    } else {
      test(`cannot be moved by ${event}`, async () => {
        const subject = await inState[state]()
        const before = await store.get(subject.id)
        const caused = cause[event](subject)
        if (requests.includes(event)) await expect(caused).rejects.toMatchObject({ code: 'job.invalid_transition', details: { id: subject.id, state, event } })
        else await caused
        expect(await store.get(subject.id)).toEqual(before)
        expect(await placesOf(subject.id)).toBe(1)
      })
    }
  }
})

/** In how many places a job is, of which there must be exactly one. */
async function placesOf(id: string): Promise<number> {
  const [row] = await store.database.query<{ places: number }>(
    `select (select count(*) from taskflows.held where id = $1::uuid) + (select count(*) from taskflows.ready where id = $1::uuid)
      + (select count(*) from taskflows.attempts where job_id = $1::uuid and final is not null)
      + (select count(*) from taskflows.leases l, unnest(l.job_ids, l.attempts) as u(id, attempt) where u.id = $1::uuid
          and not exists (select from taskflows.attempts a where a.job_id = u.id and a.attempt = u.attempt)) as places`, [id])
  return row!.places
}
