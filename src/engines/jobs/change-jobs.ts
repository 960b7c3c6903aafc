/**
 * What people do to a job: cancel it, or run it again.
 */
import type { Database, Queryable } from '../../kernel/database/database.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import type { Actor, Scope } from '../../kernel/scope.ts'
import { inlinePayloadBytes } from './add-jobs.ts'
import { nextState } from './job-state.ts'
import { readJobState } from './store.ts'
import { endedAttempts } from './sql/await-parents.ts'
import { lockLease, markCancelled, recordCancel, takeHeld, takeReady } from './sql/cancel-job.ts'
import { reviveJob } from './sql/revive-job.ts'

/** A job may move while it is looked for; then it is looked for again. */
const rounds = 20

/** Ends an unfinished job as CANCELLED. A running handler is told by its worker. @throws `job.not_found`, `job.invalid_transition` */
export async function cancelJob(database: Database, scope: Scope, id: string, reason: string | undefined, by: Actor): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    nextState(await readJobState(database, scope, id), 'cancel', id)
    if (await database.transaction((tx) => takeAway(tx, id, reason ?? `cancelled by ${by.name}`, by))) return
  }
  throw new TaskflowsError('internal', `job ${id} kept moving while it was cancelled`, { hint: 'Cancel it again.' })
}

/** Whether the job was found where it could be cancelled. */
async function takeAway(tx: Queryable, id: string, reason: string, by: Actor): Promise<boolean> {
  for (const take of [takeHeld, takeReady]) {
    const [taken] = await tx.query<{ attempt: number; awaited: boolean }>(take, [id])
    if (!taken) continue
    await tx.query(recordCancel, [id, taken.attempt, null, null, reason, by.name, taken.awaited])
    return true
  }
  const leases = await tx.query<{ id: string; worker_id: string; claimed_at: number; attempt: number; awaited: boolean }>(lockLease, [id])
  const ended = await tx.query<{ attempt: number; final: string | null }>(endedAttempts, [[id]])
  const running = leases.find(({ attempt }) => !ended.some((past) => past.attempt === attempt))
  if (!running) return false
  await tx.query(markCancelled, [running.id, id, running.worker_id])
  await tx.query(recordCancel, [id, running.attempt, running.worker_id, running.claimed_at, reason, by.name, running.awaited])
  return true
}

/** Makes a finished job claimable again, with a fresh budget. @throws `job.not_found`, `job.invalid_transition` */
export async function retryJob(database: Database, scope: Scope, id: string, by: Actor): Promise<void> {
  nextState(await readJobState(database, scope, id), 'revive', id)
  const revived = await database.query(reviveJob, [id, by.name, inlinePayloadBytes])
  // Somebody else was faster: say what state that left it in.
  if (revived.length === 0) nextState(await readJobState(database, scope, id), 'revive', id)
}
