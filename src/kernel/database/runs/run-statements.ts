/**
 * The statements of a list of runs. Their text depends on what is asked for,
 * and they are planned for their values each time: a window of a second and one
 * of a year want different plans. They only read.
 */
import { isId } from '../../ids.ts'
import type { RunFilter, RunKind, RunState } from '../../runs.ts'
import type { Scope } from '../../scope.ts'
import { type Statement, repeatable } from '../database.ts'
import type { EndedPosition, RunPosition } from './run-cursor.ts'
import { attemptColumns, leaseColumns, ofRun, reportColumns, runView, serviceColumns, servicePlace, underLease } from './run-row.ts'

export interface Asked {
  readonly scope: Scope
  readonly filter: RunFilter
}

export interface Question {
  readonly statement: Statement
  readonly values: readonly unknown[]
}

const attemptStates: readonly RunState[] = ['succeeded', 'failed', 'timed_out', 'cancelled', 'lost']
const reportedStates: readonly RunState[] = ['succeeded', 'failed', 'timed_out', 'cancelled']
const serviceStates: readonly RunState[] = ['succeeded', 'failed', 'timed_out', 'cancelled', 'lost', 'skipped', 'missed']

/** Whether runs of a kind can be among those asked for: then their table is read. */
const asksFor = (wanted: RunKind, { kind = wanted }: RunFilter): boolean => kind === wanted
const mayBeAttempts = ({ filter }: Asked): boolean => asksFor('job', filter) && (filter.subject === undefined || isId(filter.subject.toLowerCase()))
const mayBeReports = ({ filter }: Asked): boolean => asksFor('task', filter) && filter.subject === undefined
/** Services belong to the host, which is nobody's in particular. */
const mayBeServices = ({ scope, filter }: Asked): boolean => asksFor('service', filter) && scope.tenant === null && filter.tenant === undefined && (filter.subject === undefined || serviceSubject.test(filter.subject))
const mayBeIn = (states: readonly RunState[], { state }: RunFilter): boolean => state === undefined || states.includes(state)
const mayBeEndedAttempts = (asked: Asked): boolean => mayBeAttempts(asked) && mayBeIn(attemptStates, asked.filter)
const mayBeEndedReports = (asked: Asked): boolean => mayBeReports(asked) && mayBeIn(reportedStates, asked.filter)

const mayBeEndedServices = (asked: Asked): boolean => mayBeServices(asked) && mayBeIn(serviceStates, asked.filter)

/** `HOST/SCOPE/NAME` */
const serviceSubject = /^([^/]+)\/(user|system)\/([^/]+)$/

/** Whether any ended run can be wanted. */
export const mayHaveEnded = (asked: Asked): boolean => mayBeEndedAttempts(asked) || mayBeEndedReports(asked) || mayBeEndedServices(asked)

/** How far a look at ended runs reaches. */
export interface Reach {
  /** Rows of each table. */
  readonly most: number
  /** Attempts to go back, where it goes by time. */
  readonly attempts: number
  /** Whether only rows that are wanted count among those, rather than the latest of all. */
  readonly filterFirst: boolean
}

/** Whether the attempts of a span of time are looked at, which `nextMoment` finds; elsewhere an index leads to those asked for. */
export function goesByTime(asked: Asked, { filterFirst }: Reach): boolean {
  const { subject, correlationId, state = 'succeeded' } = asked.filter
  return mayBeAttempts(asked) && subject === undefined && correlationId === undefined && (state === 'succeeded' || filterFirst)
}

/** Whether most of what is looked at may not be wanted. */
export function isNarrowed({ scope, filter }: Asked): boolean {
  return scope.tenant !== null || filter.tenant !== undefined || filter.name !== undefined
}

/** Those that run, the newest id first. `undefined` when none can be wanted. */
export function runningRuns(asked: Asked, below: RunPosition | null, limit: number): Question | undefined {
  if (!mayBeIn(['running'], asked.filter)) return undefined
  const put = parameters()
  const sources = [
    ...(mayBeAttempts(asked) ? [`select ${leaseColumns} from ${underLease} and ${all(subjectIs(asked, 'u.id', put))}`] : []),
    ...(mayBeReports(asked) ? [`select ${reportColumns} from taskflows.runs r where r.ended_at is null`] : []),
    ...(mayBeServices(asked) ? [`select ${serviceColumns} from taskflows.service_runs s where ${all(["s.state = 'running'", ...serviceIs(asked, put)])}`] : []),
  ]
  if (sources.length === 0) return undefined
  const behind = below ? [`(c.id, c.ordinal) < (${put(below.id, 'uuid')}, ${put(below.ordinal, 'integer')})`] : []
  return question(`${runView(`(${sources.join(' union all ')})`)} where ${all([...wanted(asked, put), ...behind])} order by c.id desc, c.ordinal desc limit ${put(limit, 'integer')}`, put)
}

