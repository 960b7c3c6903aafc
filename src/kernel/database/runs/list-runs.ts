/**
 * A page of the ledger: those that run, then those that ended, the latest first.
 *
 * There is no index of all attempts by their end, which would cost the hot path
 * more than it gives. One attempt in 256 is in a small one; it says how far back
 * to look so that a page is found there, and a summary of the table's blocks
 * (BRIN) leads to that span. So a page costs about a page, whether nothing
 * happened for weeks or a million attempts ended within a second.
 */
import type { Run, RunFilter } from '../../runs.ts'
import type { Scope } from '../../scope.ts'
import type { Database, Queryable } from '../database.ts'
import { type EndedPosition, type RunPosition, behindMoment, hasEnded, readCursor, writeCursor } from './run-cursor.ts'
import { type RunRecord, positionOf, runOf } from './run-row.ts'
import { type Asked, type Reach, attemptsPerSample, endedRuns, goesByTime, isNarrowed, mayHaveEnded, nextMoment, runningRuns } from './run-statements.ts'

/** Looks for one page. A page that is not full then has a cursor all the same. */
const looksAtMost = 6
/** Rows of the first of them, when most may be of other names and tenants. */
const firstLooks: readonly number[] = [1_000, 10_000, 50_000]

/**
 * A look knows which rows it wants of the other tables, and fetches them one by one. Without statistics, or with too high
 * a guess, the planner would read whole weeks, and compile for it.
 */
const plannerSettings = `
select set_config('jit', 'off', true), set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`
const goThroughAll = `select set_config('enable_seqscan', 'on', true), set_config('enable_hashjoin', 'on', true)`

/**
 * One page shows one moment. What ends between two of them moves from the first part of the list to the second, so it is
 * seen twice rather than never.
 * @throws `cursor.invalid`
 */
export async function listRuns(database: Database, scope: Scope, filter: RunFilter, { limit, cursor }: { readonly limit: number; readonly cursor?: string }): Promise<{ items: Run[]; nextCursor: string | null }> {
  const start = cursor === undefined ? null : readCursor(cursor)
  const behindEnded = start !== null && hasEnded(start) ? start : null
  const asked = { scope, filter }
  return database.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read, read only')
    await tx.query(plannerSettings)
    const rows = behindEnded ? [] : await readRunning(tx, asked, start, limit + 1)
    const ended = rows.length > limit ? { rows: [], rest: null } : await readEnded(tx, asked, behindEnded, limit + 1 - rows.length)
    rows.push(...ended.rows)
    const next = rows.length > limit ? positionOf(rows[limit - 1]!) : ended.rest
    return { items: rows.slice(0, limit).map(runOf), nextCursor: next && writeCursor(next) }
  })
}

async function readRunning(tx: Queryable, asked: Asked, below: RunPosition | null, limit: number): Promise<RunRecord[]> {
  const question = runningRuns(asked, below, limit)
  return question ? tx.query<RunRecord>(question.statement, question.values) : []
}

/** A run that was found, or none, and how far the look went. */
type Sight = (RunRecord | { [Column in keyof RunRecord]: null }) & { looked: number; last: string | null }

/** `rest`: where to go on, if there may be more than was looked at. */
async function readEnded(tx: Queryable, asked: Asked, start: EndedPosition | null, limit: number): Promise<{ rows: RunRecord[]; rest: EndedPosition | null }> {
  const rows: RunRecord[] = []
  if (!mayHaveEnded(asked)) return { rows, rest: null }
  const sinceUs = asked.filter.since === undefined ? null : Math.floor(asked.filter.since * 1000)
  let below = start
  for (let look = 0; look < looksAtMost; look += 1) {
    const reach = reachOf(asked, look, limit - rows.length)
    if (reach.filterFirst) await tx.query(goThroughAll)
    const momentUs = goesByTime(asked, reach) ? await findMoment(tx, below, reach.attempts) : null
    const fromUs = sinceUs === null ? momentUs : Math.max(sinceUs, momentUs ?? sinceUs)
    const { statement, values } = endedRuns(asked, { ...reach, below, fromUs, limit: limit - rows.length })
    const found = await tx.query<Sight>(statement, values)
    rows.push(...found.filter((sight) => sight.id !== null))
    const { looked, last } = found[0]!
    if (rows.length === limit || (looked < reach.most && (fromUs === null || fromUs === sinceUs))) return { rows, rest: null }
    below = looked < reach.most ? behindMoment(fromUs!) : readLast(last!)
  }
  return { rows, rest: below }
}

/**
 * A page without names and tenants is in the first rows. Else it may be in the first thousands, of which each is looked
 * up; and what is rarer than that is found sooner by going through a million at once.
 */
function reachOf(asked: Asked, look: number, missing: number): Reach {
  if (!isNarrowed(asked)) return { most: missing, attempts: missing, filterFirst: false }
  const most = firstLooks[look]
  if (most === undefined) return { most: missing, attempts: 1_000_000, filterFirst: true }
  return { most: Math.max(missing, most), attempts: most, filterFirst: false }
}

/** The moment since which about so many attempts ended, rather more; `null` if there are not so many. */
async function findMoment(tx: Queryable, below: EndedPosition | null, attempts: number): Promise<number | null> {
  const [found] = await tx.query<{ us: number }>(nextMoment, [below?.endedUs ?? null, 1 + Math.ceil(attempts / attemptsPerSample)])
  return found?.us ?? null
}

function readLast(json: string): EndedPosition {
  const [endedUs, id, ordinal] = JSON.parse(json) as [number, string, number]
  return { endedUs, id, ordinal }
}
