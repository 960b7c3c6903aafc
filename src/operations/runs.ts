/** The operations on the ledger of what ran. */
import { runs } from '../contract/runs.ts'
import { type OperationContext, actorOf, scopeOf } from './context.ts'
import { implement } from './implement.ts'
import { readReportedRuns, readSince, readTenant } from './read.ts'
import { showAll, showPage, showRun, showStoryEntry } from './show.ts'

export const runOperations = implement(runs, {
  list: async ({ limit, cursor, tenant_id, correlation_id, since, kind, state, name, subject }, context: OperationContext) => {
    const tenant = readTenant(tenant_id, context.caller)
    const filter = {
      ...(kind !== undefined && { kind }),
      ...(state !== undefined && { state }),
      ...(name !== undefined && { name }),
      ...(subject !== undefined && { subject }),
      ...(tenant !== undefined && { tenant }),
      ...(correlation_id !== undefined && { correlationId: correlation_id }),
      ...(since !== undefined && { since: readSince(since, context.clock.now()) }),
    }
    return showPage(await context.runs.list(scopeOf(context), filter, { limit, ...(cursor !== undefined && { cursor }) }), showRun)
  },
  get: async ({ id }, context) => showRun(await context.runs.get(scopeOf(context), id)),
  report: async ({ items }, context) => {
    await context.runs.report(scopeOf(context), readReportedRuns(items, context.caller), actorOf(context))
    return { accepted: items.length }
  },
  timeline: async ({ correlation_id, limit }, context) => showAll(await context.runs.story(scopeOf(context), correlation_id, limit), showStoryEntry),
})
