/** `tf runs ...`: how the ledger is shown. Words, arguments and flags come from the contract. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import { formatDuration } from '../../../kernel/duration.ts'
import { type Fact, factLines } from '../output/facts.ts'
import type { Listing } from '../output/output.ts'
import { mebibytes } from '../output/service-facts.ts'
import type { Paint, Style } from '../output/style.ts'
import { localTime, shortTime } from '../output/time.ts'
import { visible } from '../output/visible.ts'
import type { Printers } from '../printers.ts'

type Area = TaskflowsContract['runs']
type Run = OutputOf<Area['get']>
type StoryEntry = OutputOf<Area['timeline']>['items'][number]

export const runPrinters: Printers<Area> = {
  list: (page, { output }) => output.page(page, runListing()),
  get: (run, { output }) => output.item(run, { name: run.id, apart: true, text: () => runFacts(run, output.paint) }),
  timeline: (page, { output }) => output.page(page, storyListing),
}

const stateStyles: Readonly<Record<Run['state'], Style | undefined>> = {
  running: 'cyan',
  succeeded: 'green',
  failed: 'red',
  timed_out: 'red',
  cancelled: 'yellow',
  skipped: 'dim',
  missed: 'red',
  late: 'yellow',
  lost: 'red',
}

export function runListing(): Listing<Run> {
  const nowMs = Date.now()
  return {
    name: ({ id }) => id,
    empty: 'No runs match.',
    columns: [
      { header: 'ENDED', value: ({ ended_at, started_at }) => ended_at === null ? started_at && `began ${shortTime(started_at, nowMs)}` : shortTime(ended_at, nowMs) },
      { header: 'KIND', value: ({ kind }) => kind },
      { header: 'NAME', value: ({ name }) => name, flexible: true },
      { header: 'STATE', value: ({ state }) => state, style: ({ state }) => stateStyles[state] },
      { header: 'TOOK', value: took, align: 'right' },
      { header: 'HOST', value: ({ host }) => host, flexible: true },
      { header: 'ID', value: ({ id }) => id },
    ],
    moreColumns: [
      { header: 'TENANT', value: ({ tenant_id }) => tenant_id, flexible: true },
      { header: 'SUBJECT', value: ({ subject }) => subject },
      { header: 'ATTEMPT', value: ({ attempt }) => attempt, align: 'right' },
      { header: 'EXIT', value: ({ exit_code, exit_signal }) => exit_signal ?? exit_code, align: 'right' },
      { header: 'CPU', value: cpuOf, align: 'right' },
      { header: 'MEMORY', value: memoryOf, align: 'right' },
      { header: 'ERROR', value: errorOf, flexible: true },
      { header: 'CORRELATION', value: ({ correlation_id }) => correlation_id, flexible: true },
    ],
  }
}

const storyListing: Listing<StoryEntry> = {
  name: ({ subject }) => subject,
  empty: 'Nothing is known under this correlation id.',
  columns: [
    { header: 'AT', value: ({ at }) => localTime(at) },
    { header: 'WHAT', value: ({ type }) => type },
    { header: 'NAME', value: ({ name }) => name, flexible: true },
    { header: 'BY', value: ({ actor }) => actor, flexible: true },
    { header: 'MESSAGE', value: ({ message }) => message },
  ],
  moreColumns: [
    { header: 'TENANT', value: ({ tenant_id }) => tenant_id, flexible: true },
    { header: 'SUBJECT', value: ({ subject }) => subject },
  ],
}

/** All that is known about one run, for a person. */
function runFacts(run: Run, paint: Paint): string {
  const style = stateStyles[run.state]
  const title = `${paint('bold', visible(run.name))}  ${style ? paint(style, run.state) : run.state}`
  const facts: readonly Fact[] = [
    ['id', run.id],
    ['kind', run.kind],
    ['subject', run.subject],
    ['scope', run.scope],
    ['tenant', run.tenant_id],
    ['attempt', run.attempt === null ? null : String(run.attempt)],
    ['host', run.host],
    ['started', run.started_at && localTime(run.started_at)],
    ['ended', run.ended_at && localTime(run.ended_at)],
    ['scheduled for', run.slot && localTime(run.slot)],
    ['took', took(run)],
    ['result', run.result],
    ['exit code', run.exit_code === null ? null : String(run.exit_code)],
    ['exit signal', run.exit_signal],
    ['CPU time', cpuOf(run)],
    ['peak memory', memoryOf(run)],
    [run.kind === 'service' ? 'because' : 'error', errorOf(run)],
    ['correlation', run.correlation_id],
  ]
  return [title, ...factLines(facts)].join('\n')
}

const notMeasured = 'not measured'

/** A run of a service may be over without anybody having seen when. */
function took({ duration_seconds: seconds, kind, state, started_at }: Run): string | null {
  if (seconds !== null) return formatDuration(seconds * 1000)
  return kind === 'service' && state !== 'running' && started_at !== null ? notMeasured : null
}

function cpuOf(run: Run): string | null {
  return measuredOf(run, run.cpu_seconds, (seconds) => formatDuration(seconds * 1000))
}

function memoryOf(run: Run): string | null {
  return measuredOf(run, run.memory_peak_bytes, mebibytes)
}

/** Of what did not run, or has not ended, nothing can have been measured. */
function measuredOf({ kind, state, started_at }: Run, value: number | null, format: (value: number) => string): string | null {
  if (value !== null) return format(value)
  return kind === 'service' && state !== 'running' && started_at !== null ? notMeasured : null
}

function errorOf({ error_type, error_message, reason }: Run): string | null {
  if (reason !== null) return reason
  return error_type === null && error_message === null ? null : `${error_type ?? 'Error'}: ${error_message ?? ''}`
}
