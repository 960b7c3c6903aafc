/** What the worker runs while requests come: jobs that reach each state that a job can end in. */
import { setTimeout as pause } from 'node:timers/promises'
import { NonRetryableError, defineJobs } from '../../../src/index.ts'

export const jobs = defineJobs({
  echo: (payload: unknown) => payload,
  slow: (_payload: unknown, { signal }) => pause(200, undefined, { signal }),
  flaky: (_payload: unknown, { job }) => {
    if (job.attempt === 1) throw new Error('not yet')
  },
  refused: () => {
    throw new NonRetryableError('no use')
  },
})

export const taskNames = ['echo', 'slow', 'flaky', 'refused'] as const
