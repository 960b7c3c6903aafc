/**
 * `tf logs`: what runs of tasks logged, from the journal and from the run log of
 * this home. A server, when there is one, tells what became of the runs. What
 * services wrote is in `service-logs.ts`.
 */
import { hostname } from 'node:os'
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import { systemClock } from '../../../kernel/clock.ts'
import { TaskflowsError, errorKinds, exitCodes, messageOf } from '../../../kernel/errors.ts'
import { isGlob, matchesGlob } from '../../../kernel/glob.ts'
import { type LogLevel, levelNumbers } from '../../../kernel/observe/log-level.ts'
import { levelOf } from '../../../kernel/observe/read-record.ts'
import type { RunHistory, RunLine } from '../../../run-history.ts'
import { connectToServer } from '../connect.ts'
import { interruptedExitCode, onInterruption } from '../interruption.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import { linePattern } from '../line-pattern.ts'
import { type LogPrinter, logPrinter } from '../output/log-printer.ts'
import { messageText } from '../output/log-text.ts'

type Run = OutputOf<TaskflowsContract['runs']['get']>

interface Given {
  /** The name of a task, a pattern of names, or the id of a run; several of services. */
  readonly names?: readonly string[]
  readonly run?: string
  readonly lines?: number
  readonly follow?: true
  readonly since?: string
  readonly until?: string
  readonly level?: LogLevel
  readonly grep?: string
}

/** Whose lines are meant. */
interface Target {
  readonly text: string | undefined
  readonly runId: string | undefined
  readonly is: (line: { readonly runId: string; readonly runName: string | null }) => boolean
}

const defaultLines = 100
const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.\d+)?$/i

export const run: RunCommand = async (invocation) => {
  const given = invocation.values as Given
  const services = await asServices(given, invocation)
  if ('code' in services) return services.code
  if (invocation.server !== undefined) throw new TaskflowsError('cli.usage', 'runs of tasks are read on one machine', { hint: 'Name services, or with --run the invocation of one; or leave --server out.' })
  const target = targetOf(given)
  const passes = filterOf(given)
  const { openRunHistory } = await import('../../../run-history.ts')
  const history = openRunHistory(invocation.config)
  const ofServer = target.text === undefined ? [] : await askServer(invocation, target)
  const startedAt = Date.now()
  // From the first line on Ctrl-C is the end that was announced.
  using interruption = given.follow && onInterruption()
  const names = new Set<string>()
  let known = ofServer.length > 0
  const wanted = (line: RunLine): boolean => {
    if (line.runName !== null && names.size < 100) names.add(line.runName)
    if (!target.is(line)) return false
    known = true
    return passes(line)
  }
  const found = await history.lines({
    limit: given.lines ?? defaultLines, wanted, ...(target.runId !== undefined && { runId: target.runId }),
    ...(given.since !== undefined && { sinceMs: Date.parse(given.since) }), ...(given.until !== undefined && { untilMs: Date.parse(given.until) }),
  })
  for (const problem of found.problems) invocation.talk.note(problem)
  // A run that logged nothing is a run all the same.
  for (const { id, name } of found.runs.values()) {
    if (names.size < 100) names.add(name)
    known ||= target.is({ runId: id, runName: name })
  }
  if (!known && !given.follow) throw nothingOf(target, names, services.hint)
  const { showRun } = await import('../../../operations/show.ts')
  const runs = new Map([...[...found.runs.values()].map(showRun), ...ofServer].filter(({ id, name }) => target.is({ runId: id, runName: name })).map((each) => [each.id, each]))
  const printer = logPrinter(invocation.output(true), { runs: target.text === undefined ? new Map() : runs, named: target.runId === undefined, endless: given.follow === true })
  await printer.print(found.items)
  if (interruption && target.runId !== undefined && runs.get(target.runId.toLowerCase())?.ended_at) return
  if (interruption) return await follow(history, startedAt, found.items, wanted, printer, interruption.signal, given.until)
  await printer.end()
  if (found.items.length === 0) invocation.talk.note(nothingSaid(target, given, [...runs.values()]))
}

/** Systemd makes its ids by chance (version 4), our own have the time in them (version 7). */
const invocationForm = /^([0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})$/i

/** What became of it as lines of services; without a code neither the names nor the run are of any. */
type AsServices = { readonly code: number | void } | { readonly hint?: string }

async function asServices({ names = [], run: runId }: Given, invocation: Invocation): Promise<AsServices> {
  const { printServiceLogs } = await import('./service-logs.ts')
  const [only = ''] = names
  if (names.length > 1) return { code: await printServiceLogs(invocation, { names, ...(runId !== undefined && { run: runId }) }) }
  const invocationId = [runId, only].find((text) => text !== undefined && invocationForm.test(text))
  if (invocationId === undefined && (runId !== undefined || names.length === 0 || idForm.test(only))) return {}
  const named = invocationId === only || names.length === 0 ? ['*'] : names
  try {
    return { code: await printServiceLogs(invocation, { names: named, ...(invocationId !== undefined && { run: invocationId }) }) }
  } catch (error) {
    const mayBeTask = invocation.server === undefined && (named !== names || invocationId === undefined)
    if (mayBeTask && error instanceof TaskflowsError && isUnknown.has(error.code)) return error.hint === undefined || error.hint === usualHint ? {} : { hint: error.hint }
    throw error
  }
}

