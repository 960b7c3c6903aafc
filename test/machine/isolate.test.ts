/** Attempts in processes of their own, on real processes. */
import { spawn } from 'node:child_process'
import { getEventListeners, once } from 'node:events'
import { existsSync, globSync, mkdtempDisposableSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRunIsolated } from '../../src/adapters/child-process/index.ts'
import { readProcesses } from '../../src/adapters/child-process/processes.ts'
import { TaskTimeoutError, isNonRetryable } from '../../src/engines/tasks/index.ts'
import type { IsolatedCall } from '../../src/engines/tasks/runtime.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { TaskflowsError } from '../../src/kernel/errors.ts'
import { newId } from '../../src/kernel/ids.ts'
import { useTestRuntime } from '../../src/testing/task-runtime.ts'
import { callHidden, nested, spinning, third } from './isolate/tasks.ts'

// Tasks within the children keep no record of their runs.
const runIsolated = createRunIsolated(() => ({ ...process.env, TASKFLOWS_HOME: '/nonexistent', TASKFLOWS_LOG_LEVEL: 'silent' }))
const tasks = new URL('./isolate/tasks.ts', import.meta.url).href
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

function call(name: string, args: readonly unknown[] = [], rest: Partial<IsolatedCall> = {}): Promise<unknown> {
  const run = { id: newId(Date.now()), attempt: 1, startedAt: Date.now(), correlationId: 'order-1', traceparent }
  return runIsolated({ module: tasks, name, args, run, signal: new AbortController().signal, onProgress: () => {}, ...rest })
}

/** Ids of processes whose command line holds this. */
function processesOf(text: string): number[] {
  return globSync('/proc/[0-9]*/cmdline').flatMap((file) => {
    try {
      return readFileSync(file, 'latin1').replaceAll('\0', ' ').includes(text) ? [Number(file.split('/')[2])] : []
    } catch {
      return []
    }
  })
}

function childrenOf(parent: number): number[] {
  return readProcesses().filter((facts) => facts.parent === parent).map(({ pid }) => pid)
}

