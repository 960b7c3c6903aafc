/** Times of a schedule that are made up for: part of the operations on services. */
import { z } from 'zod'
import { ServiceMatch, ServiceScope } from '../engines/services/vocabulary.ts'
import { Instant, operation } from './operation.ts'

const name = ServiceMatch.describe('The name of the service')
const id = z.string().min(1).max(100).describe('The id of the backfill')

const counts = { waiting: z.int(), running: z.int(), succeeded: z.int(), failed: z.int(), skipped: z.int(), cancelled: z.int() }

export const Backfill = z.object({
  id: z.string().nullable().describe('null of a dry run'),
  name: z.string(),
  scope: ServiceScope,
  hostname: z.string(),
  origin: z.enum(['backfill', 'catch_up']).describe('backfill: somebody asked. catch_up: the machine was down'),
  state: z.enum(['planned', 'running', 'cancelling', 'done', 'cancelled']),
  reason: z.string().nullable().describe('Why it ended before its time'),
  since: Instant,
  until: Instant,
  max_parallel: z.int(),
  again: z.boolean(),
  counts: z.object(counts).describe('Its times, by what became of them'),
  created_by: z.string(),
  created_at: Instant,
  ended_at: Instant.nullable(),
}).meta({ id: 'Backfill' })
export type Backfill = z.output<typeof Backfill>

export const BackfillDetails = Backfill.extend({
  slots: z.array(z.object({
    slot: Instant,
    state: z.enum(['left_out', 'waiting', 'running', 'succeeded', 'failed', 'skipped', 'cancelled']).describe('left_out: it ran well before; told by the plan alone'),
    started_at: Instant.nullable(),
    ended_at: Instant.nullable(),
    reason: z.string().nullable(),
  })).describe('Its times, the earliest first'),
}).meta({ id: 'BackfillDetails' })
export type BackfillDetails = z.output<typeof BackfillDetails>

const unknown = ['request.invalid', 'backfill.not_found', 'backfill.needs_server'] as const

export const serviceBackfills = {
  backfill: operation({
    method: 'POST', path: '/services/{name}/backfills', permission: 'services:write', success: 201, created: 'created',
    summary: 'Run a service once for each time of its schedule in a range, by the server',
    input: z.strictObject({
      name, scope: ServiceScope.optional().describe('Only services of one scope (both unless said)'),
      since: Instant.describe('The first time that counts'),
      until: Instant.describe('The last time that counts; not in the future'),
      max_parallel: z.int().min(1).max(50).default(1).describe('How many run at the same time'),
      again: z.boolean().default(false).describe('Also times that ran well before'),
      dry_run: z.boolean().default(false).describe('Say what would run, and do nothing'),
    }),
    output: BackfillDetails.extend({ created: z.boolean().describe('false of a dry run') }),
    errors: ['request.invalid', 'access.denied', 'service.not_found', 'service.ambiguous', 'backfill.invalid', 'backfill.needs_server', 'systemd.unavailable'],
  }),
  backfills: operation({
    method: 'GET', path: '/services/{name}/backfills', permission: 'services:read',
    summary: 'List what is and was made up for of a service, the latest first',
    input: z.strictObject({ name, scope: ServiceScope.optional().describe('Only services of one scope (both unless said)'), limit: z.coerce.number().int().min(1).max(1000).default(50).describe('How many to show at most') }),
    output: z.object({ items: z.array(Backfill), next_cursor: z.null() }),
    errors: ['request.invalid', 'service.not_found', 'service.ambiguous', 'backfill.needs_server', 'systemd.unavailable'],
  }),
  showBackfill: operation({
    method: 'GET', path: '/services/{name}/backfills/{id}', permission: 'services:read',
    summary: 'Show a backfill and what became of each of its times',
    input: z.strictObject({ name, id }),
    output: BackfillDetails,
    errors: unknown,
    cli: { command: 'backfill show', args: ['name', 'id'], examples: ['tf backfill show nightly 019a9f00-1234-7abc-8def-0123456789ab'] },
  }),
  cancelBackfill: operation({
    method: 'POST', path: '/services/{name}/backfills/{id}/cancel', permission: 'services:write',
    summary: 'Cancel a backfill: what waits is left out, what runs goes on to its end',
    input: z.strictObject({ name, id }),
    output: BackfillDetails,
    errors: [...unknown, 'backfill.over'],
    cli: { command: 'backfill cancel', args: ['name', 'id'], examples: ['tf backfill cancel nightly 019a9f00-1234-7abc-8def-0123456789ab'] },
  }),
}
