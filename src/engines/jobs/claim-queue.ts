/**
 * Where a worker stands in each queue it serves: behind which row the next
 * claim starts, and whether there is anything to claim.
 */
import { fromTheStart } from './sql/claim.ts'

interface Place {
  readonly rank: number
  readonly tag: number
  readonly id: string
}

export interface ClaimQueue {
  readonly name: string
  /** The last claim found less than it asked for. */
  dry: boolean
  /** The next claim starts behind it. */
  mark: Place
  /** When a claim last started from the start (epoch milliseconds). */
  scannedAt: number
  /** How often something new was announced. */
  wakes: number
}

/** Where a claim starts, and what was known by then. */
interface ClaimStart extends Place {
  readonly isStart: boolean
  readonly wakes: number
}

/** A claim starts from the start this often, to see rows that sort before the mark: late commits, higher priorities. */
const rescanMs = 1_000

export function claimQueue(name: string): ClaimQueue {
  return { name, dry: false, mark: fromTheStart, scannedAt: 0, wakes: 0 }
}

/** There may be something new, anywhere. */
export function wakeQueue(queue: ClaimQueue): void {
  queue.dry = false
  queue.mark = fromTheStart
  queue.wakes += 1
}

/** The place to claim from now. */
export function placeToClaim(queue: ClaimQueue, now: number): ClaimStart {
  if (now - queue.scannedAt >= rescanMs) queue.mark = fromTheStart
  const isStart = queue.mark === fromTheStart
  if (isStart) queue.scannedAt = now
  return { ...queue.mark, isStart, wakes: queue.wakes }
}

/** A claim of `asked` from `from` brought these rows, in claim order. */
export function noteClaim(queue: ClaimQueue, from: ClaimStart, asked: number, rows: readonly Place[]): void {
  // What was announced since may have been committed after this claim looked: it says nothing about that.
  if (from.wakes !== queue.wakes) return
  if (rows.length < asked) {
    // Behind a mark there may be less than in all: only a claim from the start can say that there is nothing.
    if (from.isStart) queue.dry = true
    queue.mark = fromTheStart
  } else {
    const last = rows.at(-1)!
    queue.mark = { rank: last.rank, tag: last.tag, id: last.id }
  }
}

/** Claim order. */
export function comparePlaces(one: Place, other: Place): number {
  return one.rank - other.rank || one.tag - other.tag || (one.id < other.id ? -1 : 1)
}
