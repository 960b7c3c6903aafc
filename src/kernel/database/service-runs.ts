/** The runs of services on PostgreSQL. Each act is a file of `service-runs/`; `runs/` shows them among all others. */
import type { ServiceLedger } from '../service-runs.ts'
import { type Database, repeatable } from './database.ts'
import { type ServiceRunRecord, readRunningServices, readServiceRuns, serviceRunOf } from './service-runs/read-runs.ts'
import { foldServiceRuns, idOf, recordServiceRuns, valuesOf } from './service-runs/record-runs.ts'

/** $1 reader */
const readPosition = repeatable('read-journal-position', `select position from taskflows.journal_positions where reader = $1`)

/**
 * $1 reader  $2 position
 *
 * Of two servers of one account the one that writes last counts. The other may
 * have been further: then a part is read again, which tells nothing twice.
 */
const keepPosition = repeatable('keep-journal-position', `
insert into taskflows.journal_positions (reader, position, kept_at) values ($1, $2, taskflows.now())
on conflict (reader) do update set position = excluded.position, kept_at = excluded.kept_at`)

/** @param account whose runs of scope `user` are told: the uid. Another account of the host has another manager, and other runs. */
export function createServiceLedger(database: Database, { account }: { readonly account: string }): ServiceLedger {
  return {
    record: async (runs) => {
      if (runs.length === 0) return []
      const folded = foldServiceRuns(runs)
      const news = new Set((await database.query<{ host: string; id: string }>(recordServiceRuns, valuesOf(folded, account))).map(({ host, id }) => `${host}/${id}`))
      return folded.filter((run) => news.has(`${run.host}/${idOf(run)}`))
    },
    between: async ({ host, scope, service }, from, until) => (await database.query<ServiceRunRecord>(readServiceRuns, [host, scope, service, from, until])).map(serviceRunOf),
    running: async ({ host, scope }) => (await database.query<ServiceRunRecord>(readRunningServices, [host, scope, scope === 'user' ? account : ''])).map(serviceRunOf),
    position: async (reader) => (await database.query<{ position: string }>(readPosition, [reader]))[0]?.position ?? null,
    keepPosition: async (reader, position) => { await database.query(keepPosition, [reader, position]) },
  }
}
