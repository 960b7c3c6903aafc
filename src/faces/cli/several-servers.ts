/**
 * One line for several servers: the command runs for each of them, side by
 * side, and what they say is printed as one. What fails on one is named, and
 * takes nothing from the others.
 */
import { readConfig } from '../../config.ts'
import { TaskflowsError, exitCodes, messageOf } from '../../kernel/errors.ts'
import type { Command, OperationCommand } from './command.ts'
import { confirm } from './confirm.ts'
import { combinedExitCode } from './errors.ts'
import type { Invocation } from './invocation.ts'
import { type HostOutput, hostOutput, printByHost } from './output/host-outputs.ts'
import { type MergedLines, mergedLines } from './output/merged-lines.ts'
import type { Output } from './output/output.ts'
import type { Talk } from './output/talk.ts'

type Run<C extends Command> = (command: C, invocation: Invocation) => Promise<number | void>

/** What became of the command on one server. */
type End = { readonly code: number } | { readonly thrown: unknown }

/** Areas of the contract whose every command means one host, and so can mean several. */
const areasOfHosts: readonly string[] = ['services', 'environments']

/**
 * @param given names of the list, addresses, or `all`
 * @returns the exit code that all of them have, else `partial`
 * @throws the failure that all servers had, or `servers.partial` that lists those of some
 */
export async function runOnServers<C extends Command>(command: C, given: readonly string[], invocation: Invocation, run: Run<C>): Promise<number> {
  refuseSeveral(command, given, invocation)
  const { serverNames } = await import('../../known-server.ts')
  const names = serverNames(given, invocation.config.home)
  await ask(command, names, invocation)
  const collected = isLines(command) ? collectLines(names, invocation) : collectParts(names, invocation)
  const waiting = new Set(names)
  const goesOn = invocation.values['follow'] === true
  const tellProgress = () => invocation.talk.progress(goesOn || waiting.size === 0 ? '' : `waiting for ${[...waiting].join(', ')}`)
  tellProgress()
  const ends = await Promise.all(names.map(async (name): Promise<End> => {
    const end = await endOf(run(command, forServer(name, invocation, collected.outputOf(name))))
    waiting.delete(name)
    await collected.ended(name)
    // Nobody waits for the end of what goes on.
    if ('thrown' in end && goesOn && waiting.size > 0) invocation.talk.warn(`${name}: ${messageOf(end.thrown)}`)
    tellProgress()
    return end
  }))
  await collected.end()
  return codeOf(command, names, ends)
}

/** What all of them print, put together. */
type Collected = Pick<MergedLines, 'outputOf' | 'ended' | 'end'>

function collectLines(names: readonly string[], { output, values }: Invocation): Collected {
  return mergedLines(names, output(true), values['follow'] === true)
}

function collectParts(names: readonly string[], invocation: Invocation): Collected {
  const { format, paint } = invocation.output(true)
  const outputs = new Map<string, HostOutput>(names.map((name) => [name, hostOutput(name, format, paint)]))
  return {
    outputOf: (name) => outputs.get(name)!,
    ended: async () => {},
    end: async () => {
      const said = [...outputs.values()]
      if (said.some(({ parts }) => parts.length > 0)) await printByHost(said, invocation.output(true), invocation.talk)
    },
  }
}

async function endOf(running: Promise<number | void>): Promise<End> {
  try {
    return { code: (await running) ?? exitCodes.ok }
  } catch (thrown) {
    return { thrown }
  }
}

function refuseSeveral(command: Command, given: readonly string[], { values, globals }: Invocation): void {
  const refuse = (what: string, hint: string): never => {
    throw new TaskflowsError('cli.usage', `${what}, got --server ${given.join(' --server ')}`, { details: { command: command.words, servers: given }, hint })
  }
  if (!takesSeveral(command)) refuse(`tf ${command.words} is done on one server`, 'Name one of them. Commands on services take several.')
  if (values['cursor'] !== undefined) refuse('--cursor belongs to one server', 'Name the one that it came from.')
  const asks = command.words === 'create' || command.words === 'backfill' && values['since'] !== undefined
  if (asks && values['dryRun'] !== true && !globals.yes && process.stdin.isTTY && process.stderr.isTTY) {
    refuse(`tf ${command.words} asks nothing of several servers`, `Look with ${command.words === 'create' ? 'tf plan' : '--dry-run'} and the same servers, then add --yes.`)
  }
}

