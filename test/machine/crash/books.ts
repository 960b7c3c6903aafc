/** Everything that each side says when all is over: what is compared by `account-suite.ts`. */
import { connectTo } from '../../../src/client/index.ts'
import type { Database } from '../../../src/kernel/database/database.ts'
import { type JobRecord, readEffects, readJobs, readOrders } from './accounts.ts'
import type { Follower } from './follower.ts'
import { type Act, type Note, readLedger } from './ledger.ts'
import type { Load } from './load.ts'
import type { Address } from './requests.ts'

export interface Books {
  readonly load: Load
  readonly follower: Follower
  readonly server: Address
  readonly database: Database
  readonly jobs: ReadonlyMap<string, JobRecord>
  readonly orders: readonly string[]
  readonly effects: readonly string[]
  /** The ids of all events. */
  readonly log: readonly string[]
  readonly notes: ReadonlyMap<Act, readonly Note[]>
  /** By job. */
  readonly began: ReadonlyMap<string, readonly Note[]>
  readonly ended: ReadonlyMap<string, readonly Note[]>
}

type Sources = Pick<Books, 'load' | 'follower' | 'server' | 'database'> & {
  /** The file. */
  readonly ledger: string
}

/** To be called when nothing happens any more. */
export async function readBooks({ ledger, ...sources }: Sources): Promise<Books> {
  const { database, server } = sources
  const notes = Map.groupBy(readLedger(ledger), ({ what }) => what)
  const byJob = (what: Act) => Map.groupBy(notes.get(what) ?? [], ({ id }) => id)
  return {
    ...sources, notes,
    jobs: await readJobs(database),
    orders: await readOrders(database),
    effects: await readEffects(database),
    log: await readLog(server),
    began: byJob('began'),
    ended: byJob('ended'),
  }
}

async function readLog(server: Address): Promise<string[]> {
  const { events } = connectTo(server)
  const ids: string[] = []
  for (let cursor: string | undefined; ;) {
    const page = await events.list({ limit: 1000, ...(cursor === undefined ? { since: '1970-01-01T00:00:00Z' } : { cursor }) })
    if (page.items.length === 0) return ids
    ids.push(...page.items.map(({ id }) => id))
    cursor = page.next_cursor!
  }
}

export function finalOf(job: JobRecord | undefined): string | null | undefined {
  return job?.attempts.at(-1)?.final
}
