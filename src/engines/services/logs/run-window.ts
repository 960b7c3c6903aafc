/**
 * When one run of a unit was, by what systemd said of it and of the runs
 * around it. Lines say of which run they are, except where journald could not
 * know it (a manager whose runtime directory is not in /run/user): those are
 * told by their time.
 */
import { isSingleRun } from '../run-units.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { LogLine, ServiceJournal } from './service-journal.ts'

export interface RunWindow {
  readonly unit: string
  readonly scope: ServiceScope
  /** Epoch milliseconds: from its start until the start of the next run. */
  readonly from: number
  readonly until: number
}

/** A program is heard that much sooner than systemd says that it started. */
const headStartMs = 20
/** And so much later than that it ended. */
const lastWordsMs = 500

/** `undefined` when systemd said nothing of such a run. */
export async function findRun(journal: ServiceJournal, invocationId: string, signal: AbortSignal): Promise<RunWindow | undefined> {
  const first = await firstOf(journal.read({ source: { kind: 'run', invocationId } }, signal))
  if (first === undefined || first.unit === null) return undefined
  const { unit, scope, at } = first
  const about = { source: { kind: 'about', unit, scope } } as const
  const others = (line: LogLine) => line.bySystemd && line.invocationId !== null && line.invocationId !== invocationId
  const [before, after, last] = await Promise.all([
    firstOf(journal.read({ ...about, reverse: true, untilMs: at }, signal), (line) => others(line) && line.at < at),
    firstOf(journal.read({ ...about, sinceMs: at }, signal), (line) => others(line) && line.at > at),
    // Others go on beside it under other names, so that no next run tells where it ends.
    isSingleRun(unit) ? firstOf(journal.read({ ...about, reverse: true }, signal)) : undefined,
  ])
  const from = Math.max(at - headStartMs, before?.at ?? 0)
  if (isSingleRun(unit)) return { unit, scope, from, until: (last?.at ?? at) + lastWordsMs }
  return { unit, scope, from, until: after === undefined ? Infinity : after.at - headStartMs }
}

export function isOfRun({ invocationId, at, unit }: LogLine, wanted: string, window: RunWindow | undefined): boolean {
  if (invocationId !== null) return invocationId === wanted
  return window !== undefined && unit === window.unit && at >= window.from && at < window.until
}

async function firstOf(batches: AsyncIterable<readonly LogLine[]>, wanted: (line: LogLine) => boolean = () => true): Promise<LogLine | undefined> {
  for await (const batch of batches) {
    const found = batch.find(wanted)
    if (found) return found
  }
  return undefined
}
