#!/usr/bin/env node
/**
 * `tf`, also called `taskflows`: the way in from a shell.
 *
 * Help must come at once, so only the command table and the parser are loaded
 * here; everything else is imported by the command that needs it.
 */
import type { Command } from './command.ts'
import { commands } from './commands.ts'
import { globalFlags } from './global-flags.ts'
import { parseLine } from './parse-line.ts'

// `tf jobs list | head` ends when its reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
// There is nobody left to tell.
process.stderr.on('error', () => {})

process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<number> {
  let named: Command | undefined
  try {
    const { words, command, globals, given } = parseLine(argv, commands, globalFlags, (found) => { named = found })
    if (globals.has('version')) return print((await import('../../kernel/version.ts')).packageVersion())
    if (!command || globals.has('help')) {
      const { commandHelp, overview } = await import('./help.ts')
      return print(command ? commandHelp(command) : overview(words, commands))
    }
    const { runCommand } = await import('./run-command.ts')
    return await runCommand(command, globals, given)
  } catch (thrown) {
    const code = (await import('./failure.ts')).reportFailure(thrown)
    return (await import('./errors.ts')).exitCodeFor(named, code)
  }
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}
