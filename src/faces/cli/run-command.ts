/** One command from its texts to its exit code. */
import { type Config, type ConfigFlags, readConfig } from '../../config.ts'
import type { LocalCommand } from './commands.ts'
import type { OperationCommand } from './command.ts'
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
    const configFlags = flagsOf(shared, values)
    const globals: Globals = { format: failure.format, noColor, yes: givenGlobals.has('yes'), get debug() { return failure.debug } }
    const output = (several: boolean) => createOutput({ ...globals, talk, several })
    // What needs no configuration works with a broken one, and tf doctor says what is broken.
    return (await run(command, { values, globals, configFlags, talk, output, get config() { return (read ??= readConfig(configFlags)) } })) ?? 0
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

/** The settings that are also flags. */
function flagsOf(shared: Values, values: Values): ConfigFlags {
  const chosen = { server: shared['server'], host: values['host'], port: values['port'] }
  const given = Object.entries(chosen).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([key, value]) => [key, String(value)]))
}
