/**
 * Idempotency keys in PostgreSQL.
 *
 * A try that wants to answer must still hold its reservation, so whoever was
 * overtaken (a server that froze for a minute) cannot commit what it was about
 * to do: that row is the fence.
 */
import { randomUUID } from 'node:crypto'
import { TaskflowsError } from '../errors.ts'
import type { IdempotencyKeys, Reserved } from '../idempotency.ts'
import { type Database, repeatable } from './database.ts'

/** How long an answer is kept, in seconds: 24 hours. */
export const keptForSeconds = 86_400
/** After how many seconds without an answer somebody else may try. */
export const abandonedAfterSeconds = 60

/**
 * $1 scope  $2 key  $3 request  $4 holder  $5 seconds until it is forgotten  $6 seconds until it counts as abandoned
 *
 * Waits for a transaction that is writing the answer of this key right now.
 */
const reserveKey = repeatable('reserve-key', `
insert into taskflows.idempotency_keys as k (scope, key, request, holder, started_at, expires_at)
select $1, $2, $3, $4::uuid, now, now + $5::float8 * interval '1 second' from taskflows.now() as now
on conflict (scope, key) do update
set request = excluded.request, holder = excluded.holder, status = null, answer = null, started_at = excluded.started_at, expires_at = excluded.expires_at
where k.expires_at <= excluded.started_at
  or k.status is null and (k.holder = excluded.holder or k.started_at <= excluded.started_at - $6::float8 * interval '1 second')
returning holder`)

/** $1 scope  $2 key */
const readKey = repeatable('read-key', `select request, status, answer from taskflows.idempotency_keys where scope = $1 and key = $2`)

/** $1 scope  $2 key  $3 holder  $4 status  $5 answer. No row: the reservation was lost. */
const answerKey = repeatable('answer-key', `
update taskflows.idempotency_keys set status = $4::smallint, answer = $5::json where scope = $1 and key = $2 and holder = $3::uuid returning holder`)

/** $1 scope  $2 key  $3 holder */
const releaseKey = repeatable('release-key', `
delete from taskflows.idempotency_keys where scope = $1 and key = $2 and holder = $3::uuid and status is null`)

/** $1 how many. SKIP LOCKED: one that is being taken again is not forgotten. */
const forgetKeys = repeatable('forget-keys', `
with expired as materialized (
  select ctid from taskflows.idempotency_keys where expires_at <= taskflows.now() order by expires_at limit $1::integer for update skip locked
)
delete from taskflows.idempotency_keys k using expired where k.ctid = expired.ctid returning 1`)

/** A key that is freed between two looks is looked for again. */
const rounds = 10

export function createIdempotencyKeys(database: Database): IdempotencyKeys {
  const tryToReserve = async (scope: string, key: string, request: Uint8Array): Promise<Reserved | undefined> => {
    const holder = randomUUID()
    const [mine] = await database.query(reserveKey, [scope, key, request, holder, keptForSeconds, abandonedAfterSeconds])
    if (mine) return { kind: 'reserved', reservation: { scope, key, holder } }
    const [found] = await database.query<{ request: Buffer; status: number | null; answer: string | null }>(readKey, [scope, key])
    if (!found) return undefined
    if (!found.request.equals(request)) return { kind: 'another request' }
    return found.status === null ? { kind: 'in progress' } : { kind: 'answered', answer: { status: found.status, text: found.answer! } }
  }
  return {
    reserve: async (scope, key, request) => {
      for (let round = 0; round < rounds; round += 1) {
        const reserved = await tryToReserve(scope, key, request)
        if (reserved) return reserved
      }
      return { kind: 'in progress' }
    },
    answer: async ({ scope, key, holder }, { status, text }, tx = database) => {
      const [kept] = await tx.query(answerKey, [scope, key, holder, status, text])
      if (!kept) throw new TaskflowsError('request.in_progress', `the request under the idempotency key ${JSON.stringify(key)} took over a minute, and another try has taken its place`)
    },
    release: async ({ scope, key, holder }) => { await database.query(releaseKey, [scope, key, holder]) },
  }
}

const batch = 1_000

/** Forgets answers that are older than a day, a batch at a time, until none is left or it is told to stop. */
export async function forgetExpiredKeys(database: Database, signal: AbortSignal): Promise<void> {
  for (let forgotten = batch; forgotten === batch && !signal.aborted;) forgotten = (await database.query(forgetKeys, [batch])).length
}
