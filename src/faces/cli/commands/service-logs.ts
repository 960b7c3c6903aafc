/**
 * `tf logs SERVICE`: what its units wrote to the journal. Of this host it is
 * read in this process, also where a server of this home runs: the journal is
 * nearer than the server. With `--server` that one is asked.
 */
import { setFlagsFromString } from 'node:v8'
import type { Client } from '../../../client/create-client.ts'
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { InputOf, OutputOf } from '../../../contract/operation.ts'
import { TaskflowsError, messageOf } from '../../../kernel/errors.ts'
import { isGlob } from '../../../kernel/glob.ts'
import type { LogLevel } from '../../../kernel/observe/log-level.ts'
import { type Connection, connectToServer } from '../connect.ts'
import { interruptedExitCode, onInterruption } from '../interruption.ts'
import type { Invocation } from '../invocation.ts'
import { defaults } from '../manifest.ts'
import type { Output } from '../output/output.ts'
import type { Talk } from '../output/talk.ts'
import { unitLineText } from '../output/unit-line-text.ts'

type Services = Client<TaskflowsContract>['services']
type Line = OutputOf<TaskflowsContract['services']['logs']>['items'][number]
type Query = Omit<InputOf<TaskflowsContract['services']['followLogs']>, 'cursor' | 'lines'>
type Print = (line: Line) => Promise<void>

/** Whose lines are meant. */
export interface ServiceTarget {
  /** Names of services, or patterns. */
  readonly names: readonly string[]
  /** The invocation id of systemd. */
  readonly run?: string
}

interface Given {
  readonly lines?: number
  readonly follow?: true
  readonly since?: string
  readonly until?: string
  readonly level?: LogLevel
  readonly grep?: string
}

const defaultLines = 100
/** So many are held to turn them round; more are read from the oldest on, and none is held. */
const mostHeld = 1000

/** @throws `service.not_found`, and `run.not_found` for a run that left no line */
export async function printServiceLogs(invocation: Invocation, { names, run }: ServiceTarget): Promise<number | void> {
  const { lines = defaultLines, follow, ...filter } = invocation.values as Given
  const query: Query = { name: names.join(','), ...(run !== undefined && { run }), ...filterOf(filter) }
  await using at = await connectFor(invocation)
  const { services } = at.client
  // From the first line on Ctrl-C is the end that was announced.
  using interruption = follow && onInterruption()
  const isHeld = !follow && lines <= mostHeld
  const head = await services.logs({ ...query, limit: isHeld ? lines : 1 })
  for (const note of head.notes) invocation.talk.note(note)
  const output = invocation.output(true)
  const print = printerFor(output, { named: names.length > 1 || names.some(isMany), endless: follow === true })
  const printed = interruption ? await goOn(services, { ...query, lines }, print, interruption.signal, invocation.talk)
    : isHeld ? await printHeld(services, query, head, lines, print) : await printFrom(services, query, lines, head, print)
  if (interruption?.signal.aborted) return interruptedExitCode
  if (!follow) await output.end()
  if (printed > 0) return
  if (run !== undefined && Object.keys(filterOf(filter)).length === 0) throw new TaskflowsError('run.not_found', `no line is of a run ${run} of ${names.join(', ')}`, { hint: 'tf history shows the ids of runs.' })
  invocation.talk.note('No lines match.')
}

/** Times as the line gave them; a value that was not given is no field. */
function filterOf({ since, until, level, grep }: Given): Partial<Query> {
  return { ...(since !== undefined && { since }), ...(until !== undefined && { until }), ...(level !== undefined && { level }), ...(grep !== undefined && { grep }) }
}

function isMany(name: string): boolean {
  return isGlob(name) || name.endsWith('@')
}

async function connectFor({ config, talk }: Invocation): Promise<Connection> {
  const server = config.server === null ? undefined : await connectToServer(config, talk)
  if (server) return server
  const { openLocalServices } = await import('../../../local-services.ts')
  const { client, close } = openLocalServices(config, { defaults, onProgress: talk.progress })
  return { client, [Symbol.asyncDispose]: close }
}

type Page = OutputOf<TaskflowsContract['services']['logs']>

/** A page may hold less than it was asked for, and there is more all the same. */
async function printHeld({ logs }: Services, query: Query, first: Page, wanted: number, print: Print): Promise<number> {
  const held = [...first.items]
  for (let cursor = first.next_cursor; cursor !== null && held.length < wanted; ) {
    const page = await logs({ ...query, cursor, limit: wanted - held.length })
    held.push(...page.items)
    cursor = page.next_cursor
  }
  for (const line of held.toReversed()) await print(line)
  return held.length
}

/**
 * Before a stream that may bring millions: V8 gives the young heap more and more room else, for garbage that
 * nothing is lost by collecting.
 */
function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

/** Streams up to what was the last line when this began. */
async function printFrom(services: Services, query: Query, lines: number, head: Page, print: Print): Promise<number> {
  let last = head
  while (last.items.length === 0 && last.next_cursor !== null) last = await services.logs({ ...query, limit: 1, cursor: last.next_cursor })
  const end = last.items[0]?.cursor
  if (end === undefined) return 0
  keepHeapSmall()
  let printed = 0
  for await (const { item } of services.followLogs({ ...query, lines })) {
    await print(item)
    printed += 1
    if (item.cursor === end || printed === lines) break
  }
  return printed
}

/** Until Ctrl-C, or until no more can come: the run is over, or the time that was asked for. */
async function goOn(services: Services, query: Query & { readonly lines: number }, print: Print, signal: AbortSignal, talk: Talk): Promise<number> {
  keepHeapSmall()
  let printed = 0
  const lines = services.followLogs(query, {
    signal,
    onBreak: (error) => talk.warn(`${messageOf(error)}; trying again`),
    onMended: () => talk.note('connected again; nothing was missed'),
  })
  for await (const { item } of lines) {
    await print(item)
    printed += 1
  }
  return printed
}

interface PrinterOptions {
  /** Lines say of which service they are. */
  readonly named: boolean
  /** Nobody knows where the lines end: programs get them one by one. */
  readonly endless: boolean
}

function printerFor(output: Output, { named, endless }: PrinterOptions): Print {
  const forPeople = output.format === 'table' || output.format === 'wide'
  const oneByOne = output.flow<Line>({ name: ({ service }) => service ?? '', columns: [], empty: '' })
  return async (line) => {
    if (endless && !forPeople) return oneByOne([line])
    await output.item(line, { name: line.service ?? '', text: () => unitLineText({ ...line, at: Date.parse(line.at) }, output.paint, named) })
  }
}
