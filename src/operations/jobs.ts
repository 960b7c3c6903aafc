/** The operations on jobs: read the input, call the engine, show the result. */
import { jobs } from '../contract/jobs.ts'
import type { ChangeRequest, JobFilter } from '../engines/jobs/index.ts'
import { type OperationContext, actorOf, keeping, scopeOf } from './context.ts'
import { implement } from './implement.ts'
import { readNewJob, readNewJobs, readSince, readTenant } from './read.ts'
import { showAddedJob, showAddedJobs, showAll, showAttempt, showJob, showPage, showTimelineEntry } from './show.ts'

export const jobOperations = implement(jobs, {
  add: async (input, context) =>
    showAddedJob(await context.jobs.add(scopeOf(context), readNewJob(input, context), actorOf(context), keeping(context, showAddedJob))),
  addMany: async ({ items }, context) =>
    showAddedJobs(await context.jobs.addMany(scopeOf(context), readNewJobs(items, context), actorOf(context), keeping(context, showAddedJobs))),
  list: async ({ limit, cursor, ...filter }, context) =>
    showPage(await context.jobs.list(scopeOf(context), readFilter(filter, context), { limit, ...(cursor !== undefined && { cursor }) }), showJob),
  get: async ({ id }, context) => showJob(await context.jobs.get(scopeOf(context), id)),
  attempts: async ({ id }, context) => showAll(await context.jobs.attempts(scopeOf(context), id), showAttempt),
  timeline: async ({ id }, context) => showAll(await context.jobs.timeline(scopeOf(context), id), showTimelineEntry),
  cancel: async ({ id, reason }, context) =>
    showJob(await context.jobs.cancel(scopeOf(context), id, { ...changeOf(context), reason })),
  retry: async ({ id }, context) => showJob(await context.jobs.retry(scopeOf(context), id, changeOf(context))),
})

function changeOf(context: OperationContext): ChangeRequest {
  return { by: actorOf(context), versions: context.versions, alongside: keeping(context, showJob) }
}

interface FilterWire extends Pick<JobFilter, 'state' | 'queue' | 'name'> {
  readonly tenant_id?: string | undefined
  readonly correlation_id?: string | undefined
  readonly since?: string | undefined
}

function readFilter({ state, queue, name, tenant_id, correlation_id, since }: { readonly [K in keyof FilterWire]: FilterWire[K] | undefined }, { caller, clock }: OperationContext): JobFilter {
  const tenant = readTenant(tenant_id, caller)
  return {
    ...(state !== undefined && { state }),
    ...(queue !== undefined && { queue }),
    ...(name !== undefined && { name }),
    ...(tenant !== undefined && { tenant }),
    ...(correlation_id !== undefined && { correlationId: correlation_id }),
    ...(since !== undefined && { since: readSince(since, clock.now()) }),
  }
}