/** It says nothing of this name. */
const usualHint = errorKinds['service.not_found'].hint

/** Then it may be a task; a server of before knows no logs of services. */
const isUnknown: ReadonlySet<string> = new Set(['service.not_found', 'run.not_found', 'request.not_found', 'systemd.unavailable'])

/** Until Ctrl-C, or until the time that was asked for. */
async function follow(history: RunHistory, sinceMs: number, shown: readonly RunLine[], wanted: (line: RunLine) => boolean, printer: LogPrinter, signal: AbortSignal, until: string | undefined): Promise<number> {
  if (signal.aborted) return interruptedExitCode
  const late = new AbortController()
  using _ = until === undefined ? undefined : systemClock.timer(Date.parse(until) - Date.now(), () => late.abort())
  // What was written while the lines before were read comes twice.
  const before = new Set(shown.map(({ record }) => JSON.stringify(record)))
  let printed = Promise.resolve()
  await history.follow(sinceMs, (line) => {
    if (wanted(line) && !before.has(JSON.stringify(line.record))) printed = printed.then(() => printer.flow([line]))
  }, AbortSignal.any([signal, late.signal]))
  await printed
  return signal.aborted ? interruptedExitCode : exitCodes.ok
}

function targetOf({ names: [name] = [], run: runId = name !== undefined && idForm.test(name) ? name : undefined }: Given): Target {
  const text = name ?? runId
  if (name !== undefined && runId !== undefined && name !== runId) {
    if (idForm.test(runId)) throw new TaskflowsError('cli.usage', `--run: a run has one name; leave ${JSON.stringify(name)} out, or --run`)
    throw new TaskflowsError('cli.usage', `--run: expected the id of a run, such as the 32 hexadecimal digits of one of a service, got ${JSON.stringify(runId)}`, { hint: `tf history -m ${name} shows them.` })
  }
  return {
    text, runId,
    is: ({ runId: id, runName }) => (runId !== undefined ? id === runId.toLowerCase() : name === undefined || (runName !== null && matchesGlob(runName, name))),
  }
}

function filterOf({ level, grep }: Given): (line: RunLine) => boolean {
  const matches = grep === undefined ? undefined : linePattern('--grep', grep)
  const least = level === undefined ? 0 : levelNumbers[level]
  return ({ record }) => levelNumbers[levelOf(record)] >= least && (matches?.(messageText(record)) ?? true)
}

/** How many runs of a name are worth their start and end. */
const mostRuns = 200

/** What the server knows of the runs that are meant; nothing without one, or when it is away. */
async function askServer({ config, configFlags, talk }: Invocation, { text, runId, is }: Target): Promise<readonly Run[]> {
  try {
    await using server = await connectToServer(config, talk)
    if (server === undefined) return []
    if (runId !== undefined) return [await server.client.runs.get({ id: runId.toLowerCase() })]
    const { items } = await server.client.runs.list({ limit: mostRuns, ...(!isGlob(text!) && { name: text! }) })
    return items.filter(({ id, name }) => is({ runId: id, runName: name }))
  } catch (error) {
    if (!(error instanceof TaskflowsError) || configFlags.server !== undefined && error.code === 'server.unreachable') throw error
    if (error.code !== 'run.not_found') talk.note(`${messageOf(error)}; only what this machine knows is shown`)
    return []
  }
}

/** @param near a service that has nearly this name */
function nothingOf({ text, runId }: Target, names: ReadonlySet<string>, near: string | undefined): TaskflowsError {
  const there = [...names].sort()
  const hint = near ?? (there.length === 0 ? 'tf list has the names of services, tf history shows what ran.' : `There are: ${there.slice(0, 20).join(', ')}${there.length > 20 ? ', ...' : ''}.`)
  if (text === undefined) return new TaskflowsError('run.not_found', 'no run has left lines on this machine', { hint: 'tf logs NAME shows what a service wrote; tf list has their names.' })
  return new TaskflowsError('run.not_found', `there is no ${runId === undefined ? 'service, and no run of a task named' : 'run'} ${JSON.stringify(text)}`, { details: { name: text, names: there }, hint })
}

function nothingSaid({ text }: Target, { level, grep, since, until }: Given, runs: readonly Run[]): string {
  const what = [level, grep, since, until].some((filter) => filter !== undefined) ? 'No lines match' : 'No lines were logged'
  const others = [...new Set(runs.map(({ host }) => host))].filter((host) => host !== null && host !== hostname())
  return text === undefined || others.length === 0 ? `${what}.` : `${what} on this machine; it ran on ${others.slice(0, 5).join(', ')}.`
}
