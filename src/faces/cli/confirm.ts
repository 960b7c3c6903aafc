/** A question before what cannot be undone. Without a terminal nothing is asked. */
import { createInterface } from 'node:readline/promises'
import { TaskflowsError } from '../../kernel/errors.ts'

/** @throws `cli.usage` when the answer is not yes. */
export async function confirm(question: string, { yes }: { readonly yes: boolean }): Promise<void> {
  if (yes || !process.stdin.isTTY || !process.stderr.isTTY) return
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${question} [y/N] `)
    if (!/^y(es)?$/i.test(answer.trim())) throw new TaskflowsError('cli.usage', 'not confirmed: nothing was changed')
  } finally {
    terminal.close()
  }
}
