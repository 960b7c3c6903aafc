/** Writes runs of services as they are told: one statement, whoever else tells of the same. */
import { serviceRunId } from '../../service-run-id.ts'
import type { ServiceRun } from '../../service-runs.ts'
import { repeatable } from '../database.ts'

const ofEnd = ['ended_at', 'result', 'exit_code', 'exit_signal', 'reason']
const ofRun = ['started_at', 'boot', 'cpu_seconds', 'memory_peak_bytes', 'slot']

/**
 * $1 hosts  $2 ids  $3 accounts  $4 scopes  $5 services  $6 states  $7 started  $8 ended (epoch milliseconds)  $9 boots
 * $10 results  $11 exit codes  $12 exit signals  $13 CPU seconds  $14 bytes  $15 slots  $16 reasons  $17 whether it has an invocation
 *
 * Rows are inserted, and so locked, in the order of their keys: tellers of the
 * same runs wait for each other and never in a circle.
 *
 * How a run ended is one thing, taken as a whole from whoever knows more of it:
 * an end by command rather than one that merely looks like any other (a busy
 * systemd tells of the stop and the end in one), an end that was seen rather than
 * one that was inferred, which has no time, that rather than that it was lost, and
 * that rather than that it runs. What is merely not known yet is filled from either. A row that would stay as it is
 * is not written again, and is not among the answers.
 */
export const recordServiceRuns = repeatable('record-service-runs', `
insert into taskflows.service_runs as r
  (host, id, account, scope, service, state, started_at, ended_at, boot, result, exit_code, exit_signal, cpu_seconds, memory_peak_bytes, slot, reason, invoked)
select host, id, account, scope, service, state, to_timestamp(started / 1000), to_timestamp(ended / 1000), boot, result, exit_code, exit_signal, cpu, memory, to_timestamp(slot / 1000), reason, invoked
from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::float8[], $9::uuid[], $10::text[], $11::integer[], $12::text[], $13::float8[], $14::float8[], $15::float8[], $16::text[], $17::boolean[])
  as u(host, id, account, scope, service, state, started, ended, boot, result, exit_code, exit_signal, cpu, memory, slot, reason, invoked)
order by host, id
on conflict (host, id) do update set
  state = case when ${knowsMore('excluded', 'r')} then excluded.state else r.state end,
  ${ofEnd.map((column) => `${column} = case when ${knowsMore('excluded', 'r')} then excluded.${column} else coalesce(r.${column}, excluded.${column}) end`).join(', ')},
  ${ofRun.map((column) => `${column} = coalesce(r.${column}, excluded.${column})`).join(', ')}
where ${knowsMore('excluded', 'r')}
  or ${[...ofRun, ...ofEnd].filter((column) => column !== 'reason').map((column) => `r.${column} is null and excluded.${column} is not null`).join(' or ')}
returning host, id`)

/** Whether one row knows more of the end than the other. */
function knowsMore(one: string, other: string): string {
  const rank = (row: string) => `case when ${row}.state = 'running' then 0 when ${row}.state = 'lost' then 1 when ${row}.ended_at is null then 2 when ${row}.state = 'cancelled' then 4 else 3 end`
  return `${rank(one)} > ${rank(other)}`
}

/** Rows as the statement takes them. Of several that tell of one run in one call the statement may see only one. */
export function valuesOf(runs: readonly ServiceRun[], account: string): unknown[] {
  const column = (of: (run: ServiceRun) => unknown) => runs.map(of)
  return [
    column(({ host }) => host), column(idOf), column(({ scope }) => (scope === 'user' ? account : '')), column(({ scope }) => scope), column(({ service }) => service),
    column(({ state }) => state), column(({ startedAt }) => startedAt), column(({ endedAt }) => endedAt), column(({ bootId }) => bootId ?? null), column(({ result }) => result),
    column(({ exitCode }) => exitCode), column(({ exitSignal }) => exitSignal), column(({ cpuSeconds }) => cpuSeconds), column(({ memoryPeakBytes }) => memoryPeakBytes),
    column(({ slot }) => slot), column(({ reason }) => reason), column(({ invocationId }) => invocationId !== null),
  ]
}

/** As the database writes it. */
export function idOf(run: ServiceRun): string {
  const hex = serviceRunId(run)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Several tellings of one run as one. The last that knows an end counts, and what it does not know is taken from the others. */
export function foldServiceRuns(runs: readonly ServiceRun[]): ServiceRun[] {
  const folded = new Map<string, ServiceRun>()
  for (const run of runs) {
    const key = `${run.host}/${idOf(run)}`
    const before = folded.get(key)
    folded.set(key, before === undefined ? run : join(before, run))
  }
  return [...folded.values()]
}

/** As `knowsMore` has it. */
function rankOf({ state, endedAt }: ServiceRun): number {
  return state === 'running' ? 0 : state === 'lost' ? 1 : endedAt === null ? 2 : state === 'cancelled' ? 4 : 3
}

function join(before: ServiceRun, told: ServiceRun): ServiceRun {
  const [more, less] = rankOf(told) > rankOf(before) ? [told, before] : [before, told]
  const known = Object.entries(more).filter(([, value]) => value !== null)
  const joined = { ...less, ...Object.fromEntries(known) }
  if (rankOf(more) === rankOf(less)) return { ...joined, reason: more.reason ?? less.reason }
  const { endedAt, result, exitCode, exitSignal, reason } = more
  return { ...joined, endedAt, result, exitCode, exitSignal, reason }
}
