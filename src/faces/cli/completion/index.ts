/**
 * `tf completion`: a shell script that completes lines of `tf`. Static text, so completing starts no program;
 * `completion-table.ts` has what it knows, and the files beside it are the scripts.
 */
import { readFileSync } from 'node:fs'
import { packageFile } from '../../../kernel/package-files.ts'
import { commands, type shells } from '../commands.ts'
import { globalFlags } from '../global-flags.ts'
import { completionTable } from './completion-table.ts'

export type Shell = (typeof shells)[number]

/** The script with the table in it. */
export function completionScript(shell: Shell): string {
  const script = readFileSync(packageFile(`faces/cli/completion/tf.${shell}`), 'utf8')
  return script.replace('@TABLE@', () => quoted(shell, completionTable(commands, globalFlags)))
}

/** As one single-quoted word. In fish a backslash counts there, and escapes. */
function quoted(shell: Shell, text: string): string {
  const escaped = shell === 'fish' ? text.replaceAll(/[\\']/g, String.raw`\$&`) : text.replaceAll("'", String.raw`'\''`)
  return `'${escaped}'`
}
