/** The tasks of the crash test. Each run writes down when it began and when it ended. */
import { setTimeout as pause } from 'node:timers/promises'
import type { JobContext } from '../../../src/engines/jobs/index.ts'
import { NonRetryableError, defineJobs } from '../../../src/index.ts'
import { note } from './ledger.ts'
import { connectAsUser } from './user-connection.ts'

type Handler = (payload: { readonly ms?: number }, context: JobContext) => unknown

const noted = (handler: Handler): Handler => async (payload, context) => {
  note('began', context.job.id, context.job.attempt)
  const result = await handler(payload, context)
  note('ended', context.job.id, context.job.attempt)
  return result
}

export const jobs = defineJobs({
  quick: noted((_payload, { job }) => job.attempt),
  slow: noted(({ ms }, { job }) => pause(ms, job.attempt)),
  flaky: noted((_payload, { job }) => {
    if (job.attempt <= 2) throw new Error('not yet')
  }),
  overdue: noted((_payload, { job, signal }) => (job.attempt === 1 ? pause(60_000, undefined, { signal }) : undefined)),
  hopeless: noted(() => {
    throw new Error('never')
  }),
  refused: noted(() => {
    throw new NonRetryableError('no use')
  }),
  /** Its effect and its end are one transaction, which is rolled back now and then. */
  paid: noted(async (_payload, context) => {
    const client = await connectAsUser()
    try {
      await client.query('begin')
      await client.query('insert into effects values ($1, $2)', [context.job.id, context.job.attempt])
      await context.completeInTransaction(client, context.job.attempt)
      await client.query(Math.random() < 0.2 ? 'rollback' : 'commit')
    } finally {
      await client.end().catch(() => {})
    }
  }),
})
