/** A server with a worker, as a process of its own, and what can be seen of both from outside. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSecurity } from '../../../src/access/security-file.ts'
import { createPostgres, urlSource } from '../../../src/adapters/database/postgres/index.ts'
import type { Database } from '../../../src/kernel/database/database.ts'
import { createTestDatabase } from '../../../src/testing/test-database.ts'
import { startTf } from '../../machine/crash/program.ts'

export interface FuzzSite extends AsyncDisposable {
  readonly url: string
  /** Of the host. */
  readonly secret: string
  readonly database: Database
  /** What reached the log as an error and whatever else was said since the start, but for jobs that failed. */
  complaints(): readonly string[]
  /** What the server holds in memory now. */
  residentBytes(): number
  /** Jobs that are not in exactly one place, and what else contradicts itself; each in words. */
  contradictions(): Promise<string[]>
}

/** @param adminUrl the PostgreSQL of this run, `inject('postgresUrl')` */
export async function openFuzzSite(adminUrl: string): Promise<FuzzSite> {
  await using stack = new AsyncDisposableStack()
  const home = stack.adopt(mkdtempSync(join(tmpdir(), 'taskflows-fuzz-')), (path) => rmSync(path, { recursive: true }))
  const { url: databaseUrl } = stack.use(await createTestDatabase(adminUrl))
  const server = stack.use(startTf(['serve', '--worker', join(import.meta.dirname, 'tasks.ts')], { home, databaseUrl, env: { TASKFLOWS_LOG_LEVEL: 'error' } }))
  const [, url] = await server.saw(/listens on (http:\S+)/)
  const database = createPostgres({ source: urlSource(databaseUrl) })
  stack.defer(() => database.close())
  await server.saw(/Ctrl-C/)
  const heard = server.said.length
  const owned = stack.move()
  return {
    url: url!, database,
    secret: readSecurity(home).hmac.secret,
    complaints: () => server.said.slice(heard).filter((line) => !line.includes('"job_id":')),
    residentBytes: () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1]) * 1024,
    contradictions: async () => (await database.query<{ what: string }>(contradictions)).map(({ what }) => what),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** One snapshot, so the worker may go on. */
const contradictions = `
with places as (
  select id, 'held' as place from taskflows.held
  union all select id, 'ready' from taskflows.ready
  union all select u.id, 'a lease' from taskflows.leases l, unnest(l.job_ids, l.attempts) as u(id, attempt)
    where not exists (select from taskflows.attempts a where a.job_id = u.id and a.attempt = u.attempt)
  union all select job_id, 'the end' from taskflows.attempts where final is not null
)
select 'job ' || j.id || ' is in ' || coalesce(string_agg(p.place, ' and '), 'no place') as what
from taskflows.jobs j left join places p on p.id = j.id group by j.id having count(p.place) <> 1
union all select 'there is no job ' || p.id || ' but it is in ' || p.place from places p where not exists (select from taskflows.jobs j where j.id = p.id)
union all select 'job ' || d.child_id || ' waits for ' || d.parent_id || ' but is not held' from taskflows.dependencies d where not exists (select from taskflows.held h where h.id = d.child_id)
limit 20`
