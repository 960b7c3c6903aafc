/** `tf jobs ...`: how jobs are shown. Words, arguments and flags come from the contract. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import { systemClock } from '../../../kernel/clock.ts'
import { padEnd } from '../../../kernel/display-width.ts'
import { formatDuration, parseDuration } from '../../../kernel/duration.ts'
import { TaskflowsError, exitCodes } from '../../../kernel/errors.ts'
import { interruptedExitCode, onInterruption } from '../interruption.ts'
import type { Listing } from '../output/output.ts'
import { type Paint, type Style } from '../output/style.ts'
import { type Column, formatTable } from '../output/table.ts'
import { localTime, shortTime } from '../output/time.ts'
import { visible } from '../output/visible.ts'
import type { PrintContext, Printers } from '../printers.ts'
import { type Job, waitForEnd } from '../wait.ts'

type Area = TaskflowsContract['jobs']
type Attempt = OutputOf<Area['attempts']>['items'][number]
type TimelineEntry = OutputOf<Area['timeline']>['items'][number]

export const jobPrinters: Printers<Area> = {
  add: async (job, context) => {
    for (const warning of job.warnings) context.talk.warn(warning)
    const { wait, waitTimeout } = context.values as { wait?: true; waitTimeout?: string }
    if (wait || waitTimeout !== undefined) return printEnd(job, waitTimeout, context)
    await context.output.item(job, { name: job.id, text: () => `job ${job.id} (${visible(job.name)}) ${job.created ? 'is' : 'was there already:'} ${standing(job)}` })
  },
  list: (page, { output }) => output.page(page, jobListing()),
  get: (job, { output, client }) =>
    output.item(job, {
      name: job.id,
      apart: true,
      text: async () => {
        const [attempts, timeline] = await Promise.all([client.jobs.attempts({ id: job.id }), client.jobs.timeline({ id: job.id })])
        return jobStory(job, attempts.items, timeline.items, output.paint)
      },
    }),
  cancel: (job, { output }) => output.item(job, { name: job.id, text: () => `job ${job.id} is now ${job.state}` }),
  retry: (job, { output }) => output.item(job, { name: job.id, text: () => `job ${job.id} is now ${job.state}` }),
}

async function printEnd({ created, ...added }: OutputOf<Area['add']>, waitTimeout: string | undefined, { client, output, talk }: PrintContext): Promise<number | void> {
  talk.note(`job ${added.id} (${added.name}) ${created ? 'added' : 'was there already'}; waiting for its end`)
  using interruption = onInterruption()
  const { end, job } = await waitForEnd(added, {
    get: () => client.jobs.get({ id: added.id }),
    clock: systemClock,
    timeoutMs: waitTimeout === undefined ? undefined : parseDuration(waitTimeout),
    signal: interruption.signal,
    onLook: (seen) => talk.progress(`${seen.state.toLowerCase()}, attempt ${seen.attempts} of ${seen.max_attempts}`),
  })
  talk.progress('')
  if (end === 'interrupted') {
    talk.note(`no longer waiting; job ${job.id} goes on: tf jobs show ${job.id}`)
    return interruptedExitCode
  }
  const succeeded = job.state === 'SUCCEEDED'
  const forPeople = output.format === 'table' || output.format === 'wide'
  // The error says it already.
  if (succeeded || !forPeople) await output.item(job, { name: job.id, text: () => endText(job) })
  if (!succeeded) throw end === 'timeout' ? waitTimedOut(job, waitTimeout!) : didNotSucceed(job)
  return exitCodes.ok
}

function endText(job: Job): string {
  return `job ${job.id} ${job.state}${job.result === null || job.result === undefined ? '' : `: ${visible(JSON.stringify(job.result))}`}`
}

function didNotSucceed(job: Job): TaskflowsError {
  const error = job.last_error_message === null ? '' : `: ${job.last_error_type ?? 'Error'}: ${job.last_error_message}`
  return new TaskflowsError('job.failed', `job ${job.id} (${job.name}) is ${job.state} after ${times(job.attempts, 'attempt')}${error}`, {
    details: { id: job.id, state: job.state, error_type: job.last_error_type, error_message: job.last_error_message },
    hint: `tf jobs show ${job.id} tells the whole story.`,
  })
}

function waitTimedOut(job: Job, waited: string): TaskflowsError {
  return new TaskflowsError('job.wait_timeout', `job ${job.id} (${job.name}) is still ${job.state} after ${formatDuration(parseDuration(waited)!)}`, {
    details: { id: job.id, state: job.state },
    hint: `The job goes on: tf jobs show ${job.id}`,
  })
}

/** Where a job is and what it waits for, in words. */
function standing({ state, next_run_at, waiting_on, queue }: Job): string {
  if (waiting_on.length > 0) return `${state}: waits for ${times(waiting_on.length, 'job')}`
  if (state === 'SCHEDULED' && next_run_at !== null) return `${state}: runs ${shortTime(next_run_at, Date.now())}`
  return `${state} on queue ${visible(queue)}`
}

