/** Lines of journalctl(1) as they come, and what it complains of. What is asked and what lines mean is the caller's. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { TaskflowsError } from '../../kernel/errors.ts'
import { lineBatches } from './line-batches.ts'

/**
 * @param late why an abort is an error; without it an abort is the end
 * @throws `logs.unavailable`
 */
export async function* journalLines(program: string, args: readonly string[], signal: AbortSignal, late?: string): AsyncGenerator<string> {
  for await (const lines of journalBatches(program, args, signal, late)) yield* lines
}

/**
 * The same, with the lines together that came together. journalctl reads on only when more is asked for: what its pipe
 * does not take it waits with.
 */
export async function* journalBatches(program: string, args: readonly string[], signal: AbortSignal, late?: string): AsyncGenerator<string[]> {
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
    yield* lineBatches(child.stdout.setEncoding('utf8'))
    const problem = signal.aborted ? late : await problemAtEnd
    if (problem !== undefined) throw unavailable(problem)
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

function unavailable(problem: string): TaskflowsError {
  const hint = hints.find(([said]) => said.test(problem))?.[1]
  return new TaskflowsError('logs.unavailable', `the journal cannot be read: ${problem}`, hint === undefined ? {} : { hint })
}

const hints: readonly (readonly [RegExp, string])[] = [
  [/no journalctl/, 'Install systemd, or put its programs on the PATH.'],
  [/permission|denied|not allowed/i, 'Only members of the group systemd-journal read the whole journal: usermod --append --groups systemd-journal ACCOUNT, and log in again.'],
  [/not answer within/, 'TASKFLOWS_JOURNALCTL_TIMEOUT_SECONDS gives it longer.'],
]
