/** Tasks that end late, never, or only elsewhere, and say on stdout what they do. */
import { setTimeout as pause } from 'node:timers/promises'
import type { AttemptStopped, JobContext } from '../../../src/engines/jobs/index.ts'
import { task } from '../../../src/index.ts'

const began = ({ job }: JobContext): void => console.log(`began ${job.id} ${job.attempt}`)
const ended = ({ job }: JobContext): void => console.log(`ended ${job.id} ${job.attempt}`)

/** Returns the number of its attempt. */
export const sleep = task(async ({ ms }: { ms: number }, context: JobContext) => {
  began(context)
  await pause(ms)
  ended(context)
  return context.job.attempt
}, { name: 'sleep' })

/** The first attempt never ends, but tells why it should. */
export const hangAtFirst = task(async (_payload: unknown, context: JobContext) => {
  context.signal.addEventListener('abort', () => console.log(`told ${context.job.id} ${(context.signal.reason as AttemptStopped).why}`))
  began(context)
  if (context.job.attempt === 1) await new Promise(() => {})
  return context.job.attempt
}, { name: 'hang-at-first' })

/** Keeps the event loop of its worker for itself. */
export const block = task(({ ms }: { ms: number }, context: JobContext) => {
  began(context)
  const until = Date.now() + ms
  while (Date.now() < until) continue
  return context.job.attempt
}, { name: 'block' })

/** The same, at the first attempt only and for ever. */
export const blockAtFirst = task((_payload: unknown, context: JobContext) => {
  began(context)
  while (context.job.attempt === 1) continue
  return context.job.attempt
}, { name: 'block-at-first' })