/** One look at ended runs. */
export interface Look extends Reach {
  readonly below: EndedPosition | null
  /** Back to this moment, inclusive; `null`: to the beginning. */
  readonly fromUs: number | null
  /** How many are wanted. */
  readonly limit: number
}

/**
 * Those that ended, the latest first: takes the latest `most` rows, and only
 * then filters by what another table knows, so that a rare name costs a bounded
 * look. Each row says how many were `looked` at and which was the `last` of
 * them; when none was wanted one row says that alone.
 */
export function endedRuns(asked: Asked, look: Look): Question {
  const put = parameters()
  const sources = [
    ...(mayBeEndedAttempts(asked) ? [attemptsOf(asked, look, put)] : []),
    ...(mayBeEndedReports(asked) ? [reportsOf(asked, look, put)] : []),
    ...(mayBeEndedServices(asked) ? [servicesOf(asked, look, put)] : []),
  ]
  return question(`
with looked as materialized (
  select * from (${sources.join('\n  union all\n  ')}) as all_tables order by placed_at desc, id desc, ordinal desc limit ${put(look.most, 'integer')}
), wanted as (
  ${runView('looked')} where ${all(wanted(asked, put))}
  order by c.placed_at desc, c.id desc, c.ordinal desc limit ${put(look.limit, 'integer')}
)
select seen.looked, seen.last, wanted.* from (
  select count(*) as looked, (
    select json_build_array((extract(epoch from placed_at) * 1000000)::bigint, id, ordinal) from looked order by placed_at, id, ordinal limit 1
  ) as last from looked
) as seen left join wanted on true order by wanted.placed_us desc, wanted.id desc, wanted.ordinal desc`, put)
}

function attemptsOf(asked: Asked, look: Look, put: Put): string {
  const { state } = asked.filter
  return source(attemptColumns, 'taskflows.attempts a', look, { at: 'a.ended_at', id: 'a.job_id', ordinal: 'a.attempt' }, [
    ...subjectIs(asked, 'a.job_id', put),
    ...correlationLeadsTo(asked, 'a.job_id', put),
    ...(look.filterFirst ? [`a.job_id in (select j.id from taskflows.jobs j where ${all(narrowing(asked, { tenant: 'j.tenant_id', name: 'j.name' }, put))})`] : []),
    ...(state === undefined ? [] : [`a.outcome = ${put(state, 'text')}::taskflows.attempt_outcome`]),
    // The words of the partial index on the ends that are rare.
    ...(state === undefined || state === 'succeeded' ? [] : [`a.outcome <> 'succeeded'`]),
  ], put)
}

function reportsOf(asked: Asked, look: Look, put: Put): string {
  const { state, correlationId } = asked.filter
  return source(reportColumns, 'taskflows.runs r', look, { at: 'r.ended_at', id: 'r.id', ordinal: '0::integer' }, [
    'r.ended_at is not null',
    ...(look.filterFirst ? narrowing(asked, { tenant: 'r.tenant_id', name: 'r.name' }, put) : []),
    ...(state === undefined ? [] : [`r.state = ${put(state, 'text')}`]),
    ...(correlationId === undefined ? [] : [isId(correlationId)
      ? `(r.correlation_id = ${put(correlationId, 'text')} or r.id = ${put(correlationId, 'uuid')})`
      : `r.correlation_id = ${put(correlationId, 'text')}`]),
  ], put)
}

function servicesOf(asked: Asked, look: Look, put: Put): string {
  const { state, name } = asked.filter
  return source(serviceColumns, 'taskflows.service_runs s', look, { at: servicePlace, id: 's.id', ordinal: '0::integer' }, [
    "s.state <> 'running'",
    ...(look.filterFirst && name !== undefined ? [`s.service = ${put(name, 'text')}`] : []),
    ...(state === undefined ? [] : [`s.state = ${put(state, 'text')}`]),
    ...serviceIs(asked, put),
  ], put)
}

