/** One command from its texts to its exit code. */
import { type Config, type ConfigFlags, readConfig } from '../../config.ts'
import type { LocalCommand, OperationCommand } from './command.ts'
import { exitCodeFor } from './errors.ts'
import { reportFailure } from './failure.ts'
import { type Format, globalFlags } from './global-flags.ts'
import type { Globals, Invocation } from './invocation.ts'
import { createOutput } from './output/output.ts'
import { createTalk } from './output/talk.ts'
import type { Given } from './parse-line.ts'
import { type Values, readValues } from './read-values.ts'

export async function runCommand(command: OperationCommand | LocalCommand, givenGlobals: Given, given: Given): Promise<number> {
  const noColor = givenGlobals.has('noColor')
  let read: Config | undefined
  const failure = { noColor, format: 'table' as Format, get debug() { return read?.logLevel === 'debug' } }
  const talk = createTalk({ noColor, quiet: givenGlobals.has('quiet') })
  try {
    const shared = await readValues({ args: [], flags: globalFlags }, givenGlobals)
    failure.format = (shared['output'] as Format | undefined) ?? 'table'
    const values = await readValues(command, given)
    const servers = (shared['server'] as readonly string[] | undefined) ?? []
    const configFlags = flagsOf(servers, values)
    const globals: Globals = { format: failure.format, noColor, yes: givenGlobals.has('yes'), get debug() { return failure.debug } }
    const output = (several: boolean) => createOutput({ ...globals, talk, several })
    const report = (thrown: unknown) => void reportFailure(thrown, failure)
    // What needs no configuration works with a broken one, and tf doctor says what is broken.
    const invocation: Invocation = { values, globals, configFlags, talk, output, report, get config() { return (read ??= readConfig(configFlags)) } }
    if (!meansSeveral(servers)) return (await run(command, invocation)) ?? 0
    return await (await import('./several-servers.ts')).runOnServers(command, servers, invocation, run)
  } catch (thrown) {
    talk.progress('')
    return exitCodeFor(command, reportFailure(thrown, failure))
  }
}

async function run(command: OperationCommand | LocalCommand, invocation: Invocation): Promise<number | void> {
  if ('load' in command) return (await command.load()).run(invocation)
  const { runOperation } = await import('./run-operation.ts')
  return runOperation(command, invocation)
}

function meansSeveral(servers: readonly string[]): boolean {
  return servers.length > 1 || servers[0] === 'all'
}

/** The settings that are also flags. */
function flagsOf(servers: readonly string[], values: Values): ConfigFlags {
  const chosen = { server: meansSeveral(servers) ? undefined : servers[0], host: values['host'], port: values['port'] }
  const given = Object.entries(chosen).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([key, value]) => [key, String(value)]))
}
