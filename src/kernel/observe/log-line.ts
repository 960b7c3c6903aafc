/**
 * A line of the log as it was written, for those who pass lines on: the push to
 * Loki, the local run log. `log-record.ts` makes them.
 */
import type { LogLevel } from './log-level.ts'

/** Ids that stand at the top of a line, and that Loki keeps as structured metadata. */
export const lineIds = ['request_id', 'trace_id', 'task_id', 'correlation_id'] as const

export type LineId = (typeof lineIds)[number]

export interface LogLine {
  /** JSON, one line, without a line break. */
  readonly text: string
  readonly level: LogLevel
  /** Name of the logger. */
  readonly logger: string
  /** Nanoseconds since the epoch, strictly ascending within the process. */
  readonly timestampNs: string
  readonly ids: Readonly<Partial<Record<LineId, string>>>
}

/** Told of every line that is written. Must return at once; what it throws is ignored. */
export type LogTap = (line: LogLine) => void

// Another copy of this package writes lines too.
const key = Symbol.for('taskflows.log-taps')
const taps: Set<LogTap> = ((globalThis as Record<symbol, unknown>)[key] ??= new Set<LogTap>()) as Set<LogTap>

/** Returns what takes it away again. */
export function addLogTap(tap: LogTap): () => void {
  taps.add(tap)
  return () => { taps.delete(tap) }
}

/** Whether anybody wants lines: making one costs something. */
export function hasLogTaps(): boolean {
  return taps.size > 0
}

export function tellLogTaps(line: LogLine): void {
  for (const tap of taps) {
    try {
      tap(line)
    } catch {
      // A log call never throws, and whoever passes lines on says itself what went wrong.
    }
  }
}
