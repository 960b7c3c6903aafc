/** `tf runs ...`: how the ledger is shown. Words, arguments and flags come from the contract. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import { formatDuration } from '../../../kernel/duration.ts'
import { type Fact, factLines } from '../output/facts.ts'
import type { Listing } from '../output/output.ts'
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
      { header: 'EXIT', value: ({ exit_code }) => exit_code, align: 'right' },
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
    ['tenant', run.tenant_id],
    ['attempt', run.attempt === null ? null : String(run.attempt)],
    ['host', run.host],
    ['started', run.started_at && localTime(run.started_at)],
    ['ended', run.ended_at && localTime(run.ended_at)],
    ['took', took(run)],
    ['exit code', run.exit_code === null ? null : String(run.exit_code)],
    ['error', errorOf(run)],
    ['correlation', run.correlation_id],
  ]
  return [title, ...factLines(facts)].join('\n')
}

function took({ duration_seconds: seconds }: Run): string | null {
  return seconds === null ? null : formatDuration(seconds * 1000)
}

function errorOf({ error_type, error_message }: Run): string | null {
  return error_type === null && error_message === null ? null : `${error_type ?? 'Error'}: ${error_message ?? ''}`
}
