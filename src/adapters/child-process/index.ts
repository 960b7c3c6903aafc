/**
 * Runs one attempt of a task in a child process, which is ended with all that
 * came of it: when the attempt is aborted, and also when it is over.
 *
 * `child.ts` is the other end; `watch-parent.ts` ends the child when this
 * process is killed.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { IsolatedCall, RunIsolated } from '../../engines/tasks/runtime.ts'
import { systemClock } from '../../kernel/clock.ts'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'
import { packageModule } from '../../kernel/package-files.ts'
import { within } from '../../kernel/within.ts'
import { currentIsolation } from './isolation.ts'
import type { FromChild, Outcome, ToChild } from './messages.ts'
import { childArguments } from './node-arguments.ts'
import { notIsolatable } from './not-isolatable.ts'
import { endTree, watchTree } from './process-tree.ts'
import { packThrown, unpackThrown } from './thrown.ts'
import { findUncloneable } from './uncloneable.ts'

/** Each child adds the mark of its attempt, so that those of an attempt within an attempt are found from both. */
const marksVariable = 'TF_ISOLATED'

/** Between the signal that reaches the function and SIGTERM, in milliseconds. */
const graceMs = 500

/** @param environment of this process, for its children */
export function createRunIsolated(environment: () => NodeJS.ProcessEnv): RunIsolated {
  return async (call) => {
    if (call.module === '') throw notIsolatable(`the task "${call.name}" was defined by code that is in no file`)
    refuseWhileLoading(call)
    call.signal.throwIfAborted()
    const mark = `${call.run.id}.${call.run.attempt};`
    const child = startChild(call, environment(), mark)
    const ended = endOf(child)
    if (child.pid === undefined) throw notStarted(call, await ended)
    const tree = watchTree({ root: child.pid, mark })
    let outcome: Outcome | undefined
    child.on('message', (message: FromChild) => {
      if (message.kind === 'progressed') call.onProgress(...message.progress)
      else outcome = message
    })
    const aborted = Promise.withResolvers<void>()
    const onAbort = (): void => aborted.resolve()
    call.signal.addEventListener('abort', onAbort)
    try {
      sendCall(child, call, mark)
      await Promise.race([ended, aborted.promise])
      if (call.signal.aborted && outcome === undefined) {
        // Seen before the child can end and leave its own children to another parent.
        tree.members()
        tell(child, { kind: 'abort', reason: packThrown(call.signal.reason) })
        await within(graceMs, ended)
        throw call.signal.reason
      }
    } finally {
      call.signal.removeEventListener('abort', onAbort)
      await endTree(tree, systemClock)
      await within(graceMs, ended)
    }
    return resultOf(call, outcome, await ended)
  }
}

/** A module that calls the task while it is loaded would start itself again in each child. */
function refuseWhileLoading({ name, module }: IsolatedCall): void {
  const isolation = currentIsolation()
  if (!isolation || isolation.inside.getStore()) return
  const error = notIsolatable(`the task "${name}" is called while ${module} is loaded, and so would be called again in each process of its own`)
  isolation.fail(error)
  throw error
}

function startChild({ run }: IsolatedCall, env: NodeJS.ProcessEnv, mark: string): ChildProcess {
  return fork(packageModule('adapters/child-process/child'), {
    env: { ...env, TRACEPARENT: run.traceparent, TASKFLOWS_CORRELATION_ID: run.correlationId, [marksVariable]: `${env[marksVariable] ?? ''}${mark}` },
    execArgv: childArguments(process.execArgv),
    // A process group of its own, which can be signalled as a whole and which Ctrl-C in the terminal does not reach.
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why there was no process at all. */
  readonly error?: Error
}

/** Resolves when it has ended and everything that it said was heard. */
function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, error })
    })
  })
}

function sendCall(child: ChildProcess, { module, name, export: path, args, run }: IsolatedCall, mark: string): void {
  try {
    tell(child, { kind: 'call', call: { module, name, ...(path !== undefined && { export: path }), args, run }, parent: process.pid, mark })
  } catch (cause) {
    const at = args.findIndex((argument) => findUncloneable(argument) !== undefined)
    const what = at === -1 ? messageOf(cause) : `argument ${at + 1}: ${findUncloneable(args[at])}`
    throw notIsolatable(`the arguments of the task "${name}" cannot be passed to another process: ${what}`, 'Pass data: functions, promises and connections stay in their process.')
  }
}

/** A child that is gone already is noticed by its end. */
function tell(child: ChildProcess, message: ToChild): void {
  if (child.connected) child.send(message, () => {})
}

function resultOf({ name }: IsolatedCall, outcome: Outcome | undefined, { code, signal }: End): unknown {
  if (outcome?.kind === 'returned') return outcome.value
  if (outcome?.kind === 'threw') throw unpackThrown(outcome.thrown)
  const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`
  throw new TaskflowsError('task.failed', `the process of the task "${name}" ${how} before the function returned`, { details: { exit_code: code, signal }, ...hintFor(signal) })
}

function hintFor(signal: NodeJS.Signals | null): { hint?: string } {
  if (signal === 'SIGKILL') return { hint: 'The system ends processes this way when memory runs out; its log (dmesg) says so.' }
  if (signal === 'SIGABRT') return { hint: 'Node ends this way when its heap is full: raise it with NODE_OPTIONS=--max-old-space-size.' }
  return {}
}

function notStarted({ name }: IsolatedCall, { error }: End): TaskflowsError {
  return new TaskflowsError('task.failed', `no process could be started for the task "${name}": ${messageOf(error)}`, { cause: error })
}
