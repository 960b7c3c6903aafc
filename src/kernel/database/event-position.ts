/**
 * Where a reader of the event log stands, and the cursors that say so. Pure;
 * `event-reader.ts` reads from a position on.
 *
 * The order of sequence numbers is not that of commits: a transaction that
 * commits late has a low number, and a reader that asks for "greater than the
 * last" never sees it. So a position is a snapshot, and what comes next is a
 * window: what is visible in a later snapshot and was not visible in this one.
 */
import { TaskflowsError } from '../errors.ts'

/**
 * Everything visible in `seen` was shown; of what is visible in `until` and not
 * in `seen`, everything up to (`xid`, `seq`, `place`) was.
 */
export interface Position {
  /** Names the database to which the snapshots belong. */
  readonly of: string
  /** `null`: nothing was shown. */
  readonly seen: string | null
  /** The day on which `seen` was taken, or one before; in days since the epoch, by the database's clock. */
  readonly day: number
  /** What was not visible in `seen` is of this day or later, so that older partitions need not be looked at. */
  readonly floor: number
  /** `null`: up to now. */
  readonly until: string | null
  readonly xid: string
  readonly seq: number
  /** From 1; 0 before the first fact of the row. */
  readonly place: number
  /** Of a cursor of version 0.1, whose windows were read by `seq` alone: up to here the window was shown. */
  readonly passed: { readonly seq: number; readonly place: number } | null
}

const windowStart = { until: null, xid: '0', seq: 0, place: 0, passed: null } as const

/** Before the first fact. */
export function beginning(of: string): Position {
  return { of, seen: null, day: 0, floor: 0, ...windowStart }
}

/** Behind all that is visible in a snapshot of that day. */
export function behind(of: string, snapshot: string, day: number): Position {
  return { of, seen: snapshot, day, floor: hasOpen(snapshot) ? 0 : day, ...windowStart }
}

/** The same place, in a window that has an end. */
export function upTo(at: Position, snapshot: string): Position {
  return { ...at, until: at.until ?? snapshot }
}

/** Behind the window in which `at` is. @param day on which its `until` was taken */
export function behindWindow(at: Position, day: number): Position {
  const after = behind(at.of, at.until!, day)
  // A transaction that was not yet numbered when `seen` was taken wrote all its facts afterwards.
  const startedLater = readSnapshot(at.until).xmin >= readSnapshot(at.seen).xmax
  return { ...after, floor: Math.max(after.floor, startedLater ? at.day : at.floor) }
}

/** Whether all that is visible in `earlier` is visible in `later`. When in doubt, no. */
export function includes(later: string | null, earlier: string | null): boolean {
  const [of, all] = [readSnapshot(earlier), readSnapshot(later)]
  return of.xmax <= all.xmax && all.open.every((xid) => xid >= of.xmax || of.open.includes(xid))
}

/** Whether transactions were open when the snapshot was taken. */
export function hasOpen(snapshot: string | null): boolean {
  return readSnapshot(snapshot).open.length > 0
}

interface Snapshot {
  /** Whatever is older has ended. */
  readonly xmin: number
  /** The first that was not numbered yet. */
  readonly xmax: number
  /** Those that were open. */
  readonly open: readonly number[]
}

/** `xmin:xmax:xip,xip`, as PostgreSQL writes it (pg_snapshot). Its numbers stay below 2^53 for longer than anybody lives. */
function readSnapshot(text: string | null): Snapshot {
  const [xmin = '0', xmax = '0', open = ''] = text?.split(':') ?? []
  return { xmin: Number(xmin), xmax: Number(xmax), open: open === '' ? [] : open.split(',').map(Number) }
}

/** What the cursors of all places in a window begin with. */
function windowCursor({ of, seen, day, floor, until }: Position): string {
  return [of, seen ?? '', day, floor, until ?? ''].join('.')
}

export function writeCursor(at: Position): string {
  const place = [windowCursor(at), at.xid, at.seq, at.place]
  return (at.passed === null ? place : [...place, at.passed.seq, at.passed.place]).join('.')
}

const snapshot = /\d{1,19}:\d{1,19}:(?:\d{1,19}(?:,\d{1,19})*)?/.source
const form = new RegExp(`^([\\w-]{1,64})\\.(${snapshot})?\\.(\\d{1,6})\\.(\\d{1,6})\\.(${snapshot})?\\.(\\d{1,19})\\.(\\d{1,16})\\.(\\d{1,10})(?:\\.(\\d{1,16})\\.(\\d{1,10}))?$`)

/** @throws `cursor.invalid`, `cursor.gone` */
export function readCursor(cursor: string, of: string): Position {
  const at = readText(cursor) ?? readJson(cursor)
  if (at === undefined) throw notACursor(cursor)
  if (at.of !== of) throw new TaskflowsError('cursor.gone', 'the cursor was made by another database than this one')
  return at
}

function readText(cursor: string): Position | undefined {
  const found = form.exec(cursor)
  if (found === null) return undefined
  const [, of = '', seen = null, day, floor, until = null, xid = '0', seq, place, passedSeq, passedPlace] = found
  return {
    of, seen, day: Number(day), floor: Number(floor), until, xid, seq: Number(seq), place: Number(place),
    passed: passedSeq === undefined ? null : { seq: Number(passedSeq), place: Number(passedPlace) },
  }
}

const snapshotOnly = new RegExp(`^${snapshot}$`)

/** The form of version 0.1. */
function readJson(cursor: string): Position | undefined {
  const parts = parse(cursor)
  const [of, seen, until, seq, place] = parts
  const isSnapshot = (value: unknown): value is string | null => value === null || (typeof value === 'string' && snapshotOnly.test(value))
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
  if (parts.length !== 5 || typeof of !== 'string' || !isSnapshot(seen) || !isSnapshot(until) || !isCount(seq) || !isCount(place) || place > 2 ** 31 - 1) return undefined
  return { ...beginning(of), seen, until, passed: seq === 0 ? null : { seq, place } }
}

function parse(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

export function notACursor(cursor: string): TaskflowsError {
  return new TaskflowsError('cursor.invalid', `${JSON.stringify(cursor.slice(0, 100))} is not a cursor of the event log`)
}