function takesSeveral(command: Command | OperationCommand): boolean {
  return 'area' in command ? areasOfHosts.includes(command.area) : command.several !== undefined
}

function isLines(command: Command | OperationCommand): boolean {
  return command.several === 'lines'
}

/** Once for all of them. */
async function ask(command: Command | OperationCommand, names: readonly string[], { values, globals }: Invocation): Promise<void> {
  if (!('confirm' in command) || command.confirm === undefined) return
  const what = [values[command.args[0]!.key]].flat().join(', ')
  await confirm(`${what} on ${names.join(', ')}: ${command.confirm}`, globals)
}

/** The same line for one of them: its name goes before all that is said to people. */
function forServer(name: string, invocation: Invocation, output: Output): Invocation {
  const configFlags = { ...invocation.configFlags, server: name }
  const { talk } = invocation
  const ownTalk: Talk = { ...talk, note: (text) => talk.note(`${name}: ${text}`), warn: (text) => talk.warn(`${name}: ${text}`), progress: () => {} }
  let read: Invocation['config'] | undefined
  return {
    values: invocation.values, server: name, configFlags, talk: ownTalk,
    globals: { ...invocation.globals, yes: true, get debug() { return invocation.globals.debug } },
    output: () => output,
    report: (thrown) => invocation.report(failureOf([{ name, thrown }])),
    get config() { return (read ??= readConfig(configFlags)) },
  }
}

function codeOf(command: Command, names: readonly string[], ends: readonly End[]): number {
  const failures = ends.flatMap((end, at) => ('thrown' in end ? [{ name: names[at]!, thrown: end.thrown }] : []))
  if (failures.length === 0) return codeOfAll(command, ends.map((end) => (end as { code: number }).code))
  const code = combinedExitCode(names.length, failures.map(({ thrown }) => thrown))
  if (code !== exitCodes.partial) throw failureOf(failures)
  throw new TaskflowsError('servers.partial', `${failures.length} of ${names.length} servers did not do it\n${linesOf(failures)}`, { details: detailsOf(failures) })
}

/** tf plan tells mistakes (1) from changes (2); of all other codes that differ some mean that it was not done. */
function codeOfAll({ usageExit }: Command, codes: readonly number[]): number {
  const [first, ...others] = new Set(codes)
  if (others.length === 0) return first!
  return usageExit === undefined ? exitCodes.partial : codes.includes(exitCodes.error) ? exitCodes.error : Math.max(...codes)
}

interface Failure {
  readonly name: string
  readonly thrown: unknown
}

/** The same failure of one or of all, as one. */
function failureOf(failures: readonly Failure[]): TaskflowsError {
  const [{ name, thrown }, ...others] = failures as [Failure, ...Failure[]]
  const known = thrown instanceof TaskflowsError ? thrown : undefined
  const message = others.length === 0 ? `${name}: ${messageOf(thrown)}` : `none of the ${failures.length} servers did it\n${linesOf(failures)}`
  return new TaskflowsError(known?.code ?? 'internal', message, { details: detailsOf(failures), ...(known?.hint !== undefined && { hint: known.hint }), cause: thrown })
}

function linesOf(failures: readonly Failure[]): string {
  return failures.map(({ name, thrown }) => `  ${name}: ${messageOf(thrown)}`).join('\n')
}

function detailsOf(failures: readonly Failure[]) {
  return {
    failures: failures.map(({ name, thrown }) => {
      const { code, details, hint } = thrown instanceof TaskflowsError ? thrown : new TaskflowsError('internal', messageOf(thrown))
      return { server: name, code, detail: messageOf(thrown), details, hint: hint ?? null }
    }),
  }
}