describe.skipIf(process.platform !== 'linux')('an isolated attempt', { timeout: 60_000 }, () => {
  test('gets its arguments and gives its result as they are', async () => {
    const cyclic: Record<string, unknown> = { at: new Date(0), bytes: Buffer.from('abc'), big: 1n, set: new Set([1]), map: new Map([['a', { b: undefined }]]) }
    cyclic['self'] = cyclic
    const [first, second] = (await call('echo', [cyclic, undefined])) as [typeof cyclic, undefined]
    expect(first).toEqual(cyclic)
    expect(first['self']).toBe(first)
    expect(second).toBeUndefined()
    expect(await call('pid')).not.toBe(process.pid)
  })

  test('knows the trace and the correlation id by its environment', async () => {
    expect(await call('environment', ['TRACEPARENT', 'TASKFLOWS_CORRELATION_ID', 'PATH'])).toEqual([traceparent, 'order-1', process.env['PATH']])
  })

  test('throws what the function threw: name, message, stack, cause and fields', async () => {
    const error = (await call('decline').catch((thrown: unknown) => thrown)) as TypeError & Record<string, unknown>
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ name: 'CardDeclined', message: 'no money', code: 'E_CARD', attempt: { number: 3 } })
    expect(error.stack).toMatch(/no money\n\s+at .*isolate\/tasks\.ts:/)
    expect(error.cause).toBeInstanceOf(RangeError)
    expect(error.cause).toMatchObject({ message: 'balance', cause: 'rent' })
    expect(Object.keys(error)).toEqual(['code', 'attempt'])
  })

  test('throws whatever can be thrown', async () => {
    const thrown = (what: string) => call('throwWhat', [what]).then(() => 'nothing', (error: unknown) => error)
    const [text, nothing, final, several, abort, ours, file, later] = await Promise.all(['text', 'nothing', 'final', 'several', 'abort', 'ours', 'file', 'later'].map(thrown))
    expect(text).toBe('just text')
    expect(nothing).toBeUndefined()
    expect(isNonRetryable(final)).toBe(true)
    expect(several).toBeInstanceOf(AggregateError)
    expect((several as AggregateError).errors).toEqual([new RangeError('one'), 'two'])
    expect(abort).toBeInstanceOf(DOMException)
    expect(abort).toMatchObject({ name: 'AbortError', message: 'gone' })
    expect(ours).toBeInstanceOf(TaskflowsError)
    expect(ours).toMatchObject({ code: 'job.not_found', status: 404, details: { id: 7 }, hint: 'Look elsewhere.' })
    expect(file).toMatchObject({ code: 'ENOENT', path: '/nowhere/at/all' })
    expect(later).toBeInstanceOf(SyntaxError)
  })

  test('is ended at its time-out although it never yields', async () => {
    const began = performance.now()
    await expect(call('spin', [], { signal: AbortSignal.timeout(300) })).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(performance.now() - began).toBeLessThan(3_000)
    expect(childrenOf(process.pid)).toEqual([])
  })

  test.each(['wait', 'spin'])('takes its whole tree along when it is aborted (%s)', async (then) => {
    const seconds = 71_000 + (then === 'spin' ? 1 : 2)
    const controller = new AbortController()
    let before: number[] = []
    const onProgress = () => {
      before = processesOf(`sleep ${seconds}`)
      controller.abort(new Error('enough'))
    }
    await expect(call('tree', [seconds, then], { signal: controller.signal, onProgress })).rejects.toThrow('enough')
    expect(before.length).toBeGreaterThanOrEqual(6)
    expect(processesOf(`sleep ${seconds}`)).toEqual([])
  })

  test('leaves nothing when it returns', async () => {
    await call('tree', [71_003, 'return'])
    expect(processesOf('sleep 71003')).toEqual([])
  })

  test('that never heeds its signal is ended all the same, and one that does ends by itself first', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'isolate-'))
    const file = join(folder.path, 'reason')
    const controller = new AbortController()
    const onProgress = () => controller.abort(new RangeError('not now'))
    await expect(call('heed', [file], { signal: controller.signal, onProgress })).rejects.toThrow('not now')
    expect(readFileSync(file, 'utf8')).toBe('RangeError: not now')
  })

  test.each(['wait', 'spin'])('is gone with its whole tree when its parent is killed (%s)', async (then) => {
    const seconds = 71_010 + (then === 'spin' ? 1 : 2)
    const parent = spawn(process.execPath, ['--conditions=source', join(import.meta.dirname, 'isolate/parent.ts'), 'tree', JSON.stringify([seconds, then])], { stdio: ['ignore', 'pipe', 'ignore'] })
    await once(parent.stdout, 'data')
    const children = childrenOf(parent.pid!)
    expect(children).toHaveLength(1)
    expect(processesOf(`sleep ${seconds}`).length).toBeGreaterThanOrEqual(6)
    parent.kill('SIGKILL')
    await expect.poll(() => [...processesOf(`sleep ${seconds}`), ...children.filter((pid) => existsSync(`/proc/${pid}`))], { timeout: 10_000 }).toEqual([])
  })

  test('knows its run, and tells how far it is', async () => {
    const run = { id: newId(Date.now()), attempt: 2, startedAt: 12, correlationId: 'order-1', traceparent }
    expect(await call('context', [], { run })).toEqual({ id: run.id, name: 'context', attempt: 2, startedAt: 12, correlationId: 'order-1' })
    const heard: unknown[] = []
    await call('count', [3], { onProgress: (...progress) => heard.push(progress) })
    expect(heard).toEqual([[1, 3, 'round 1'], [2, 3, 'round 2'], [3, 3, 'round 3']])
    heard.length = 0
    await call('count', [300_000], { onProgress: (...progress) => heard.push(progress) })
    expect(heard.length).toBeLessThan(1_000)
    expect(heard.at(-1)).toEqual([300_000, 300_000, 'round 300000'])
  })

  test('of a module that calls the task while it is loaded is refused, and not started for ever', async () => {
    const module = new URL('./isolate/calls-itself.ts', import.meta.url)
    await expect(call('work', [], { module: module.href })).rejects.toMatchObject({ code: 'task.not_isolatable', message: expect.stringContaining(`is called while ${module.href} is loaded`), hint: expect.stringContaining('import.meta.main') })
  })

  test.each([['exit', /ended with exit code 3/, { exit_code: 3 }], ['SIGSEGV', /was ended by SIGSEGV/, { signal: 'SIGSEGV' }], ['SIGKILL', /was ended by SIGKILL/, { signal: 'SIGKILL' }]] as const)('that dies by itself says how (%s)', async (how, message, details) => {
    await expect(call('die', [how])).rejects.toMatchObject({ code: 'task.failed', message: expect.stringMatching(message), details: expect.objectContaining(details) })
  })

  test('refuses what cannot be passed on, by name', async () => {
    await expect(call('echo', [1, { options: { onDone: () => {} } }])).rejects.toMatchObject({ code: 'task.not_isolatable', message: expect.stringContaining('argument 2: .options.onDone is a function') })
    await expect(call('stream')).rejects.toMatchObject({ code: 'task.not_isolatable', message: expect.stringContaining('.rows[0].read is a function') })
  })

  test('needs to be exported', async () => {
    expect(await call('named otherwise')).toBe('task')
    expect(await call('x', [], { export: 'inObject.plain' })).toBe('plain')
    await expect(call('nobody')).rejects.toMatchObject({ code: 'task.not_isolatable', message: `${new URL(tasks).pathname} does not export the task "nobody"` })
  })

  test('is what a task with `isolate` makes each time it tries', async () => {
    using _ = useTestRuntime({ clock: systemClock, runIsolated })
    const began = performance.now()
    await expect(spinning()).rejects.toBeInstanceOf(TaskTimeoutError)
    expect(performance.now() - began).toBeLessThan(3_000)
    const [attempt, pid] = await third()
    expect(attempt).toBe(3)
    expect(pid).not.toBe(process.pid)
    expect(new Set([...(await nested()), process.pid]).size).toBe(4)
  })

  test('of a task that its module keeps to itself is refused once', async () => {
    using runtime = useTestRuntime({ clock: systemClock, runIsolated })
    await expect(callHidden()).rejects.toMatchObject({ code: 'task.not_isolatable', message: expect.stringContaining('does not export the task "hidden"'), hint: expect.stringContaining('Export it') })
    expect(runtime.lines.filter(({ message }) => message === 'task attempt failed')).toHaveLength(1)
  })

  test('runs beside 49 others and leaves neither listeners nor processes', async () => {
    const { signal } = new AbortController()
    const pids = await Promise.all(Array.from({ length: 50 }, () => call('pid', [], { signal })))
    expect(new Set(pids).size).toBe(50)
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(childrenOf(process.pid)).toEqual([])
  })
})
