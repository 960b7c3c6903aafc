/** Prints log lines in the format asked for: to people with the start and the end of their runs around them, to programs as they were written. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import { formatDuration } from '../../../kernel/duration.ts'
import { type LogRecord, textOf } from '../../../kernel/observe/read-record.ts'
import type { RunLine } from '../../../run-history.ts'
import { logText } from './log-text.ts'
import type { Output } from './output.ts'
import { localTime } from './time.ts'
import { visible } from './visible.ts'

type Run = OutputOf<TaskflowsContract['runs']['get']>

export interface LogPrinterOptions {
  /** Runs whose start and end are shown, by id. */
  readonly runs: ReadonlyMap<string, Run>
  /** Lines say of which task they are. */
  readonly named: boolean
  /** Nobody knows where they end: programs get them one by one. */
  readonly endless: boolean
}

export interface LogPrinter {
  /** Lines with what is known of their runs; of runs without lines that alone. */
  print(lines: readonly RunLine[]): Promise<void>
  /** One more line, at once. */
  flow(lines: readonly RunLine[]): Promise<void>
  end(): Promise<void>
}

export function logPrinter(output: Output, { runs, named, endless }: LogPrinterOptions): LogPrinter {
  const forPeople = output.format === 'table' || output.format === 'wide'
  const oneByOne = output.flow<LogRecord>({ name: (record) => textOf(record, 'task_id') ?? '', columns: [], empty: '' })
  const flow = async (lines: readonly RunLine[]) => {
    if (endless && !forPeople) return oneByOne(lines.map(({ record }) => record))
    for (const { record, at, runId, runName } of lines) await output.item(record, { name: runId, text: () => logText(record, at, output.paint, named ? runName : null) })
  }
  const mark = async (text: string | undefined) => {
    if (forPeople && text !== undefined) await output.item({}, { name: '', text: () => output.paint('bold', text) })
  }
  return {
    flow,
    print: async (lines) => {
      const lastOf = new Map(lines.map(({ runId }, at) => [runId, at]))
      const begun = new Set<string>()
      for (const [at, line] of lines.entries()) {
        const run = runs.get(line.runId)
        if (run && !begun.has(run.id)) await mark(startOf(run))
        begun.add(line.runId)
        await flow([line])
        if (run && lastOf.get(run.id) === at) await mark(endOf(run))
      }
      for (const run of runs.size === 1 ? runs.values() : []) {
        if (begun.has(run.id)) continue
        await mark(startOf(run))
        await mark(endOf(run))
      }
    },
    end: output.end,
  }
}

function startOf({ name, id, host, started_at }: Run): string {
  return `${visible(name)} ${started_at === null ? 'did not start' : `started ${localTime(started_at)}`}${host === null ? '' : ` on ${visible(host)}`}, run ${id}`
}

function endOf({ name, state, ended_at, duration_seconds: seconds, error_type, error_message }: Run): string | undefined {
  if (ended_at === null) return undefined
  const error = error_type === null && error_message === null ? '' : `: ${visible(`${error_type ?? 'Error'}: ${error_message ?? ''}`)}`
  return `${visible(name)} ${state.replace('_', ' ')} ${localTime(ended_at)}${seconds === null ? '' : ` after ${formatDuration(seconds * 1000)}`}${error}`
}