function times(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}

const stateStyles: Readonly<Record<Job['state'], Style | undefined>> = {
  PENDING: undefined,
  SCHEDULED: 'dim',
  RUNNING: 'cyan',
  SUCCEEDED: 'green',
  FAILED: 'red',
  DEAD: 'red',
  CANCELLED: 'yellow',
}

function jobListing(): Listing<Job> {
  const nowMs = Date.now()
  const when = (iso: string | null) => iso && shortTime(iso, nowMs)
  return {
    name: ({ id }) => id,
    empty: 'No jobs match.',
    columns: [
      { header: 'ID', value: ({ id }) => id },
      { header: 'NAME', value: ({ name }) => name, flexible: true },
      { header: 'STATE', value: ({ state }) => state, style: ({ state }) => stateStyles[state] },
      { header: 'QUEUE', value: ({ queue }) => queue, flexible: true },
      { header: 'TRIES', value: ({ attempts, max_attempts }) => `${attempts}/${max_attempts}`, align: 'right' },
      { header: 'CREATED', value: ({ created_at }) => when(created_at) },
    ],
    moreColumns: [
      { header: 'TENANT', value: ({ tenant_id }) => tenant_id, flexible: true },
      { header: 'PRIORITY', value: ({ priority }) => priority, align: 'right' },
      { header: 'NEXT RUN', value: ({ next_run_at }) => when(next_run_at) },
      { header: 'LAST RUN', value: ({ last_run_at }) => when(last_run_at) },
      { header: 'WORKER', value: ({ locked_by }) => locked_by, flexible: true },
      { header: 'LAST ERROR', value: ({ last_error_message }) => last_error_message, flexible: true },
    ],
  }
}

const attemptColumns: readonly Column<Attempt>[] = [
  { header: 'ATTEMPT', value: ({ attempt }) => attempt, align: 'right' },
  { header: 'OUTCOME', value: ({ outcome }) => outcome, style: ({ outcome }) => (outcome === 'succeeded' ? 'green' : 'red') },
  { header: 'ENDED', value: ({ ended_at }) => localTime(ended_at) },
  { header: 'TOOK', value: ({ duration_seconds }) => duration_seconds === null ? null : formatDuration(duration_seconds * 1000) },
  { header: 'WORKER', value: ({ worker }) => worker },
  { header: 'ERROR', value: ({ error_type, error_message }) => error_message === null ? null : `${error_type ?? 'Error'}: ${error_message}` },
]

const timelineColumns: readonly Column<TimelineEntry>[] = [
  { header: 'AT', value: ({ at }) => localTime(at) },
  { header: 'WHAT', value: ({ type }) => type },
  { header: 'BY', value: ({ actor }) => actor },
  { header: 'MESSAGE', value: ({ message }) => message },
]

/** All that is known about one job, for a person. */
function jobStory(job: Job, attempts: readonly Attempt[], timeline: readonly TimelineEntry[], paint: Paint): string {
  const style = stateStyles[job.state]
  const title = `${paint('bold', visible(job.name))}  ${style ? paint(style, job.state) : job.state}`
  const parts = [[title, ...factLines(jobFacts(job))].join('\n')]
  if (attempts.length > 0) parts.push(formatTable(attempts, attemptColumns, { paint }).join('\n'))
  if (timeline.length > 0) parts.push(formatTable(timeline, timelineColumns, { paint }).join('\n'))
  return parts.join('\n\n')
}

function jobFacts(job: Job): readonly (readonly [string, string | null])[] {
  const error = job.last_error_message === null ? null : `${job.last_error_type ?? 'Error'}: ${job.last_error_message}`
  return [
    ['id', job.id],
    ['queue', job.queue],
    ['tenant', job.tenant_id],
    ['unique key', job.unique_key ?? null],
    ['priority', String(job.priority)],
    ['attempts', `${job.attempts} of ${job.max_attempts}`],
    ['created', localTime(job.created_at)],
    ['next run', job.next_run_at && localTime(job.next_run_at)],
    ['last run', job.last_run_at && localTime(job.last_run_at)],
    ['waits for', job.waiting_on.join(', ') || null],
    ['worker', job.locked_by],
    ['error', error],
    ['decision', job.backoff_decision],
    ['payload', JSON.stringify(job.payload ?? null)],
    ['result', job.result === null || job.result === undefined ? null : JSON.stringify(job.result)],
    ['correlation', job.correlation_id === job.id ? null : job.correlation_id],
  ]
}

function factLines(facts: readonly (readonly [string, string | null])[]): string[] {
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== null)
  return known.map(([label, value]) => `  ${padEnd(label, 12)}${visible(value)}`)
}
