/**
 * Unique keys: of the jobs of one tenant and name at most one with a key is
 * unfinished.
 *
 * The row of a key names the job that has it. Nothing happens to the row when
 * that job ends: who wants the key next sees that it is free, and takes it. So
 * running jobs pay nothing for keys, and no crash can leave one taken.
 */
import type { Database, Queryable } from '../../kernel/database/database.ts'
import { dropKeysOf, keyPage, lockKeys, lockKeysOf, passKeys, unfinishedJobs } from './sql/unique-keys.ts'

/** A job that has, or wants, a key. */
export interface Keyed {
  readonly id: string
  readonly tenant: string
  readonly name: string
  /** `null`: none, and then it is left alone. */
  readonly uniqueKey: string | null
}

/**
 * Gives each key to the first of `jobs` that wants it, unless an unfinished job has it. The keys stay locked until the
 * transaction ends.
 * @returns for each job that did not get its key, the id of the one that has it
 */
export async function takeKeys(tx: Queryable, jobs: readonly Keyed[]): Promise<ReadonlyMap<string, string>> {
  const keyed = jobs.filter(({ uniqueKey }) => uniqueKey !== null)
  if (keyed.length === 0) return new Map()
  // Backwards, so that the first job of each key is the one that stays.
  const wanted = [...new Map(keyed.toReversed().map((job) => [keyOf(job), job])).values()]
  const holders = await lockAll(tx, wanted)
  const holderOf = (job: Keyed): string => holders.get(keyOf(job))!
  const taken = wanted.filter((job) => holderOf(job) !== job.id)
  const unfinished = await unfinishedOf(tx, taken.map(holderOf))
  const heirs = taken.filter((job) => !unfinished.has(holderOf(job)))
  if (heirs.length > 0) await tx.query(passKeys, columnsOf(heirs))
  for (const heir of heirs) holders.set(keyOf(heir), heir.id)
  return new Map(keyed.filter((job) => holderOf(job) !== job.id).map((job) => [job.id, holderOf(job)]))
}

/** The job that each key names, which is the one that wanted it if nobody had it. */
async function lockAll(tx: Queryable, wanted: readonly Keyed[]): Promise<Map<string, string>> {
  const locked = await tx.query<{ tenant: string; name: string; uniqueKey: string; id: string }>(lockKeys, columnsOf(wanted))
  return new Map(locked.map((row) => [keyOf(row), row.id]))
}

async function unfinishedOf(tx: Queryable, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  return new Set((await tx.query<{ id: string }>(unfinishedJobs, [ids])).map(({ id }) => id))
}

function keyOf({ tenant, name, uniqueKey }: Keyed): string {
  return JSON.stringify([tenant, name, uniqueKey])
}

function columnsOf(jobs: readonly Keyed[]): unknown[] {
  return [jobs.map(({ tenant }) => tenant), jobs.map(({ name }) => name), jobs.map(({ uniqueKey }) => uniqueKey), jobs.map(({ id }) => id)]
}

const pageSize = 500
const beforeAll = '00000000-0000-0000-0000-000000000000'

/** Removes the keys of jobs that have ended, a page at a time, until it has seen all or is told to stop. */
export async function dropFreeKeys(database: Database, signal: AbortSignal): Promise<void> {
  for (let last: string | undefined = beforeAll; last !== undefined && !signal.aborted;) {
    const page: { id: string; ended: boolean }[] = await database.query(keyPage, [last, pageSize])
    const ended = page.filter((job) => job.ended).map(({ id }) => id)
    if (ended.length > 0) {
      await database.transaction(async (tx) => {
        const locked = await tx.query<{ id: string }>(lockKeysOf, [ended])
        await tx.query(dropKeysOf, [locked.map(({ id }) => id)])
      })
    }
    last = page.at(-1)?.id
  }
}
