/**
 * Adding jobs of which some must wait, for a time or for other jobs, or have a
 * unique key (unique-keys.ts).
 *
 * The danger is a parent that ends unseen while its child is being added. So
 * the parents are marked as awaited first, wherever they stand, and stay locked
 * until the children are committed; a parent that ends after that leaves word in
 * `awaited_ends`, and one that had ended is counted here.
 */
import type { Database, Queryable } from '../../kernel/database/database.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import type { Actor, Scope } from '../../kernel/scope.ts'
import { type JobRow, columnsOf, insertReady, mustWait } from './add-jobs.ts'
import { addDependencies, awaitHeld, awaitLeased, awaitReady, endedAttempts, existingJobs, leaveWord } from './sql/await-parents.ts'
import { holdJobs } from './sql/hold-jobs.ts'
import { takeKeys } from './unique-keys.ts'

/** What became of the jobs of one request. */
export interface Added {
  /** In the order of the request. */
  readonly ids: readonly string[]
  /** Positions of those that were not added, since an unfinished job has their unique key: their id is its id. */
  readonly existing: readonly number[]
}

/**
 * Adds all rows in one transaction, in which `then` comes last. Returns the database's time.
 * @throws `job.not_found` for a parent that the scope cannot see
 */
export function addTogether(database: Database, rows: readonly JobRow[], scope: Scope, by: Actor, then: (tx: Queryable, added: Added) => Promise<void>): Promise<number> {
  return database.transaction(async (tx) => {
    const holders = await takeKeys(tx, rows)
    const now = await insertAll(tx, rows.filter(({ id }) => !holders.has(id)).map((row) => following(row, holders)), scope, by)
    await then(tx, { ids: rows.map(({ id }) => holders.get(id) ?? id), existing: rows.flatMap(({ id }, position) => (holders.has(id) ? [position] : [])) })
    return now
  })
}

/** The row behind the jobs that stand for its parents. */
function following(row: JobRow, holders: ReadonlyMap<string, string>): JobRow {
  return { ...row, parents: [...new Set(row.parents.map((id) => holders.get(id) ?? id))] }
}

async function insertAll(tx: Queryable, rows: readonly JobRow[], scope: Scope, by: Actor): Promise<number> {
  if (rows.length === 0) return 0
  const own = new Set(rows.map(({ id }) => id))
  const awaitedIds = new Set(rows.flatMap(({ parents }) => parents))
  const foreign = [...awaitedIds].filter((id) => !own.has(id))
  for (const row of rows) row.awaited = awaitedIds.has(row.id)
  await refuseUnknown(tx, foreign, scope)
  const ended = await markAwaited(tx, foreign)
  const now = await insertWaiting(tx, rows.filter(mustWait), ended, by)
  const free = rows.filter((row) => !mustWait(row))
  return free.length > 0 ? insertReady(tx, free, by) : now
}

async function refuseUnknown(tx: Queryable, parents: readonly string[], scope: Scope): Promise<void> {
  if (parents.length === 0) return
  const found = await tx.query<{ id: string }>(existingJobs, [parents, scope.tenant])
  if (found.length === parents.length) return
  const unknown = parents.filter((id) => !found.some((row) => row.id === id))
  throw new TaskflowsError('job.not_found', `there is no job ${unknown.slice(0, 3).join(', ')}${unknown.length > 3 ? ` (and ${unknown.length - 3} more)` : ''} to wait for`, {
    details: { field: 'after', ids: unknown.slice(0, 100) }, hint: 'List the jobs that exist: tf jobs list.',
  })
}

type FinalState = 'SUCCEEDED' | 'FAILED' | 'DEAD' | 'CANCELLED'

/** A job moves while it is looked for, so looking may take more than one round; each round locks what it finds. */
const rounds = 20

/** Marks the unfinished ones and returns how the others ended. */
async function markAwaited(tx: Queryable, parents: readonly string[]): Promise<ReadonlyMap<string, FinalState>> {
  const ended = new Map<string, FinalState>()
  let open = [...parents]
  for (let round = 0; open.length > 0; round += 1) {
    if (round === rounds) throw new TaskflowsError('internal', `jobs ${open.slice(0, 3).join(', ')} kept moving while another was added behind them`, { hint: 'Add the job again.' })
    const held = await tx.query<{ id: string }>(awaitHeld, [open])
    const ready = await tx.query<{ id: string }>(awaitReady, [open])
    const leased = await tx.query<{ id: string; attempt: number }>(awaitLeased, [open])
    const attempts = await tx.query<{ id: string; attempt: number; final: FinalState | null }>(endedAttempts, [open])
    for (const { id, final } of attempts) if (final) ended.set(id, final)
    const running = leased.filter(({ id, attempt }) => !attempts.some((past) => past.id === id && past.attempt === attempt))
    const placed = new Set([...held, ...ready, ...running].map(({ id }) => id))
    open = open.filter((id) => !placed.has(id) && !ended.has(id))
  }
  return ended
}

async function insertWaiting(tx: Queryable, rows: readonly JobRow[], ended: ReadonlyMap<string, FinalState>, by: Actor): Promise<number> {
  if (rows.length === 0) return 0
  const open = rows.map(({ parents }) => parents.filter((id) => ended.get(id) !== 'SUCCEEDED'))
  const [found] = await tx.rows<[now: number]>(holdJobs, [
    ...columnsOf(rows, by, (values) => values),
    rows.map(({ runAt }) => runAt),
    rows.map(({ delayMs }) => delayMs),
    rows.map(({ parents }) => (parents.length === 0 ? null : `{${parents.join(',')}}`)),
    open.map(({ length }) => length),
    rows.map(({ uniqueKey }) => uniqueKey),
  ])
  await tx.query(addDependencies, [open.flat(), open.flatMap((parents, at) => parents.map(() => rows[at]!.id))])
  // A parent that had already failed leaves word like one that fails later.
  const failed = [...new Set(open.flat())].filter((id) => ended.has(id))
  if (failed.length > 0) await tx.query(leaveWord, [failed, failed.map((id) => ended.get(id))])
  return found![0]
}
