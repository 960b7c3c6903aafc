/** `tf` as a program that others start: systemd, for the server and for exported functions. */
import { childArguments } from './adapters/child-process/node-arguments.ts'
import { packageModule } from './kernel/package-files.ts'

/**
 * For a server, which lives long: what it makes anew for each request is thrown away in steps of 4 MB and not of 32. With 2,000 services
 * it holds 130 MB instead of 200, and lists them as fast.
 */
export const serverFlags = ['--max-semi-space-size=4'] as const

/** Absolute; what `tf` is to do follows. With the loaders and conditions that this process needed itself. @param flags for Node */
export function tfProgram(flags: readonly string[] = []): readonly [string, ...string[]] {
  return [process.execPath, ...flags, ...childArguments(process.execArgv).filter((argument) => !flags.includes(argument)), packageModule('faces/cli/main')]
}
