/**
 * `tf history`: what ran, from the server when there is one, else from what this
 * machine knows by itself. `tf runs list` is the server's ledger as it is.
 */
import { TaskflowsError, messageOf } from '../../../kernel/errors.ts'
import { isGlob, matchesGlob } from '../../../kernel/glob.ts'
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { InputOf, OutputOf } from '../../../contract/operation.ts'
import type { Run as KernelRun } from '../../../kernel/runs.ts'
import type { Found, HistorySource, PastRun } from '../../../run-history.ts'
import { type Connection, connectToServer } from '../connect.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import type { Talk } from '../output/talk.ts'
import { runListing } from './runs.ts'

type Area = TaskflowsContract['runs']
type Run = OutputOf<Area['get']>

interface Wanted {
  readonly limit: number
  readonly match?: string
  readonly since?: string
  readonly until?: string
  readonly state?: Run['state']
  readonly kind?: Run['kind']
}

interface Shown {
  readonly runs: readonly Run[]
  readonly sourceOf: (run: Run) => string
}

const defaultLimit = 50

export const run: RunCommand = async (invocation) => {
  const { source, ...values } = invocation.values as Partial<Wanted> & { readonly source?: 'server' | HistorySource }
  const wanted: Wanted = { ...values, limit: values.limit ?? defaultLimit }
  const { runs, sourceOf } = (await fromServer(invocation, wanted, source)) ?? (await fromMachine(invocation, wanted, source))
  const { columns, moreColumns = [], ...listing } = runListing()
  await invocation.output(false).page({ items: runs, next_cursor: null }, { ...listing, columns, moreColumns: [...moreColumns, { header: 'SOURCE', value: sourceOf }] })
}

/** `undefined` when there is no server, or one that does not answer and that nobody asked for in so many words. */
async function fromServer({ config, configFlags, talk }: Invocation, wanted: Wanted, source: string | undefined): Promise<Shown | undefined> {
  if (source !== undefined && source !== 'server') return undefined
  const demanded = source === 'server' || configFlags.server !== undefined
  try {
    await using server = await connectToServer(config, talk)
    if (server === undefined) {
      if (demanded) throw new TaskflowsError('server.unreachable', 'no server is named, and none of this home answers', { hint: 'Start one with `tf serve`, name one with --server, or leave --source out.' })
      return undefined
    }
    const runs = await listRuns(server, wanted, talk)
    talk.note(`from the server at ${server.url}`)
    return { runs, sourceOf: () => 'server' }
  } catch (error) {
    if (demanded || !(error instanceof TaskflowsError) || error.code !== 'server.unreachable') throw error
    talk.warn(`${messageOf(error)}; this is what the machine knows by itself`)
    return undefined
  }
}

const mostOfPage = 1000

/** What the server cannot filter by is left out here, page by page. */
async function listRuns({ client }: Connection, { limit, match, since, until, state, kind }: Wanted, talk: Talk): Promise<Run[]> {
  const exact = match !== undefined && !isGlob(match)
  const filtered = until !== undefined || (match !== undefined && !exact)
  const input: InputOf<Area['list']> = {
    limit: filtered ? mostOfPage : Math.min(limit, mostOfPage),
    ...(exact && { name: match }), ...(since !== undefined && { since }), ...(state !== undefined && { state }), ...(kind !== undefined && { kind }),
  }
  const found: Run[] = []
  let looked = 0
  for (let cursor: string | null | undefined; cursor !== null && found.length < limit;) {
    const page: OutputOf<Area['list']> = await client.runs.list({ ...input, ...(cursor !== undefined && { cursor }) })
    found.push(...page.items.filter((run) => (match === undefined || matchesGlob(run.name, match)) && (until === undefined || endedUntil(run, until))))
    looked += page.items.length
    cursor = page.next_cursor
    talk.progress(`looked at ${looked} runs`)
  }
  talk.progress('')
  return found.slice(0, limit)
}

/** Of a service it may be that nobody saw its end: then it has the place of its beginning. */
function endedUntil({ state, ended_at, started_at, slot }: Run, until: string): boolean {
  const place = ended_at ?? started_at ?? slot
  return state !== 'running' && place !== null && Date.parse(place) <= Date.parse(until)
}

async function fromMachine({ config, talk }: Invocation, { limit, match, since, until, state, kind }: Wanted, source: string | undefined): Promise<Shown> {
  const [{ openRunHistory }, { showRun }] = await Promise.all([import('../../../run-history.ts'), import('../../../operations/show.ts')])
  const wanted = ({ name, state: ofRun, kind: isOf }: KernelRun) => (match === undefined || matchesGlob(name, match)) && (state === undefined || ofRun === state) && (kind === undefined || isOf === kind)
  const sources: readonly HistorySource[] = source === 'journal' || source === 'local' ? [source] : ['journal', 'local']
  const query = { limit, wanted, ...(since !== undefined && { sinceMs: Date.parse(since) }), ...(until !== undefined && { untilMs: Date.parse(until) }) }
  const nothing = { items: [], runs: [], problems: [] }
  const [tasks, services] = await Promise.all([
    kind === undefined || kind === 'task' ? openRunHistory(config).runs(query, sources) : nothing,
    (kind === undefined || kind === 'service') && sources.includes('journal') ? (await import('../../../service-history.ts')).readServiceHistory(config, query) : nothing,
  ])
  const found: Found<PastRun> = {
    items: latest([...services.runs.map((run) => ({ run, source: 'journal' as const })), ...tasks.items]).slice(0, limit),
    problems: [...new Set([...tasks.problems, ...services.problems])],
  }
  if (source === 'journal' && found.problems[0] !== undefined && found.items.length === 0) throw new TaskflowsError('logs.unavailable', found.problems[0], { hint: 'Leave --source out for what the machine knows otherwise.' })
  sayWhereFrom(found, sources, talk)
  const bySource = new Map(found.items.map(({ run, source: from }) => [run.id, from]))
  return { runs: found.items.map((past: PastRun) => showRun(past.run)), sourceOf: ({ id }) => bySource.get(id)! }
}

function latest(runs: readonly PastRun[]): PastRun[] {
  const placeOf = ({ run: { state, endedAt, startedAt } }: PastRun) => (state === 'running' ? Infinity : endedAt ?? startedAt ?? 0)
  return runs.toSorted((one, other) => (placeOf(other) === placeOf(one) ? 0 : placeOf(other) - placeOf(one)))
}

const names: Readonly<Record<HistorySource, string>> = { journal: 'the journal', local: 'the run log of this home' }

function sayWhereFrom({ problems }: Found<PastRun>, sources: readonly HistorySource[], talk: Talk): void {
  for (const problem of problems) talk.note(problem)
  const from = sources.filter((source) => source !== 'journal' || problems.length === 0).map((source) => names[source])
  talk.note(`no server is asked; from ${from.join(' and ')}`)
}
