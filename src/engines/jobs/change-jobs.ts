/**
 * What people do to a job: cancel it, or run it again.
 */
import type { Database, Queryable } from '../../kernel/database/database.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import type { Actor, Scope } from '../../kernel/scope.ts'
import { inlinePayloadBytes } from './add-jobs.ts'
import type { Alongside, ChangeRequest } from './index.ts'
import type { Job } from './job.ts'
import { type JobEvent, nextState } from './job-state.ts'
import { requireVersion, versionOf } from './job-version.ts'
import { getJob } from './store.ts'
import { endedAttempts } from './sql/await-parents.ts'
import { lockLease, markCancelled, recordCancel, takeHeld, takeReady } from './sql/cancel-job.ts'
import { reviveJob } from './sql/revive-job.ts'
import { takeKeys } from './unique-keys.ts'

/** A job may move while it is looked for; then it is looked for again. */
const rounds = 20

/** Ends an unfinished job as CANCELLED. A running handler is told by its worker. Throws what `Jobs.cancel` says. */
export async function cancelJob(database: Database, scope: Scope, id: string, { reason, by, versions, alongside }: ChangeRequest & { readonly reason?: string | undefined }): Promise<Job> {
  for (let round = 0; round < rounds; round += 1) {
    await expectMovable(database, scope, id, 'cancel', versions)
    const cancelled = await database.transaction(async (tx) => {
      const moved = await takeAway(tx, id, reason ?? `cancelled by ${by.name}`, by)
      if (moved === undefined) return undefined
      requireVersion(id, versions, moved)
      return told(tx, scope, id, alongside)
    })
    if (cancelled) return cancelled
  }
  throw new TaskflowsError('internal', `job ${id} kept moving while it was cancelled`, { hint: 'Cancel it again.' })
}

/** The job, if it is at a version that will do and in a state that allows it. Both may change before it is locked. */
async function expectMovable(database: Queryable, scope: Scope, id: string, event: JobEvent, versions: readonly string[] | undefined): Promise<Job> {
  const job = await getJob(database, scope, id)
  // First, as RFC 9110 §13.2.2 has it: whoever acts on what has changed since is told that, and not what it led to.
  requireVersion(id, versions, job.version)
  nextState(job.state, event, id)
  return job
}

/** The version that the job had, if it was found where it could be cancelled. */
async function takeAway(tx: Queryable, id: string, reason: string, by: Actor): Promise<string | undefined> {
  for (const take of [takeHeld, takeReady]) {
    const [taken] = await tx.query<{ attempt: number; awaited: boolean }>(take, [id])
    if (!taken) continue
    await tx.query(recordCancel, [id, taken.attempt, null, null, reason, by.name, taken.awaited])
    return versionOf('PENDING', taken.attempt)
  }
  const leases = await tx.query<{ id: string; worker_id: string; claimed_at: number; attempt: number; awaited: boolean }>(lockLease, [id])
  const ended = await tx.query<{ attempt: number; final: string | null }>(endedAttempts, [[id]])
  const running = leases.find(({ attempt }) => !ended.some((past) => past.attempt === attempt))
  if (!running) return undefined
  await tx.query(markCancelled, [running.id, id, running.worker_id])
  await tx.query(recordCancel, [id, running.attempt, running.worker_id, running.claimed_at, reason, by.name, running.awaited])
  return versionOf('RUNNING', running.attempt)
}

/** Makes a finished job claimable again, with a fresh budget. Throws what `Jobs.retry` says. */
export async function retryJob(database: Database, scope: Scope, id: string, { by, versions, alongside }: ChangeRequest): Promise<Job> {
  for (let round = 0; round < rounds; round += 1) {
    const job = await expectMovable(database, scope, id, 'revive', versions)
    const revived = await database.transaction(async (tx) => {
      await takeKeyAgain(tx, job)
      const [moved] = await tx.query<{ attempt: number }>(reviveJob, [id, by.name, inlinePayloadBytes])
      // Somebody else was faster, which the next look will tell.
      if (moved === undefined) return undefined
      requireVersion(id, versions, versionOf(job.state, moved.attempt))
      return told(tx, scope, id, alongside)
    })
    if (revived) return revived
  }
  throw new TaskflowsError('internal', `job ${id} kept moving while it was retried`, { hint: 'Retry it again.' })
}

async function takeKeyAgain(tx: Queryable, job: Job): Promise<void> {
  const holder = (await takeKeys(tx, [job])).get(job.id)
  if (holder === undefined) return
  throw new TaskflowsError('job.unique_key_taken', `job ${job.id} cannot be retried: job ${holder} has its unique key ${JSON.stringify(job.uniqueKey)}, and has not ended`, {
    details: { id: job.id, unique_key: job.uniqueKey, held_by: holder }, hint: `Wait for its end, or cancel it: tf jobs cancel ${holder}`,
  })
}

/** The job as it was left, after `alongside` was told of it. */
async function told(tx: Queryable, scope: Scope, id: string, alongside: Alongside<Job> | undefined): Promise<Job> {
  const job = await getJob(tx, scope, id)
  await alongside?.(tx, job)
  return job
}
