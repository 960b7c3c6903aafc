/**
 * The tasks of the crash test. Each run writes down when it began and when it ended, one line each, in the file
 * CRASH_LEDGER: the other side of what the database believes.
 */
import { appendFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { JobContext } from '../../../src/engines/jobs/index.ts'
import { NonRetryableError, defineJobs } from '../../../src/index.ts'

type Handler = (payload: { readonly ms?: number }, context: JobContext) => unknown

/** Appended in one write, so that lines of several processes do not mix. */
function note(what: 'began' | 'ended', { job }: JobContext): void {
  appendFileSync(process.env['CRASH_LEDGER']!, `${what} ${job.id} ${job.attempt} ${Date.now()}\n`)
}

const noted = (handler: Handler): Handler => async (payload, context) => {
  note('began', context)
  const result = await handler(payload, context)
  note('ended', context)
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
})
