/** The operations on the event log. */
import { events } from '../contract/events.ts'
import { scopeOf } from './context.ts'
import { implement } from './implement.ts'
import { readSince, readTenant } from './read.ts'
import { showEvent, showPage } from './show.ts'

export const eventOperations = implement(events, {
  list: async ({ type, subject, tenant_id, correlation_id, since, limit, cursor }, context) => {
    const tenant = readTenant(tenant_id, context.caller)
    const page = await context.events.list(scopeOf(context), {
      limit,
      ...(type !== undefined && { type }),
      ...(subject !== undefined && { subject }),
      ...(tenant !== undefined && { tenant }),
      ...(correlation_id !== undefined && { correlationId: correlation_id }),
      ...(since !== undefined && { since: readSince(since, context.clock.now()) }),
      ...(cursor !== undefined && { cursor }),
    })
    return showPage(page, showEvent)
  },
})
