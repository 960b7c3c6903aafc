/** What `isolate.test.ts` runs in processes of their own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { NonRetryableError, TaskflowsError, getCurrentRun, task } from '../../../src/index.ts'

class CardDeclined extends TypeError {
  override readonly name = 'CardDeclined'
  readonly code = 'E_CARD'
  readonly attempt = { number: 3, callback: undefined as unknown }
  readonly retry = () => {}
}

export const echo = task((...args: unknown[]) => args, { name: 'echo' })
export const pid = task(() => process.pid, { name: 'pid' })
export const environment = task((...names: string[]) => names.map((name) => process.env[name]), { name: 'environment' })

export const decline = task(() => {
  throw new CardDeclined('no money', { cause: new RangeError('balance', { cause: 'rent' }) })
}, { name: 'decline' })

export const throwWhat = task((what: string) => {
  switch (what) {
    case 'text': throw 'just text'
    case 'nothing': throw undefined
    case 'final': throw new NonRetryableError('never again')
    case 'several': throw new AggregateError([new RangeError('one'), 'two'], 'both')
    case 'abort': throw new DOMException('gone', 'AbortError')
    case 'ours': throw new TaskflowsError('job.not_found', 'job 7 is not there', { details: { id: 7 }, hint: 'Look elsewhere.' })
    case 'file': return writeFileSync('/nowhere/at/all', '')
    case 'later': return setTimeout(1).then(() => { process.nextTick(() => { throw new SyntaxError('from nowhere') }); return setTimeout(60_000) })
    default: throw new Error(what)
  }
}, { name: 'throwWhat' })

export const die = task((how: string) => {
  if (how === 'exit') process.exit(3)
  process.kill(process.pid, how as NodeJS.Signals)
  return setTimeout(60_000)
}, { name: 'die' })

export const spin = task((file?: string) => {
  if (file !== undefined) writeFileSync(file, String(process.pid))
  for (;;);
}, { name: 'spin' })

/** Three kinds of grandchildren: of the group, with a session of its own, and with both a session and no parent. All but the first ignore SIGTERM. */
export const tree = task(async (seconds: number, then: 'wait' | 'spin' | 'return') => {
  const shells = [
    `sleep ${seconds}; true`,
    `trap '' TERM; setsid sh -c "trap '' TERM; sleep ${seconds}; true"; true`,
    `setsid sh -c "trap '' TERM; sleep ${seconds}; sleep ${seconds}" >/dev/null 2>&1 & sleep 0.05`,
  ]
  const started = shells.map((script) => spawn('sh', ['-c', script], { stdio: 'ignore' }))
  await once(started[2]!, 'exit')
  getCurrentRun()!.progress(started.length)
  if (then === 'spin') for (;;);
  if (then === 'wait') await setTimeout(60_000)
}, { name: 'tree' })

export const inObject = { plain: () => 'plain', task: task(() => 'task', { name: 'named otherwise' }) }
export const stream = task(() => ({ rows: [{ read: () => 1 }] }), { name: 'stream' })

export const context = task(async () => {
  await setTimeout(1)
  const { id, name, attempt, startedAt, correlationId } = getCurrentRun()!
  return { id, name, attempt, startedAt, correlationId }
}, { name: 'context' })

/** Says how far it is, without ever yielding. */
export const count = task((to: number) => {
  for (let at = 1; at <= to; at += 1) getCurrentRun()!.progress(at, to, `round ${at}`)
}, { name: 'count' })

/** Ends by itself once it is told to, and writes down why. */
export const heed = task(async (file: string) => {
  const { signal, progress } = getCurrentRun()!
  progress(0)
  await once(signal, 'abort')
  const reason = signal.reason as Error
  writeFileSync(file, `${reason.constructor.name}: ${reason.message}`)
}, { name: 'heed' })

export const spinning = task(() => { for (;;); }, { name: 'spinning', isolate: true, timeout: '300ms', required: true })
export const third = task(() => {
  const { attempt, log } = getCurrentRun()!
  log.debug({}, 'trying')
  if (attempt < 3) throw new Error(`attempt ${attempt}`)
  return [attempt, process.pid]
}, { name: 'third', isolate: true, required: true, retries: { maxAttempts: 3, strategy: 'fixed', baseDelaySeconds: 0, jitter: 'none' } })
/** An isolated task that calls another one. */
export const nested = task(async () => [process.pid, ...(await third())], { name: 'nested', isolate: true, required: true })
/** Not exported. */
const hidden = task(() => 1, { name: 'hidden', isolate: true, required: true, retries: 5 })
export const callHidden = () => hidden()
