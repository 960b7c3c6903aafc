/**
 * One process of a home changes services at a time.
 *
 * flock(1) takes the lock and a `cat` keeps it while we hold its input, so that
 * the kernel frees it however we die (decision 11). The file says who has it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'

/** flock(1) exits with this when it was not free in time. */
const notFree = 75

/** @throws `service.busy` naming who has it, `home.unwritable` */
export async function takeApplyLock(file: string, purpose: string, { patienceSeconds = 30, onProgress }: { readonly patienceSeconds?: number; readonly onProgress: (text: string) => void }): Promise<AsyncDisposable> {
  createFile(file)
  const keeper = await keepLock(file, 0) ?? await keepLockLater(file, patienceSeconds, onProgress)
  writeFileSync(file, `${process.pid} ${new Date().toISOString()} ${purpose}\n`)
  return {
    async [Symbol.asyncDispose]() {
      truncateSync(file)
      keeper.stdin.on('error', () => {})
      keeper.stdin.end()
      await once(keeper, 'close')
    },
  }
}

async function keepLockLater(file: string, patienceSeconds: number, onProgress: (text: string) => void) {
  onProgress(`Waiting for ${holderOf(file)}`)
  const keeper = await keepLock(file, patienceSeconds)
  if (keeper) return keeper
  throw new TaskflowsError('service.busy', `Waited ${patienceSeconds} s for ${holderOf(file)}, which changes services`, { details: { file } })
}

/** The process that holds the lock for us, or undefined when it was not free in time. */
async function keepLock(file: string, patienceSeconds: number) {
  const keeper = spawn('flock', ['--exclusive', '--no-fork', '--conflict-exit-code', String(notFree), '--timeout', String(patienceSeconds), file, 'sh', '-c', 'echo; exec cat >/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = new Promise<number | string>((resolve) => {
    keeper.on('error', (error) => resolve(error.message))
    keeper.on('close', (code) => resolve(code ?? 'a signal'))
  })
  const refusal = await Promise.race([once(keeper.stdout, 'data').then(() => null), ended])
  if (refusal === null) return keeper
  if (refusal === notFree) return undefined
  throw new TaskflowsError('home.unwritable', `Expected to get the lock ${file}, but flock(1) ended with ${refusal}`, { details: { file }, hint: 'flock(1) comes with util-linux.' })
}

function holderOf(file: string): string {
  const [pid, since, ...purpose] = readFileSync(file, 'utf8').trim().split(' ')
  return pid ? `process ${pid} (${purpose.join(' ')}, since ${since})` : 'another process'
}

function createFile(file: string): void {
  try {
    writeFileSync(file, '', { flag: 'a', mode: 0o600 })
  } catch (error) {
    throw new TaskflowsError('home.unwritable', `Expected ${file} to be a file that this account may write, got ${messageOf(error)}`, { details: { file }, cause: error })
  }
}
