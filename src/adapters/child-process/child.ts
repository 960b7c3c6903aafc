/**
 * The child's end of `index.ts`: loads the module, calls the function, says how
 * it ended, and ends.
 */
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { withinRun } from '../../engines/tasks/context.ts'
import { loadModule } from '../../engines/tasks/load-tasks.ts'
import { currentRuntime } from '../../engines/tasks/runtime.ts'
import { messageOf } from '../../kernel/errors.ts'
import { packageModule } from '../../kernel/package-files.ts'
import { findFunction } from './find-function.ts'
import { isolatedRun } from './isolated-run.ts'
import { beginIsolation } from './isolation.ts'
import type { CallData, FromChild, Outcome, ToChild } from './messages.ts'
import { notIsolatable } from './not-isolatable.ts'
import { ProgressTeller } from './progress-teller.ts'
import { packThrown, unpackThrown } from './thrown.ts'
import { findUncloneable } from './uncloneable.ts'
import type { WatchParentData } from './watch-parent.ts'

/** For what other tasks that the function called left to be sent. */
const patienceMs = 5_000

const controller = new AbortController()
const progress = new ProgressTeller((said, heard) => tell({ kind: 'progressed', progress: said }, heard))
let watcher: Worker | undefined
let ended = false

process.on('message', (message: ToChild) => {
  if (message.kind === 'abort') return controller.abort(unpackThrown(message.reason))
  watcher = watchParent(message)
  void callFunction(message.call).then((value) => end({ kind: 'returned', value }), fail)
})
process.on('disconnect', () => {
  if (!watcher) process.exit()
  watcher.postMessage('the parent is gone')
  controller.abort(new Error('the process that called the task has ended'))
})
// Thrown outside of the function's own promise: by a timer, or as a rejection that nobody handled.
process.on('uncaughtException', fail)

async function callFunction({ module, name, export: path, args, run }: CallData): Promise<unknown> {
  const { inside } = beginIsolation(fail)
  const file = fileURLToPath(module)
  const fn = findFunction(await loadModule(file, '/'), { file, name, path })
  const current = await isolatedRun({ ...run, name, signal: controller.signal, onProgress: (said) => progress.say(said) })
  return inside.run(true, () => withinRun(current, () => fn(...args)))
}

function fail(error: unknown): void {
  end({ kind: 'threw', thrown: packThrown(error) })
}

/** The first end counts. */
function end(outcome: Outcome): void {
  if (ended) return
  try {
    progress.flush()
    tell(outcome, () => void leave())
    ended = true
  } catch (cause) {
    // Only what the function returned can be refused here.
    const what = outcome.kind === 'returned' ? findUncloneable(outcome.value) : undefined
    fail(notIsolatable(`the result cannot be passed to another process: ${what ?? messageOf(cause)}`, 'Return data: functions, promises and connections stay in their process.'))
  }
}

/** @throws DataCloneError */
function tell(message: FromChild, then?: () => void): void {
  if (process.connected) process.send!(message, undefined, undefined, then)
}

/** What the module left open does not keep this process. */
async function leave(): Promise<void> {
  await currentRuntime()?.settle?.(patienceMs)
  process.exit(0)
}

function watchParent({ parent, mark }: Extract<ToChild, { kind: 'call' }>): Worker {
  const watcher = new Worker(packageModule('adapters/child-process/watch-parent'), { workerData: { parent, mark } satisfies WatchParentData, execArgv: [], name: 'parent' })
  watcher.unref()
  return watcher
}
