/**
 * Where a list of runs stands: behind one that runs, or behind one that has
 * ended. The text of it is nobody's business but ours.
 */
import { TaskflowsError } from '../../errors.ts'

export interface RunPosition {
  /** When it ended, or its place among those that did, in microseconds since 1970 as PostgreSQL keeps them; `null`: it runs. */
  readonly endedUs: number | null
  /** Of the job, the reported run, or the invocation of a service. */
  readonly id: string
  /** The number of the attempt; 0 for the others. */
  readonly ordinal: number
}

/** Behind one that has ended. */
export interface EndedPosition extends RunPosition {
  readonly endedUs: number
}

export function hasEnded(position: RunPosition): position is EndedPosition {
  return position.endedUs !== null
}

/** Behind everything that ended at this moment or later. */
export function behindMoment(endedUs: number): EndedPosition {
  return { endedUs, id: '00000000-0000-0000-0000-000000000000', ordinal: 0 }
}

export function writeCursor({ endedUs, id, ordinal }: RunPosition): string {
  return Buffer.from(`run ${endedUs ?? '-'} ${id} ${ordinal}`, 'latin1').toString('base64url')
}

const form = /^run (-|\d{1,16}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (\d{1,5})$/

/** @throws `cursor.invalid` */
export function readCursor(cursor: string): RunPosition {
  const [, endedUs, id, ordinal] = form.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? []
  if (id === undefined) throw new TaskflowsError('cursor.invalid', `${JSON.stringify(cursor.slice(0, 100))} is not a cursor of a list of runs`)
  return { endedUs: endedUs === '-' ? null : Number(endedUs), id, ordinal: Number(ordinal) }
}
