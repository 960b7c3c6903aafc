/** The operations on the server itself. */
import { z } from 'zod'
import { Instant, operation } from './operation.ts'

export const system = {
  health: operation({
    method: 'GET', path: '/health', aliases: ['/health'], permission: 'public',
    summary: 'Tell whether the server and its database work',
    input: z.strictObject({}),
    output: z.object({ status: z.literal('ok') }),
    errors: ['database.unreachable'],
  }),
  info: operation({
    method: 'GET', path: '/server', permission: 'system:read',
    summary: 'Show the server, its database and its workers',
    input: z.strictObject({}),
    output: z.object({
      version: z.string(),
      hostname: z.string(),
      pid: z.int(),
      started_at: Instant,
      database: z.object({ version: z.string(), schema_version: z.int(), embedded: z.boolean() }),
      workers: z.array(z.object({
        id: z.string(), name: z.string(), queues: z.array(z.string()), tasks: z.array(z.string()), started_at: Instant, seen_at: Instant,
      })).describe('Workers that were heard of lately; none for a caller that is bound to a tenant'),
    }),
    errors: ['database.unreachable'],
  }),
}
