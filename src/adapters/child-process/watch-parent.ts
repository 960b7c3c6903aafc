/**
 * A thread of the child that ends it, and what it started, when its parent is
 * gone: a function that never yields keeps the child's main thread from noticing.
 */
import { once } from 'node:events'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../kernel/clock.ts'
import { endTree, watchTree } from './process-tree.ts'

export interface WatchParentData {
  /** Its process id. */
  readonly parent: number
  readonly mark: string
}

const lookMs = 200

if (!isMainThread && parentPort) {
  const { parent, mark } = workerData as WatchParentData
  const { pid } = process
  const tree = watchTree({ root: pid, mark })
  let gone = false
  const told = once(parentPort, 'message').then(() => { gone = true })
  while (!gone && process.ppid === parent) await Promise.race([told, systemClock.sleep(lookMs)])
  await endTree(tree, systemClock, pid)
  process.kill(pid, 'SIGKILL')
}
