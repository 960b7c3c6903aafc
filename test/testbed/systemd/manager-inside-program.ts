/** Runs inside a test bed: the manager of systemd there, asked over standard input and output, a JSON value per line. `manager-inside.ts` asks. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createSystemdManager } from '../../../src/adapters/systemd/index.ts'
import { TaskflowsError } from '../../../src/kernel/errors.ts'
import type { Answer, Question } from './manager-inside.ts'

const scope = process.argv[2] === 'system' ? 'system' : 'user'
await using manager = createSystemdManager({
  scope,
  unitDirectory: scope === 'system' ? '/etc/systemd/system' : join(homedir(), '.config/systemd/user'),
  environment: process.env, homeDirectory: homedir(), uid: process.getuid!(),
  runExport: [process.execPath, 'run'],
  stateDirectory: join(homedir(), '.taskflows/services'),
})
const watches = new Map<number, AbortController>()
const running: Promise<void>[] = []
const tell = (answer: Answer) => void process.stdout.write(`${JSON.stringify(answer)}\n`)

tell({ id: 0, value: manager.directory })
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, args } = JSON.parse(line) as Question
  if (method === 'stop watching') watches.get(args[0] as number)?.abort()
  else running.push(answer(id, method, args))
}
for (const watch of watches.values()) watch.abort()
await Promise.all(running)

async function answer(id: number, method: Exclude<Question['method'], 'stop watching'>, args: readonly unknown[]): Promise<void> {
  try {
    if (method === 'watch') return await watchUntilStopped(id)
    tell({ id, value: await (manager[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args) ?? null })
  } catch (error) {
    const { code, message, hint, details } = error as TaskflowsError
    tell({ id, error: { code, message, details, ...(hint !== undefined && { hint }) } })
  }
}

async function watchUntilStopped(id: number): Promise<void> {
  const stop = new AbortController()
  watches.set(id, stop)
  for await (const item of manager.watch(stop.signal)) tell({ id, item })
  tell({ id, value: null })
}
