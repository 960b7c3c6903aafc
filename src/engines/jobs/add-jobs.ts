/**
 * Adding jobs: turns requests into rows and sends them.
 *
 * Single adds that arrive while a statement is under way are merged into the
 * next one, so ten callers cost one commit. Each promise resolves after the
 * commit that holds its job. What must wait (a time, parents) or has a unique
 * key goes through `add-waiting-jobs.ts`.
 */
import { ConnectionLost, type Database, type Queryable } from '../../kernel/database/database.ts'
import type { DatabaseClock } from '../../kernel/database/database-clock.ts'
import { newId } from '../../kernel/ids.ts'
import type { Actor, Scope } from '../../kernel/scope.ts'
import type { NewJob } from './job.ts'
import { ensurePartitions } from '../../kernel/database/partitions.ts'
import { writePolicy } from './policy-json.ts'
import { addJobs, addKeyedJobs } from './sql/add-jobs.ts'
import { existingJobs } from './sql/await-parents.ts'
import { column, uuids } from './sql/columns.ts'

/** Payloads up to this many bytes travel in the claimable row; longer ones are read after the claim. */
export const inlinePayloadBytes = 1024

/** A job as it is about to be written. */
export interface JobRow {
  readonly id: string
  /** JSON text. */
  readonly payload: string
  readonly name: string
  readonly queue: string
  readonly tenant: string
  readonly priority: number
  readonly policy: string | null
  readonly correlationId: string | null
  readonly traceparent: string | null
  readonly runAt: number | null
  readonly delayMs: number | null
  readonly uniqueKey: string | null
  /** Ids. */
  readonly parents: readonly string[]
  /** Another job of the same request waits for it. */
  awaited: boolean
}

/** The row of a request. `ids` are those of the whole request, for parents that are given by position. */
export function rowOf(job: NewJob, id: string, ids: readonly string[], scope: Scope): JobRow {
  return {
    id,
    payload: job.payload === undefined ? '{}' : JSON.stringify(job.payload),
    name: job.name,
    queue: job.queue ?? 'default',
    tenant: job.tenant ?? scope.tenant ?? 'default',
    priority: job.priority ?? 0,
    policy: job.policy ? writePolicy(job.policy) : null,
    correlationId: job.correlationId ?? null,
    traceparent: job.traceparent ?? null,
    runAt: job.runAt ?? null,
    delayMs: job.delayMs ?? null,
    uniqueKey: job.uniqueKey ?? null,
    parents: job.after ? [...new Set(job.after.map((parent) => (typeof parent === 'number' ? ids[parent]! : parent)))] : [],
    awaited: false,
  }
}

export function mustWait({ runAt, delayMs, parents }: JobRow): boolean {
  return runAt !== null || delayMs !== null || parents.length > 0
}

/** The parameters that `add-jobs` and `hold-jobs` share. */
export function columnsOf(rows: readonly JobRow[], by: Actor, collapse: <T>(values: readonly T[]) => readonly T[] = column): unknown[] {
  return [
    uuids(rows.map(({ id }) => id)),
    `[${rows.map(({ payload }) => payload).join(',')}]`,
    collapse(rows.map(({ name }) => name)),
    collapse(rows.map(({ queue }) => queue)),
    collapse(rows.map(({ tenant }) => tenant)),
    collapse(rows.map(({ priority }) => priority)),
    collapse(rows.map(({ policy }) => policy)),
    collapse(rows.map(({ correlationId }) => correlationId)),
    collapse(rows.map(({ traceparent }) => traceparent)),
    collapse(rows.map(({ awaited }) => awaited)),
    by.name,
  ]
}

/** Sends rows that need not wait, in one statement. Returns the database's time. */
export async function insertReady(tx: Queryable, rows: readonly JobRow[], by: Actor): Promise<number> {
  const values = [...columnsOf(rows, by), inlinePayloadBytes]
  const [found] = rows.some(({ uniqueKey }) => uniqueKey !== null)
    ? await tx.rows<[now: number]>(addKeyedJobs, [...values, rows.map(({ uniqueKey }) => uniqueKey)])
    : await tx.rows<[now: number]>(addJobs, values)
  return found![0]
}

const noPartition = '23514'
const duplicate = '23505'

/**
 * Does `insert`, which writes rows with any of these ids all or not at all, and
 * finds out how it ended when the connection broke under it.
 */
export async function insertOnce(database: Database, ids: readonly string[], nowMs: number, insert: () => Promise<number>): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await insert()
    } catch (error) {
      const code = (error as { code?: unknown }).code
      if (attempt > 1 && code === duplicate) return nowMs
      if (attempt === 1 && code === noPartition) await ensurePartitions(database, nowMs)
      else if (error instanceof ConnectionLost && error.sent && attempt < 5) {
        const [found] = await database.query(existingJobs, [ids, null])
        if (found) return nowMs
      } else throw error
    }
  }
}

interface Waiting {
  readonly row: JobRow
  readonly by: Actor
  resolve(now: number): void
  reject(error: unknown): void
}

/** Rows and characters of payload per statement, so that one caller of thousands does not delay the others for long. */
const mergedAtMost = 1_000
const mergedCharacters = 8_388_608

/** Merges single adds. */
export function createAdder(database: Database, time: DatabaseClock) {
  const waiting: Waiting[] = []
  /** Statements under way, and the jobs in them. */
  let statements = 0
  let under = 0
  let scheduled = false

  /**
   * A second statement goes out only for as many jobs as the first carries. If it
   * always did, callers that wait for their answers would settle into batches of
   * one beside batches of all others, at twice the cost.
   */
  const mayStart = (): boolean => waiting.length > 0 && (statements === 0 || (statements === 1 && waiting.length >= under))

  const flush = (): void => {
    scheduled = false
    while (mayStart()) {
      const batch = takeOfOneActor(waiting)
      statements += 1
      under += batch.length
      void send(batch).finally(() => {
        statements -= 1
        under -= batch.length
        // At the end of this turn of the event loop: callers that just got their answers may be about to add again.
        schedule(setImmediate)
      })
    }
  }

  const schedule = (later: (flush: () => void) => void): void => {
    if (scheduled) return
    scheduled = true
    later(flush)
  }

  const send = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const rows = batch.map(({ row }) => row)
      const now = await insertOnce(database, [rows[0]!.id], time.now(), () => insertReady(database, rows, batch[0]!.by))
      time.learn(now)
      for (const { resolve } of batch) resolve(now)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return {
    newId: () => newId(time.now()),
    /** Resolves with the time of its commit. */
    add: (row: JobRow, by: Actor): Promise<number> =>
      new Promise((resolve, reject) => {
        waiting.push({ row, by, resolve, reject })
        schedule(queueMicrotask)
      }),
  }
}

/** One statement names one actor, so a batch ends where the actor changes. */
function takeOfOneActor(waiting: Waiting[]): Waiting[] {
  const { by } = waiting[0]!
  let end = 1
  let characters = waiting[0]!.row.payload.length
  while (end < waiting.length && end < mergedAtMost && waiting[end]!.by.name === by.name) {
    characters += waiting[end]!.row.payload.length
    if (characters > mergedCharacters) break
    end += 1
  }
  return waiting.splice(0, end)
}
