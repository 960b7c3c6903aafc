/** The operations on what services wrote. Loads no package, as `services.ts` of which they are a part. */
import { hostname } from 'node:os'
import type { LogLine as LogLineWire, serviceLogs } from '../contract/service-logs.ts'
import type { StreamBatch, ValidInputOf } from '../contract/operation.ts'
import type { LogBatch, LogLine, LogQuery } from '../engines/services/logs/index.ts'
import { serviceOfUnit } from '../engines/services/run-units.ts'
import { parseDuration } from '../kernel/duration.ts'
import { TaskflowsError, invalidFields } from '../kernel/errors.ts'
import { levelOfPriority, syslogPriorities } from '../kernel/observe/log-level.ts'
import type { OperationContext } from './context.ts'
import type { Implementation } from './implement.ts'

export type LogContext = Pick<OperationContext, 'serviceLogs' | 'clock' | 'caller' | 'signal'>

type Filter = ValidInputOf<typeof serviceLogs.followLogs>

export const serviceLogOperations: Implementation<typeof serviceLogs, LogContext> = {
  logs: async ({ limit, n_lines: asked, order, ...input }, context) => {
    const query = { ...readQuery(input, context), limit: Math.min(asked ?? limit, longestPage), reverse: order === 'desc' }
    const { lines, nextCursor, notes } = await context.serviceLogs.page(query, context.signal)
    return { items: lines.map(showLine), next_cursor: nextCursor, notes: [...notes] }
  },
  followLogs: (input, context) => showBatches(context.serviceLogs.follow({ ...readQuery(input, context), ...(input.lines !== undefined && { lines: input.lines }) }, context.signal ?? new AbortController().signal)),
}

const longestPage = 1000

function readQuery({ name, scope, run, since, until, level, grep, cursor }: Omit<Filter, 'lines'>, { caller, clock }: LogContext): LogQuery {
  // Services belong to no tenant.
  if (caller.tenant !== null) throw new TaskflowsError('service.not_found', `there is no service ${JSON.stringify(name)}`, { details: { name } })
  return {
    names: namesOf(name),
    ...(scope !== undefined && { scope }),
    ...(run !== undefined && { invocationId: run.replaceAll('-', '').toLowerCase() }),
    ...(since !== undefined && { sinceMs: readTime('since', since, clock.now()) }),
    ...(until !== undefined && { untilMs: readTime('until', until, clock.now()) }),
    ...(level !== undefined && { priority: syslogPriorities[level] }),
    ...(grep !== undefined && { grep }),
    // The stream of somebody who has received nothing yet begins as it was asked for.
    ...(cursor !== undefined && cursor !== '' && { cursor }),
  }
}

function namesOf(name: string): string[] {
  const names = [...new Set(name.split(','))]
  if (names.includes('')) throw invalidFields([{ path: 'name', message: `expected names separated by commas, got ${JSON.stringify(name)}` }])
  return names
}

/** Epoch milliseconds, of an instant or of how long ago. */
function readTime(path: string, text: string, nowMs: number): number {
  const ago = parseDuration(text.replace(/\s+ago$/, ''))
  const at = ago === undefined && instantForm.test(text) ? Date.parse(text) : nowMs - (ago ?? NaN)
  if (at >= -8.64e15) return Math.max(0, at)
  throw invalidFields([{ path, message: `expected an instant such as 2030-01-31T08:00:00Z, or how long ago such as 1h, got ${JSON.stringify(text)}` }])
}

const instantForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/

async function* showBatches(batches: AsyncIterable<LogBatch>): AsyncGenerator<StreamBatch<LogLineWire>, void> {
  for await (const { lines, cursor, last } of batches) yield { items: lines.map((line) => ({ cursor: line.cursor, item: showLine(line) })), cursor, ...(last && { last }) }
}

function showLine({ cursor, at, hostname: host, scope, unit, pid, priority, message, invocationId }: LogLine): LogLineWire {
  return {
    cursor, at: new Date(at).toISOString(), hostname: host ?? hostname(), service: unit === null ? null : serviceOfUnit(unit) ?? unit, scope, unit, pid,
    priority, level: levelOfPriority(priority), message, invocation_id: invocationId,
  }
}
