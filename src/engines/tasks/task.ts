/**
 * A task: a function with a policy. Plain data branded with a registered
 * symbol, so that a module that resolved another copy of this package still
 * defines tasks that this copy knows. `run-task.ts` runs it when it is called;
 * workers take the function and the policy, and run it as a job.
 */
import { describeValue } from './check-options.ts'
import { moduleOfCaller } from './origin.ts'
import { callTask } from './call-task.ts'
import type { TaskFailure } from './task-failure.ts'
import { type AnyFunction, type TaskOptions, type TaskSettings, knownOptions, readName, readOptions } from './task-options.ts'
import type { TaskPolicy } from './task-policy.ts'

const brand = Symbol.for('taskflows.task')

/** What a call resolves to: a task that is not required may have failed. */
export type TaskResult<F extends AnyFunction, R extends boolean = boolean> = R extends true ? Awaited<ReturnType<F>> : Awaited<ReturnType<F>> | TaskFailure

type Call<F extends AnyFunction, R extends boolean> = (this: ThisParameterType<F>, ...args: Parameters<F>) => Promise<TaskResult<F, R>>

/** A function whose calls are managed, and which can run as a job under its name. `R`: whether it is required. */
export type Task<F extends AnyFunction = AnyFunction, R extends boolean = boolean> = Call<F, R> & { readonly [brand]: TaskDefinition<F, R> }

export interface TaskDefinition<F extends AnyFunction = AnyFunction, R extends boolean = boolean> {
  readonly name: string
  readonly fn: F
  readonly policy: TaskPolicy
  /** As they were given. */
  readonly options: TaskOptions<AnyFunction, R>
  /** For direct calls. */
  readonly settings: TaskSettings
  /** The module that exports the task, and its name there, or the path of the export; only of tasks that run isolated. */
  readonly origin: { readonly module: string; readonly name: string; readonly export?: string } | undefined
}

/** For `@task({ ... })` on a method. The method keeps its type, so it must be declared to return what a call resolves to. */
export type TaskDecorator<R extends boolean = boolean> = <This, Args extends unknown[], Returned>(
  method: (this: This, ...args: Args) => Returned,
  context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => Returned>,
) => (this: This, ...args: Args) => Promise<TaskResult<() => Returned, R>>

/**
 * Makes a task of a function: calling it runs the function with retries, time-outs, alerts and all that the options say.
 * A call returns a promise, for a `required` task of what the function returns, else of that or a TaskFailure.
 *
 * Of a task it makes another one, with these options over its own. With options alone it is a decorator for methods of
 * classes (standard decorators, compiled code).
 *
 * @throws TypeError, naming the option, when an option has the wrong form
 * @example
 * export const resize = task(async (path: string) => shrink(path), { name: 'resize', required: true, retries: 5, timeout: '2m' })
 * await resize('a.png')
 */
export function task<F extends AnyFunction, Own extends boolean, R extends boolean = Own>(task: Task<F, Own>, options?: TaskOptions<NoInfer<F>, R>): Task<F, R>
export function task<F extends AnyFunction, R extends boolean = false>(fn: F, options?: TaskOptions<NoInfer<F>, R>): Task<F, R>
export function task<R extends boolean = false>(options: TaskOptions<AnyFunction, R>): TaskDecorator<R>
export function task(given: unknown, options: TaskOptions = {}): Task | TaskDecorator {
  if (typeof given === 'object' && given !== null) return decoratorOf(given)
  if (typeof given !== 'function') throw new TypeError(`Expected the first argument of \`task\` to be a function, got ${describeValue(given)}`)
  const known = knownOptions(options)
  return taskOf(definitionWith(given as AnyFunction, known, known.isolate ? moduleOfCaller(task) : undefined))
}

/**
 * Runs a function as a task, once, or a task with other options. The arguments of the function follow the options.
 *
 * @example
 * const page = await runTask(download, { required: true, retries: 3, timeout: '30s' }, 'https://example.com')
 */
export function runTask<F extends AnyFunction, Own extends boolean, R extends boolean = Own>(task: Task<F, Own>, options: TaskOptions<NoInfer<F>, R>, ...args: Parameters<F>): Promise<TaskResult<F, R>>
export function runTask<F extends AnyFunction, R extends boolean = false>(fn: F, options: TaskOptions<NoInfer<F>, R>, ...args: Parameters<F>): Promise<TaskResult<F, R>>
export async function runTask(given: unknown, options: TaskOptions = {}, ...args: unknown[]): Promise<unknown> {
  if (typeof given !== 'function') throw new TypeError(`Expected the first argument of \`runTask\` to be a function or a task, got ${describeValue(given)}`)
  const known = knownOptions(options)
  const module = known.isolate ? moduleOfCaller(runTask) : undefined
  const definition = definitionWith(given as AnyFunction, isTask(given) || given.name !== '' ? known : { name: 'anonymous', ...known }, module)
  return callTask({ definition, self: undefined, args, owner: isTask(given) ? definitionOf(given) : given })
}

/** A task keeps its own options where these say nothing, and the place where another process finds it. */
function definitionWith(given: AnyFunction, options: TaskOptions, module: string | undefined): TaskDefinition {
  if (!isTask(given)) return defineTask(given, options, module)
  const { fn, name, options: own, origin } = definitionOf(given)
  const definition = defineTask(fn, { ...own, name, ...options }, module)
  return origin ? { ...definition, origin } : definition
}

/** @param module exports the function, for isolated runs */
export function defineTask<F extends AnyFunction, R extends boolean>(fn: F, options: TaskOptions<F, R>, module: string | undefined): TaskDefinition<F, R> {
  const settings = readOptions(options)
  const name = readName(options.name ?? fn.name)
  return { name, fn, policy: settings.policy, options: options as TaskOptions<AnyFunction, R>, settings, origin: module === undefined ? undefined : { module, name } }
}

/** The callable of a definition. */
export function taskOf<F extends AnyFunction, R extends boolean>(definition: TaskDefinition<F, R>): Task<F, R> {
  const erased = definition as unknown as TaskDefinition
  const call = function (this: unknown, ...args: unknown[]) {
    return callTask({ definition: erased, self: this, args, owner: definition })
  }
  Object.defineProperty(call, 'name', { value: definition.fn.name, configurable: true })
  return Object.assign(call, { [brand]: definition }) as unknown as Task<F, R>
}

function decoratorOf<R extends boolean>(options: TaskOptions<AnyFunction, R>): TaskDecorator<R> {
  readOptions(options)
  if (options.isolate) throw new TypeError('Expected `isolate` to be given to an exported function, got a decorator: a method needs its object, which is in this process')
  return ((method: AnyFunction, context: { readonly kind?: unknown; readonly name?: unknown } | undefined) => {
    if (context?.kind !== 'method') throw new TypeError(`Expected \`@task\` to decorate a method, as a standard decorator, got ${typeof context === 'object' ? describeValue(context.kind) : 'a call in the older form; turn experimentalDecorators off'}`)
    return taskOf(defineTask(method, { name: String(context.name), ...options }, undefined))
  }) as unknown as TaskDecorator<R>
}

/** Whether a value is a task, of this copy of the package or another. */
export function isTask(value: unknown): value is Task {
  return typeof value === 'function' && brand in value
}

/** The name, the function, the policy and the options of a task. */
export function definitionOf<F extends AnyFunction, R extends boolean>(value: Task<F, R>): TaskDefinition<F, R> {
  return value[brand]
}
