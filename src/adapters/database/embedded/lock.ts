/**
 * The lock around every start: one process of a home decides at a time.
 *
 * Node has no flock(2), so flock(1) takes it and a `cat` keeps it for as long as
 * we hold its stdin. The kernel frees it when we die, however we die, and it
 * holds between containers that share a file system.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { dirname } from 'node:path'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { openForAppending, ownerOf, writing } from './files.ts'
import { boundToParent, programEnvironment } from './launch.ts'

/** Longer than a start may take, with a stop before it. */
const patienceSeconds = 150

export interface Lock {
  /** Resolves when others can have it. Never rejects. */
  release(): Promise<void>
}

/** Waits for the lock. @throws `home.unwritable`, and `postgres.start_failed` when its holder does not come to an end. */
export async function takeLock(file: string): Promise<Lock> {
  writing(file, () => closeSync(openForAppending(file, ownerOf(dirname(file)))))
  const command = ['flock', '--exclusive', '--no-fork', '--timeout', String(patienceSeconds), file, 'sh', '-c', 'echo; exec cat'] as const
  const [program, ...args] = boundToParent('KILL', process.pid, command)
  const keeper = spawn(program, args, { env: programEnvironment(null), stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = new Promise<string>((resolve) => {
    keeper.on('error', (error) => resolve(error.message))
    keeper.on('close', (code) => resolve(`flock(1) ended with ${code}`))
  })
  const refusal = await Promise.race([once(keeper.stdout, 'data').then(() => null), ended])
  if (refusal !== null) {
    throw new TaskflowsError('postgres.start_failed', `Expected to get the lock ${file} within ${patienceSeconds} s, but ${refusal}`, {
      details: { file },
      hint: 'Another process of this home is starting PostgreSQL and hangs; `fuser` on the file names it. setpriv, flock and unshare come with util-linux.',
    })
  }
  return {
    async release() {
      keeper.stdin.on('error', () => {})
      keeper.stdin.end()
      await ended
    },
  }
}
