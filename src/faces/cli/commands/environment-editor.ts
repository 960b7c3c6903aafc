/** The editor of the person at the terminal, on a file that nobody else can read: an environment may hold secrets, masked or not. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { childEnvironment } from '../../../config.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { environmentTexts } from '../../../local-services.ts'
import type { Talk } from '../output/talk.ts'

type Written = Readonly<Record<string, unknown>>

/**
 * Has `use` do something with what was written, unless nothing was changed.
 * What could not be used stays in the file, so that no work is lost.
 */
export async function editEnvironment(environment: Written, talk: Talk, use: (written: Written) => Promise<number | void>): Promise<number | void> {
  const directory = mkdtempSync(join(tmpdir(), 'taskflows-env-'))
  const file = join(directory, 'environment.yaml')
  const { environmentText, readEnvironmentText } = await environmentTexts()
  const text = environmentText(environment)
  writeFileSync(file, text, { mode: 0o600 })
  try {
    await runEditor(file)
    const edited = readFileSync(file, 'utf8')
    if (edited === text) talk.note('nothing was changed')
    const code = edited === text ? undefined : await use(readEnvironmentText(edited, file))
    rmSync(directory, { recursive: true })
    return code
  } catch (error) {
    talk.note(`What was written is still in ${file}, for --file`)
    throw error
  }
}

/** As git(1) does: a shell splits the variable, since people put options there; the file is an argument of its own. */
async function runEditor(file: string): Promise<void> {
  const { VISUAL, EDITOR } = childEnvironment()
  const editor = VISUAL || EDITOR || 'vi'
  const child = spawn('sh', ['-c', `${editor} "$@"`, editor, file], { stdio: 'inherit' })
  const [code] = await once(child, 'close') as [number | null]
  if (code !== 0) throw new TaskflowsError('cli.usage', `the editor ${JSON.stringify(editor)} ended with ${code ?? 'a signal'}: nothing was changed`, { hint: 'Set EDITOR, or use --file.' })
}
