/** Reads the runs of TASKFLOWS_HOME/runs back, the latest first. `local-run-log.ts` writes them. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { RunReport } from '../../engines/tasks/run-report.ts'
import type { LogRecord } from '../../kernel/observe/read-record.ts'
import type { Run } from '../../kernel/runs.ts'
import { dayOf, runFiles } from './run-files.ts'

export interface LocalRun {
  readonly run: Run
  readonly lines: readonly LogRecord[]
  /** Lines that the run logged before these, and that were not kept. */
  readonly linesLeftOut: number
}

type Kept = RunReport & { readonly lines?: readonly LogRecord[]; readonly lines_left_out?: number }

/** @param sinceMs only runs that ended then or later */
export async function* readLocalRuns(directory: string, sinceMs = 0): AsyncGenerator<LocalRun> {
  for (const { path, day } of runFiles(directory)) {
    if (day < dayOf(sinceMs)) return
    const runs: LocalRun[] = []
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      const run = parseLocalRun(line)
      if (run && run.run.endedAt! >= sinceMs) runs.push(run)
    }
    yield* runs.sort((one, other) => other.run.endedAt! - one.run.endedAt!)
  }
}

/** `undefined` for what is no run: half a line that a full disk left, or one of a later version. */
export function parseLocalRun(line: string): LocalRun | undefined {
  try {
    const { lines = [], lines_left_out: linesLeftOut = 0, ...report } = JSON.parse(line) as Kept
    const [startedAt, endedAt] = [Date.parse(report.started_at), Date.parse(report.ended_at!)]
    if (typeof report.id !== 'string' || typeof report.name !== 'string' || Number.isNaN(startedAt) || Number.isNaN(endedAt)) return undefined
    return { run: { ...runOf(report), startedAt, endedAt }, lines, linesLeftOut }
  } catch {
    return undefined
  }
}

function runOf({ id, name, state, attempt, host, error_type: errorType, error_message: errorMessage, correlation_id: correlationId }: RunReport): Omit<Run, 'startedAt' | 'endedAt'> {
  return {
    id, name, state, host, kind: 'task', subject: null, service: null, tenant: 'default', exitCode: null,
    attempt: attempt ?? null, errorType: errorType ?? null, errorMessage: errorMessage ?? null, correlationId: correlationId ?? id,
  }
}
