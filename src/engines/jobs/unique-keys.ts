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
  const wanted = Map.groupBy(keyed, (job) => nameOf(job.tenant, job.name, job.uniqueKey!))
  const first = [...wanted.values()].map(([job]) => job!)
  const locked = await tx.query<{ tenant_id: string; name: string; key: string; job_id: string }>(lockKeys, columnsOf(first))
  const holders = new Map(locked.map(({ tenant_id, name, key, job_id }) => [nameOf(tenant_id, name, key), job_id]))
  const holderOf = ({ tenant, name, uniqueKey }: Keyed): string => holders.get(nameOf(tenant, name, uniqueKey!))!

  const others = first.filter((job) => holderOf(job) !== job.id)
  const unfinished = new Set((others.length === 0 ? [] : await tx.query<{ id: string }>(unfinishedJobs, [others.map(holderOf)])).map(({ id }) => id))
  const heirs = others.filter((job) => !unfinished.has(holderOf(job)))
  if (heirs.length > 0) await tx.query(passKeys, columnsOf(heirs))

  const winners = [...wanted.values()].map((rivals) => ({ rivals, winner: unfinished.has(holderOf(rivals[0]!)) ? holderOf(rivals[0]!) : rivals[0]!.id }))
  return new Map(winners.flatMap(({ rivals, winner }) => rivals.filter(({ id }) => id !== winner).map(({ id }) => [id, winner] as const)))
}

function nameOf(tenant: string, name: string, key: string): string {
  return JSON.stringify([tenant, name, key])
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
