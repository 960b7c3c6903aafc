/** `tf completion SHELL`. */
import type { RunCommand } from '../invocation.ts'
import { type Shell, completionScript } from '../completion/index.ts'

export const run: RunCommand = async ({ values }) => {
  process.stdout.write(completionScript(values['shell'] as Shell))
}