/** By its subject, or by the invocation, which is what its events have as correlation id. */
function serviceIs({ filter: { subject, correlationId } }: Asked, put: Put): string[] {
  const [, host, scope, service] = serviceSubject.exec(subject ?? '') ?? []
  return [
    ...(host === undefined ? [] : [`s.host = ${put(host, 'text')} and s.scope = ${put(scope, 'text')} and s.service = ${put(service, 'text')}`]),
    ...(correlationId === undefined ? [] : [/^[0-9a-f]{32}$/.test(correlationId) ? `s.id = ${put(correlationId, 'uuid')}` : 'false']),
  ]
}

interface OrderKey {
  readonly at: string
  readonly id: string
  readonly ordinal: string
}

function source(columns: string, table: string, { below, fromUs, most }: Look, { at, id, ordinal }: OrderKey, conditions: readonly string[], put: Put): string {
  const span = [
    ...(fromUs === null ? [] : [`${at} >= ${moment(fromUs, put)}`]),
    // The first of the two is for the index, which knows the time alone.
    ...(below === null ? [] : [`${at} <= ${moment(below.endedUs, put)}`,
      `(${at}, ${id}, ${ordinal}) < (${moment(below.endedUs, put)}, ${put(below.id, 'uuid')}, ${put(below.ordinal, 'integer')})`]),
  ]
  return `(select ${columns} from ${table} where ${all([...span, ...conditions])} order by ${at} desc, ${id} desc, ${ordinal} desc limit ${put(most, 'integer')})`
}

function wanted(asked: Asked, put: Put): string[] {
  const { correlationId } = asked.filter
  return [
    // An attempt whose job is gone is nobody's.
    `${ofRun.name} is not null`,
    ...narrowing(asked, ofRun, put),
    ...(correlationId === undefined ? [] : [`${ofRun.correlation} = ${put(correlationId, 'text')}`]),
  ]
}

function narrowing({ scope, filter: { tenant, name } }: Asked, of: { readonly tenant: string; readonly name: string }, put: Put): string[] {
  return [
    ...(scope.tenant === null ? [] : [`${of.tenant} = ${put(scope.tenant, 'text')}`]),
    ...(tenant === undefined ? [] : [`${of.tenant} = ${put(tenant, 'text')}`]),
    ...(name === undefined ? [] : [`${of.name} = ${put(name, 'text')}`]),
  ]
}

function subjectIs({ filter: { subject } }: Asked, id: string, put: Put): string[] {
  return subject === undefined ? [] : [`${id} = ${put(subject.toLowerCase(), 'uuid')}`]
}

/** The jobs that carry it, and the one whose id it is. */
function correlationLeadsTo({ filter: { correlationId } }: Asked, id: string, put: Put): string[] {
  if (correlationId === undefined) return []
  const own = isId(correlationId) ? ` union all select ${put(correlationId, 'uuid')}` : ''
  return [`${id} in (select id from taskflows.jobs where correlation_id = ${put(correlationId, 'text')}${own})`]
}

/** $1 microseconds, or null for now  $2 how many samples to go back. The moment behind which there are about 256 attempts for each. */
export const nextMoment = repeatable('next-moment-of-runs', `
select (extract(epoch from ended_at) * 1000000)::bigint as us from taskflows.attempts
where uuid_hash(job_id) & 255 = 0 and ended_at <= coalesce('epoch'::timestamptz + $1::float8 * interval '1 microsecond', 'infinity')
order by ended_at desc offset $2::integer limit 1`)

/** Attempts per sample: the index `attempts_sampled` has one in so many. */
export const attemptsPerSample = 256

type Put = ReturnType<typeof parameters>

/** Numbers the values of one statement. */
function parameters() {
  const values: unknown[] = []
  return Object.assign((value: unknown, type: string): string => `$${values.push(value)}::${type}`, { values })
}

function moment(us: number, put: Put): string {
  return `'epoch'::timestamptz + ${put(us, 'float8')} * interval '1 microsecond'`
}

function all(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : conditions.join(' and ')
}

/** One object per text, of which there are as many as combinations of filters: connections remember what they were sent. */
const known = new Map<string, Statement>()

function question(text: string, { values }: Put): Question {
  let statement = known.get(text)
  if (!statement) known.set(text, (statement = { text, repeatable: true }))
  return { statement, values }
}
