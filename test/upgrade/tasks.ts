/** The tasks of `load.ts`, for workers of any release. Each run writes down when it began and when it ended. */
import { setTimeout as pause } from 'node:timers/promises'
import type { JobContext } from '../../src/engines/jobs/index.ts'
import { NonRetryableError, defineJobs } from '../../src/index.ts'
import { note } from '../machine/crash/ledger.ts'

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
  hopeless: noted(() => {
    throw new Error('never')
  }),
  refused: noted(() => {
    throw new NonRetryableError('no use')
  }),
})
