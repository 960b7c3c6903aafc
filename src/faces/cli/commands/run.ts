/** `tf run FILE#EXPORT`: runs a function as a task, and prints what it returns. */
import { formatDuration } from '../../../kernel/duration.ts'
import { TaskflowsError, exitCodes, messageOf } from '../../../kernel/errors.ts'
import { type ExportOptions, type ExportedTask, type RunListener, prepareExport } from '../../../run-export.ts'
import { interruptedExitCode, onInterruption } from '../interruption.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import { printResult } from '../output/result.ts'
import { thrownText } from '../output/thrown.ts'
import { visibleLines } from '../output/visible.ts'
import { type ArgumentFlags, callArguments } from '../run-arguments.ts'
import { runProgress } from '../run-progress.ts'

type Values = ArgumentFlags & ExportOptions & { readonly 'file#export': string }
type RunEnd = Awaited<ReturnType<ExportedTask['start']>>

/** What the module left open may keep the process alive for this long after the end, in milliseconds. */
const lingerMs = 300

export const run: RunCommand = async (invocation) => {
  try {
    return await runTarget(invocation)
  } finally {
    setTimeout(() => process.exit(), lingerMs).unref()
  }
}

async function runTarget(invocation: Invocation): Promise<number> {
  const { talk, config, configFlags } = invocation
  const { 'file#export': target, arg, json, args, ...options } = invocation.values as unknown as Values
  const given = callArguments({ ...(arg && { arg }), json, args })
  const exported = await prepareExport(target, options, config, configFlags)
  const controller = new AbortController()
  const running = exported.start(given, controller.signal, listener(talk))
  // Only now: until then, and while the function does not yield, Ctrl-C ends this process as it does any other.
  using interruption = onInterruption()
  // A function may wait for nothing but its signal, and that does not keep Node from ending.
  const awake = setInterval(() => {}, 60_000)
  const { signal } = interruption
  signal.addEventListener('abort', () => {
    talk.note(`${signal.reason}: stopping (once more to stop at once)`)
    controller.abort(new TaskflowsError('task.cancelled', `${signal.reason} asked tf to stop`))
  })
  const end = await running.finally(() => clearInterval(awake))
  return conclude(end, exported, signal.aborted, invocation)
}

function listener(talk: Invocation['talk']): RunListener {
  return {
    onProgress: runProgress(talk, () => performance.now()),
    onFailure: ({ attempt, error, retryInMs }, { maxAttempts }) => {
      if (retryInMs !== null) talk.note(`attempt ${attempt} of ${maxAttempts} failed: ${briefly(error)}; the next one begins in ${formatDuration(retryInMs)}`)
    },
  }
}

async function conclude(end: RunEnd, { name, logged }: ExportedTask, interrupted: boolean, { talk, output: outputFor, globals }: Invocation): Promise<number> {
  talk.progress('')
  const { outcome, value, error, attempts } = end
  if (outcome === 'succeeded') {
    await printResult(value, outputFor(false))
    return exitCodes.ok
  }
  if (interrupted) {
    talk.note(`the task "${name}" was stopped`)
    return interruptedExitCode
  }
  const details = { name, attempts, error_type: error instanceof Error ? error.name : typeof error, error_message: messageOf(error) }
  if (outcome === 'cancelled') throw new TaskflowsError('task.cancelled', `the task "${name}" was stopped: ${messageOf(error)}`, { details })
  if (outcome === 'timed_out') throw new TaskflowsError('task.timed_out', messageOf(error), { details })
  if (isOurs(error)) throw error
  const asJson = globals.format === 'json' || globals.format === 'jsonl'
  if (!asJson && !logged) process.stderr.write(`${visibleLines(thrownText(error))}\n`)
  throw new TaskflowsError('task.failed', `the task "${name}" failed${attempts > 1 ? ` ${attempts} times` : ''}`, { details: { ...details, ...(asJson && error instanceof Error && { stack: error.stack }) } })
}

/** What kept the function from being called is told as any other fault of the line. */
function isOurs(error: unknown): error is TaskflowsError {
  return error instanceof TaskflowsError && (error.code === 'task.not_isolatable' || error.code === 'module.unloadable')
}

function briefly(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
