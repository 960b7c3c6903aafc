/** The operations on the event log. */
import type { z } from 'zod'
import { type Event, events } from '../contract/events.ts'
import type { StreamBatch, ValidInputOf } from '../contract/operation.ts'
import type { EventBatch, EventInterest } from '../kernel/events.ts'
import { type OperationContext, scopeOf } from './context.ts'
import { implement } from './implement.ts'
import { readSince, readTenant } from './read.ts'
import { showEvent, showPage } from './show.ts'

export const eventOperations = implement(events, {
  list: async ({ limit, ...input }, context) => showPage(await context.events.list(scopeOf(context), { limit, ...readInterest(input, context) }), showEvent),
  follow: (input, context) => showBatches(context.events.follow(scopeOf(context), readInterest(input, context), context.signal ?? never)),
})

const never = new AbortController().signal

function readInterest({ type, subject, tenant_id, correlation_id, since, cursor }: ValidInputOf<typeof events.follow>, { caller, clock }: OperationContext): EventInterest {
  const tenant = readTenant(tenant_id, caller)
  return {
    ...(type !== undefined && { type }),
    ...(subject !== undefined && { subject }),
    ...(tenant !== undefined && { tenant }),
    ...(correlation_id !== undefined && { correlationId: correlation_id }),
    ...(since !== undefined && { since: readSince(since, clock.now()) }),
    ...(cursor !== undefined && { cursor }),
  }
}

type ShownBatch = StreamBatch<z.output<typeof Event>>

/** Followers share batches, so what is shown of one is shared too. */
const shown = new WeakMap<EventBatch, ShownBatch>()

async function* showBatches(batches: AsyncIterable<EventBatch>): AsyncGenerator<ShownBatch, void> {
  for await (const batch of batches) yield showBatch(batch)
}

function showBatch(batch: EventBatch): ShownBatch {
  const known = shown.get(batch)
  if (known) return known
  const made = { items: batch.items.map(({ cursor, event }) => ({ cursor, item: showEvent(event) })), cursor: batch.cursor }
  shown.set(batch, made)
  return made
}
