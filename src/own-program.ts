/** `tf` as a program that others start: systemd, for the server and for exported functions. */
import { extname, join } from 'node:path'
import { childArguments } from './adapters/child-process/node-arguments.ts'

/** Absolute; what `tf` is to do follows. With the loaders and conditions that this process needed itself. */
export function tfProgram(): readonly [string, ...string[]] {
  return [process.execPath, ...childArguments(process.execArgv), join(import.meta.dirname, 'faces', 'cli', `main${extname(import.meta.filename)}`)]
}
