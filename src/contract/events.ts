/** The operations on the event log. */
import { z } from 'zod'
import { CorrelationId, TenantId } from '../engines/jobs/vocabulary.ts'
import { Instant, freeText, operation, pageInput, pageOf } from './operation.ts'

export const Event = z.object({
  id: z.string().describe('Sequence and position: 1024.3'),
  at: Instant,
  type: z.string().describe('A fact in the past tense, such as job.succeeded'),
  subject: z.string().nullable().describe('The id of what it is about'),
  name: z.string().nullable(),
  tenant_id: z.string().nullable(),
  actor: z.string().nullable(),
  correlation_id: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
}).meta({ id: 'Event' })
export type Event = z.output<typeof Event>

const EventType = z.string().max(100).regex(/^[a-z_]+(\.[a-z_]+)*(\.\*)?$/, 'must be a type such as job.succeeded, or a kind such as job.*')

const filter = {
  type: EventType.optional().describe('Only this type, or all of one kind: job.*'),
  subject: freeText(255).optional().describe('Only events about this id'),
  tenant_id: TenantId.optional().describe('Only events of this tenant'),
  correlation_id: CorrelationId.optional().describe('Only events of this correlation id'),
  since: z.string().max(100).optional().describe('Only events since: an instant, or how long ago, such as 1h'),
}

export const events = {
  list: operation({
    method: 'GET', path: '/events', permission: 'events:read',
    summary: 'List what happened, in the order in which it was committed; there is always a next_cursor, since more will happen',
    input: z.strictObject({ ...filter, ...pageInput }),
    output: pageOf(Event),
    errors: ['request.invalid', 'tenant.not_found', 'cursor.invalid', 'cursor.gone'],
    cli: {
      command: 'events', flags: { tenant_id: '--tenant <id>' },
      examples: ['tf events --since 10m', "tf events --type 'job.*' --limit 200 -o jsonl", 'tf events --follow --since 1h'],
    },
  }),
  follow: operation({
    method: 'GET', path: '/events', permission: 'events:read', stream: true,
    summary: 'Stream what happens, as server-sent events: from behind the cursor (or Last-Event-ID), else from since, else from now',
    input: z.strictObject({ ...filter, cursor: pageInput.cursor.describe('The id of the last event that was received, or next_cursor of a list') }),
    output: Event,
    errors: ['request.invalid', 'tenant.not_found', 'cursor.invalid', 'cursor.gone', 'server.too_many_streams'],
  }),
}
