/** The operations on what services wrote: a part of the area `services`. */
import { z } from 'zod'
import { ServiceScope } from '../engines/services/vocabulary.ts'
import { logLevels } from '../kernel/observe/log-level.ts'
import { Instant, freeText, operation, pageInput } from './operation.ts'

export const LogLine = z.object({
  cursor: z.string().describe('Where it is: streams and pages go on behind it'),
  at: Instant,
  hostname: z.string().nullable(),
  service: z.string().nullable().describe('web, or worker@1'),
  scope: ServiceScope,
  unit: z.string().nullable(),
  pid: z.int().nullable(),
  priority: z.int().describe('As in syslog(3): 0 is the worst, 7 for debugging'),
  level: z.enum(logLevels),
  message: z.string(),
  invocation_id: z.string().nullable().describe('The run it belongs to, as systemd names it'),
}).meta({ id: 'LogLine' })
export type LogLine = z.output<typeof LogLine>

const filter = {
  name: z.string().min(1).max(2000).regex(/^[A-Za-z0-9._@*?:\\,-]+$/, 'must be a name of letters, digits, dots, dashes and underscores, or a pattern with * and ?; several are separated by commas')
    .describe('The name of a service or of an instance, or a pattern: * is any text, ? one character; several are separated by commas'),
  scope: ServiceScope.optional().describe('Only services of one scope (both unless said)'),
  run: z.string().regex(/^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i, 'must be an invocation id of systemd').optional().describe('Only this run: an invocation id of systemd'),
  since: z.string().max(100).optional().describe('Not before: an instant, or how long ago, such as 1h'),
  until: z.string().max(100).optional().describe('Not after: an instant, which counts as well, or how long ago'),
  level: z.enum(logLevels).optional().describe('Only lines that matter this much or more'),
  grep: freeText(1000).min(1).optional().describe('Only lines that match a regular expression of JavaScript, in their first 10,000 characters'),
}

const errors = ['request.invalid', 'service.not_found', 'cursor.invalid', 'cursor.gone', 'logs.unavailable'] as const

// Whoever may see that a service failed may see why: what it wrote is how its state reads in full.
export const serviceLogs = {
  logs: operation({
    method: 'GET', path: '/services/{name}/logs', aliases: ['/services/{name}/logs', '/logs/{name}'], permission: 'services:read',
    summary: 'Show what services wrote to the journal, and systemd about them: the last lines, or from a time on',
    input: z.strictObject({
      ...filter, ...pageInput,
      order: z.enum(['desc', 'asc']).default('desc').describe('desc: the latest first, the next page is older. asc: the oldest first'),
      n_lines: z.coerce.number().int().min(1).max(100_000).optional().describe('The older name of limit; a page has 1000 at most'),
    }),
    output: z.object({
      items: z.array(LogLine),
      next_cursor: z.string().nullable().describe('Give it as cursor to see the next page, which may hold less than asked for, or nothing; null on the last one'),
      notes: z.array(z.string()).describe('What to know besides: of a container that has a log driver of its own, of a service that was removed'),
    }),
    errors,
  }),
  followLogs: operation({
    method: 'GET', path: '/services/{name}/logs', aliases: ['/services/{name}/logs', '/logs/{name}'], permission: 'services:read', stream: true,
    summary: 'Stream what services write, as server-sent events: from behind the cursor (or Last-Event-ID), else the last lines, else from since, else from now. Ends with an event named end when the run is over, or until has passed',
    input: z.strictObject({
      ...filter,
      cursor: pageInput.cursor.describe('The cursor of the last line that was received'),
      lines: z.coerce.number().int().min(1).max(10_000_000).optional().describe('Begin with so many of the lines that are there'),
    }),
    output: LogLine,
    errors: [...errors, 'server.too_many_streams'],
  }),
}
