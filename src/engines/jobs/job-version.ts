/**
 * The version of a job: what a caller has seen of it, and means to change.
 *
 * It is another one whenever the job has moved: from waiting to running, to its
 * end, to the next attempt. Becoming due, a parent that has ended or a lease that was renewed
 * change nothing that a decision about the job would rest on.
 */
import { TaskflowsError } from '../../kernel/errors.ts'
import { isFinished } from './job-state.ts'
import type { JobState } from './vocabulary.ts'

/** @param turn the attempt that comes next, runs, or decided */
export function versionOf(state: JobState, turn: number): string {
  return `${isFinished(state) ? 'ended' : state === 'RUNNING' ? 'running' : 'waiting'}-${turn}`
}

/** @param versions those that will do; `undefined`: any @throws `request.precondition_failed` */
export function requireVersion(id: string, versions: readonly string[] | undefined, found: string): void {
  if (versions === undefined || versions.includes(found)) return
  throw new TaskflowsError('request.precondition_failed', `job ${id} is at version ${JSON.stringify(found)}; expected ${versions.length === 0 ? 'one that no version matches' : versions.map((version) => JSON.stringify(version)).join(' or ')}`, {
    details: { id, version: found, expected: versions },
  })
}
