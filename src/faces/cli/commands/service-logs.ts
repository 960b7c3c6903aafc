/** `tf logs SERVICE`: what its units wrote to the journal of this host. */
import { type LogLevel, syslogPriorities } from '../../../kernel/observe/log-level.ts'
import type { ServiceUnits, UnitEntry } from '../../../service-logs.ts'
import { interruptedExitCode, onInterruption } from '../interruption.ts'
import type { Invocation } from '../invocation.ts'
import { linePattern } from '../line-pattern.ts'
import type { Output } from '../output/output.ts'
import { unitLineText } from '../output/unit-line-text.ts'

interface Given {
  readonly lines?: number
  readonly follow?: true
  readonly since?: string
  readonly until?: string
  readonly level?: LogLevel
  readonly grep?: string
}

const defaultLines = 100

export async function printServiceLogs(invocation: Invocation, units: readonly ServiceUnits[]): Promise<number | void> {
  const { readServiceLogs } = await import('../../../service-logs.ts')
  const given = invocation.values as Given
  const matches = given.grep === undefined ? undefined : linePattern('--grep', given.grep)
  const least = given.level === undefined ? 7 : syslogPriorities[given.level]
  const wanted = ({ priority, message }: UnitEntry) => priority <= least && (matches?.(message) ?? true)
  const output = invocation.output(true)
  const startedAt = Date.now()
  // From the first line on Ctrl-C is the end that was announced.
  using interruption = given.follow && onInterruption()
  const lines = await readServiceLogs(invocation.config, units, {
    limit: given.lines ?? defaultLines, wanted, ...(given.since !== undefined && { sinceMs: Date.parse(given.since) }), ...(given.until !== undefined && { untilMs: Date.parse(given.until) }),
  })
  const print = printerFor(output, units, given.follow === true)
  for (const line of lines) await print(line)
  if (interruption) return await follow(invocation, units, startedAt, lines, wanted, print, interruption.signal)
  await output.end()
  if (lines.length === 0) invocation.talk.note('No lines match.')
}

async function follow({ config }: Invocation, units: readonly ServiceUnits[], sinceMs: number, shown: readonly UnitEntry[], wanted: (entry: UnitEntry) => boolean, print: (entry: UnitEntry) => Promise<void>, signal: AbortSignal): Promise<number> {
  if (signal.aborted) return interruptedExitCode
  const { followServiceLogs } = await import('../../../service-logs.ts')
  // What was written while the lines before were read comes twice.
  const before = new Set(shown.map((entry) => JSON.stringify(entry)))
  let printed = Promise.resolve()
  await followServiceLogs(config, units, sinceMs, (entry) => {
    if (wanted(entry) && !before.has(JSON.stringify(entry))) printed = printed.then(() => print(entry))
  }, signal)
  await printed
  return interruptedExitCode
}

/** @param endless nobody knows where the lines end: programs get them one by one */
function printerFor(output: Output, units: readonly ServiceUnits[], endless: boolean): (entry: UnitEntry) => Promise<void> {
  const forPeople = output.format === 'table' || output.format === 'wide'
  const named = units.flatMap((each) => each.units).length > 1
  const oneByOne = output.flow<ReturnType<typeof wireOf>>({ name: ({ unit }) => unit ?? '', columns: [], empty: '' })
  return async (entry) => {
    if (endless && !forPeople) return oneByOne([wireOf(entry)])
    await output.item(wireOf(entry), { name: entry.unit ?? '', text: () => unitLineText(entry, output.paint, named) })
  }
}

function wireOf({ at, ...entry }: UnitEntry) {
  return { at: new Date(at).toISOString(), ...entry }
}
