/**
 * Appends facts to the event log that no statement of an engine writes with its
 * change, since what changed is not in the database. `event-reader.ts` reads them.
 */
import { type Database, type Queryable, statement } from './database.ts'

/** One fact of no tenant. */
export interface NewEvent {
  /** Past tense: `service.started`. */
  readonly type: string
  readonly subject: string
  readonly name: string
  readonly actor: string
  readonly correlationId: string
  readonly data: Readonly<Record<string, unknown>>
}

/**
 * $1 types  $2 subjects  $3 names  $4 actors  $5 correlation ids  $6 data
 *
 * A fact with the type, subject and correlation id of a recent one is the same
 * fact. It is found by its subject, one by one: a join might read the whole log.
 */
const appendNew = statement('append-new-events', `
insert into taskflows.events (at, type, subject, names, correlations, actor, data)
select taskflows.now(), f.type, f.subject, array[f.name], array[f.correlation], f.actor, f.data::json
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) with ordinality as f(type, subject, name, actor, correlation, data, place)
where (
  select e.seq from taskflows.events e
  where e.subject = f.subject and e.type = f.type and e.correlations[1] = f.correlation and e.at > taskflows.now() - interval '10 minutes' limit 1
) is null
order by f.place`)

/**
 * Appends what nobody has told of in the last ten minutes: of several servers that saw the same, and of calls that are
 * repeated since it was not known whether they took effect, one counts.
 * @param by who else may tell of the same: callers of one name wait for each other, or neither would see what the other wrote
 */
export async function appendEventsOnce(database: Database, by: string, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  await database.transaction(async (tx) => {
    await tx.query(lockTellers, [`taskflows events ${database.schema} ${by}`])
    await append(tx, events)
  })
}

/** A statement of its own: the insert must see what was committed while this one waited. */
const lockTellers = statement('lock-tellers', 'select pg_advisory_xact_lock(hashtextextended($1, 2))')

async function append(tx: Queryable, events: readonly NewEvent[]): Promise<void> {
  const column = (of: (event: NewEvent) => string) => events.map(of)
  await tx.query(appendNew, [
    column(({ type }) => type.replace('.', 's.')), column(({ subject }) => subject), column(({ name }) => name),
    column(({ actor }) => actor), column(({ correlationId }) => correlationId), column(({ data }) => JSON.stringify(data)),
  ])
}
