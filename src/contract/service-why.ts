/** Why a service is as it is: part of the operations on services. */
import { z } from 'zod'
import { ServiceMatch, ServiceScope } from '../engines/services/vocabulary.ts'
import { Instant, operation } from './operation.ts'

const SlotVerdict = z.enum(['due', 'on_time', 'late', 'skipped', 'missed', 'overdue'])

export const ServiceWhy = z.object({
  name: z.string(),
  scope: ServiceScope,
  hostname: z.string(),
  unit: z.string(),
  now: z.string().describe('What it does, in words'),
  last: z.object({
    started_at: Instant.nullable(),
    ended_at: Instant.nullable(),
    state: z.enum(['running', 'succeeded', 'failed', 'timed_out', 'cancelled', 'lost', 'skipped', 'missed']),
    text: z.string().describe('How it ended, and why'),
    lines: z.array(z.string()).describe('The last that it wrote, if it failed'),
  }).nullable().describe('Its last run; null when none is known'),
  next: z.object({
    at: Instant.nullable().describe('null: not by itself, or not known'),
    text: z.string(),
    obstacles: z.array(z.string()).describe('What keeps it from coming, or may'),
  }),
  slots: z.object({
    counts: z.partialRecord(SlotVerdict, z.int()).describe('Times of its calendar in the last week, by what became of them'),
    items: z.array(z.object({ slot: Instant, verdict: SlotVerdict, cause: z.string(), reason: z.string(), started_at: Instant.nullable() })).describe('Those that were not as they should, the latest first; at most 20'),
  }),
  dependencies: z.array(z.string()).describe('What it starts with and what is wrong with that'),
  unknown: z.array(z.string()).describe('What could not be found out'),
}).meta({ id: 'ServiceWhy' })
export type ServiceWhy = z.output<typeof ServiceWhy>

export const serviceWhy = {
  why: operation({
    method: 'GET', path: '/services/{name}/why', permission: 'services:read',
    summary: 'Say why a service is as it is: how its last run ended, what may stop the next, what its schedule missed',
    input: z.strictObject({ name: ServiceMatch.describe('The name of the service'), scope: ServiceScope.optional().describe('Only services of one scope (both unless said)') }),
    output: ServiceWhy,
    errors: ['request.invalid', 'service.not_found', 'service.ambiguous', 'systemd.unavailable'],
    cli: { command: 'why', args: ['name'], examples: ['tf why nightly', 'tf why nightly -o json'] },
  }),
}
