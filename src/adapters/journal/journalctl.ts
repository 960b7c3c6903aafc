/** Lines of journalctl(1) as they come, and what it complains of. What is asked and what lines mean is the caller's. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { TaskflowsError } from '../../kernel/errors.ts'

/**
 * @param late why an abort is an error; without it an abort is the end
 * @throws `logs.unavailable`
 */
export async function* journalLines(program: string, args: readonly string[], signal: AbortSignal, late?: string): AsyncGenerator<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const complaint = text(child.stderr).catch(() => '')
  const problemAtEnd = new Promise<string | undefined>((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ENOENT' ? 'there is no journalctl on this machine' : error.message))
    // It also ends with 1 when nothing matches, and then has nothing to complain about.
    child.on('close', (code) => void complaint.then((said) => resolve(code === 0 || said.trim() === '' ? undefined : said.trim())))
  })
  const stop = () => { child.kill() }
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  try {
    yield* createInterface({ input: child.stdout, crlfDelay: Infinity })
    const problem = signal.aborted ? late : await problemAtEnd
    if (problem !== undefined) throw new TaskflowsError('logs.unavailable', `the journal cannot be read: ${problem}`)
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}
