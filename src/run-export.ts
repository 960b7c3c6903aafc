/**
 * Composition root of `tf run`: a function that a module exports, run as a task
 * with the same runtime as in a program of a user's own.
 */
import { existsSync, statSync } from 'node:fs'
import { basename, extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Config, ConfigFlags } from './config.ts'
import {
  type AnyFunction, type AttemptFailure, type Progress, type RunEnd, type RunFacts, type TaskDefinition, type TaskObserver, type TaskRuntime,
  callTask, defineTask, definitionOf, isTask, loadRuntime, provideRuntime, useRuntime,
} from './engines/tasks/index.ts'
import { apartFromServices } from './engines/services/library/service-runtime.ts'
import { findExport, loadModule } from './engines/tasks/modules.ts'
import { systemClock } from './kernel/clock.ts'
import { TaskflowsError, messageOf } from './kernel/errors.ts'
import { makeDirectories } from './kernel/make-directories.ts'
import { isJournal } from './kernel/observe/console-log.ts'
import type { Log } from './kernel/observe/log.ts'
import { within } from './kernel/within.ts'
import { createTaskRuntime } from './task-runtime.ts'

/** What the command line says of a task's options. */
export interface ExportOptions {
  readonly name?: string
  readonly retries?: number
  readonly timeout?: string
  readonly totalTimeout?: string
  readonly isolate?: boolean
}

export interface RunListener {
  readonly onProgress: (progress: Progress) => void
  readonly onFailure: (failure: AttemptFailure, run: RunFacts) => void
}

export interface ExportedTask {
  readonly name: string
  /** The lines about the run go to the journal, error and stack too. */
  readonly logged: boolean
  /** Begins before it returns. Resolves once everybody who is to know of the run has been told, or has been given up. */
  start(args: readonly unknown[], signal: AbortSignal, listener: RunListener): Promise<RunEnd>
}

/** For what a run leaves to be sent. */
const settleMs = 5_000
/** For a function that was told to stop, after its run has ended. */
const cleanUpMs = 5_000

/**
 * Finds what `target` names, `FILE#EXPORT`, and makes ready to run it.
 * @throws `task.export_not_found`, `task.not_callable`, `module.unloadable`, and `cli.usage` for options that cannot be
 */
export async function prepareExport(target: string, options: ExportOptions, config: Config, flags: ConfigFlags): Promise<ExportedTask> {
  const { file, path } = locate(target, process.cwd())
  makeHome(config.home)
  provideRuntime(() => createTaskRuntime(flags))
  const exported = findExport(await apartFromServices(() => loadModule(file, '/')), path, file)
  const definition = definitionFor(exported, options, { file, path })
  const runtime = await loadRuntime()
  const logged = isJournal(config.journalStream)
  return { name: definition.name, logged, start: (args, signal, listener) => start(definition, args, signal, observed(runtime, listener, logged)) }
}

interface Place {
  readonly file: string
  readonly path: string
}

/** A `#` may also be part of the file's own name. */
function locate(target: string, from: string): Place {
  const at = target.lastIndexOf('#')
  const whole = at === -1 || isFile(resolve(from, target))
  const file = resolve(from, whole ? target : target.slice(0, at))
  const path = whole ? 'default' : target.slice(at + 1)
  if (path === '') throw new TaskflowsError('cli.usage', `FILE#EXPORT: expected the name of an export after #, got ${JSON.stringify(target)}`, { hint: `For the default export: tf run ${target.slice(0, at)}` })
  if (isFile(file)) return { file, path }
  const meant = ['.ts', '.mts', '.js', '.mjs'].find((ending) => isFile(`${file}${ending}`))
  throw new TaskflowsError('task.export_not_found', existsSync(file) ? `${file} is no file` : `there is no file ${file}`, { details: { file }, ...(meant && { hint: `Did you mean ${basename(file)}${meant}?` }) })
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

/** Where runs are written down. Without it the function runs all the same. */
function makeHome(home: string): void {
  try {
    makeDirectories(home)
  } catch {
    // `tf doctor` says what is wrong with it.
  }
}

function definitionFor(exported: AnyFunction, options: ExportOptions, place: Place): TaskDefinition {
  const own = isTask(exported) ? definitionOf(exported) : undefined
  const fn = own?.fn ?? exported
  try {
    const definition = defineTask(fn, { name: nameFor(fn, place), ...own?.options, ...options, required: true }, undefined)
    return { ...definition, origin: { module: pathToFileURL(place.file).href, name: definition.name, export: place.path } }
  } catch (error) {
    throw new TaskflowsError('cli.usage', messageOf(error), { cause: error })
  }
}

/** Node calls an anonymous default export `default`. */
function nameFor({ name }: AnyFunction, { file, path }: Place): string {
  if (name !== '' && name !== 'default' && !name.startsWith('bound ')) return name
  return path === 'default' ? basename(file, extname(file)) : path
}

interface Observed {
  readonly runtime: TaskRuntime
  readonly end: () => RunEnd | undefined
}

/** The runtime, with an ear for the first run that starts. */
function observed(runtime: TaskRuntime, { onProgress, onFailure }: RunListener, logged: boolean): Observed {
  let id: string | undefined
  let end: RunEnd | undefined
  const observer: TaskObserver = {
    runStarted: (run) => { id ??= run.id },
    attemptFailed: (run, failure) => { if (run.id === id) onFailure(failure, run) },
    progressed: (run, progress) => { if (run.id === id) onProgress(progress) },
    runEnded: (run, ended) => { if (run.id === id) end = ended },
  }
  const log = logged ? runtime.log : withoutLinesOf(runtime.log, () => id)
  return { runtime: { ...runtime, log, observers: new Set([...runtime.observers, observer]) }, end: () => end }
}

const linesOfRun = new Set(['task started', 'task attempt failed', 'task finished'])

/** A person is told of the run in words: the lines that tell of it are for the journal, where `tf history` finds them. */
function withoutLinesOf(log: Log, id: () => string | undefined): Log {
  const line = (level: keyof Log): Log['info'] => (fields, message) => {
    const { task_id: of } = fields as { task_id?: unknown }
    if (!linesOfRun.has(message) || (id() !== undefined && of !== id())) log[level](fields, message)
  }
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}

async function start(definition: TaskDefinition, args: readonly unknown[], signal: AbortSignal, { runtime, end }: Observed): Promise<RunEnd> {
  useRuntime(runtime)
  const { settings, fn: own } = definition
  let functionEnded: Promise<unknown> | undefined
  const fn: AnyFunction = (...given: unknown[]) => {
    const returned = own(...given)
    functionEnded = Promise.resolve(returned)
    return returned
  }
  const call = { ...definition, fn, settings: { ...settings, signal: settings.signal ? AbortSignal.any([settings.signal, signal]) : signal } }
  const began = systemClock.now()
  const error = await callTask({ definition: call, self: undefined, args, owner: definition }).then(() => undefined, (thrown: unknown) => thrown)
  const ended = end() ?? { outcome: 'cancelled' as const, attempts: 0, endedAt: began, error, errors: [], value: undefined }
  if (ended.outcome === 'cancelled') await within(cleanUpMs, functionEnded)
  await runtime.settle?.(settleMs)
  return ended
}
