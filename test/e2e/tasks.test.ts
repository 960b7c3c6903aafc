/** Tasks in programs of their own: what a process that calls some sees, does and leaves behind. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bareEnvironment } from '../testbed/bare-environment.ts'

const root = resolve(import.meta.dirname, '../..')
let directory: string

beforeAll(() => { directory = mkdtempSync(join(tmpdir(), 'tasks-')) })
afterAll(() => rmSync(directory, { recursive: true }))

/** Runs a program that has what `taskflows` exports as `t`. */
function run(program: string, env: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
  const path = join(directory, 'program.mts')
  writeFileSync(path, `import * as t from ${JSON.stringify(join(root, 'src/index.ts'))}\n${program}\n`)
  return spawnSync(process.execPath, ['--conditions=source', path], { encoding: 'utf8', timeout: 10_000, env: { ...bareEnvironment, TASKFLOWS_HOME: join(directory, 'home'), ...env } })
}

const linesOf = ({ stderr }: SpawnSyncReturns<string>) => stderr.trim().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>)

test('a task needs no server and no home, writes its lines to stderr, and leaves stdout to the program', () => {
  const ended = run(`console.log(await t.task(async (n) => n * 2, { name: 'double' })(21))`)
  expect([ended.status, ended.stdout]).toEqual([0, '42\n'])
  expect(linesOf(ended)).toEqual([expect.objectContaining({ event: 'task finished', severity: 'INFO', task_id: expect.stringMatching(/^[0-9a-f-]{36}$/), context: expect.objectContaining({ task_name: 'double', outcome: 'succeeded', attempts: 1, started_at: expect.any(Number) }) })])
  expect(existsSync(join(directory, 'home'))).toBe(false)
})

test('a process that has nothing else to do ends', () => {
  const ended = run(`await t.task(() => 1, { name: 'one', timeout: '1h', totalTimeout: '1d', cacheKey: () => 'x', cacheFor: '1h', concurrency: 1 })(); console.log(Math.round(performance.now()) < 8000)`)
  expect([ended.status, ended.stdout]).toEqual([0, 'true\n'])
})

test('a process waits for the time-out of a function that nothing else keeps it alive for', () => {
  const ended = run(`const r = await t.runTask(() => new Promise(() => {}), { timeout: 0.2, retries: { maxAttempts: 2, baseDelaySeconds: 0.01 } }); console.log(t.isTaskFailure(r) && [r.outcome, r.attempts].join())`)
  expect([ended.status, ended.stdout]).toEqual([0, 'timed_out,2\n'])
})

test('the error of a required task ends the program like any other, with its own stack, and is the only one', () => {
  const ended = run(`await t.task(function explode() { throw new RangeError('too far') }, { required: true })()`, { TASKFLOWS_LOG_LEVEL: 'silent' })
  expect(ended.status).toBe(1)
  expect(ended.stderr).toMatch(/^RangeError: too far\n\s+at .*explode .*program\.mts:2:/m)
  expect(ended.stderr.match(/^RangeError/gm)).toHaveLength(1)
})

test('a failure that nobody looks at, and a late error, end nothing', () => {
  const ended = run(`
    void t.runTask(() => { throw new Error('no') }, {})
    await t.runTask(async () => { await new Promise((go) => setTimeout(go, 100)); throw new Error('late') }, { timeout: 0.05 })
    await new Promise((go) => setTimeout(go, 200))
    console.log('still here')`)
  expect([ended.status, ended.stdout]).toEqual([0, 'still here\n'])
})

test('a broken configuration is told of once, and tasks run all the same', () => {
  const ended = run(`const one = t.task(() => 1, { name: 'one', required: true }); console.log(await one() + await one())`, { TASKFLOWS_LOG_LEVEL: 'loud', TASKFLOWS_METRICS_PORT: 'http' })
  expect([ended.status, ended.stdout]).toEqual([0, '2\n'])
  expect(linesOf(ended).map(({ severity, event }) => `${severity} ${event}`)).toEqual([
    'WARN TASKFLOWS_METRICS_PORT: expected a port from 0 (any free one) to 65535, got "http"', 'WARN TASKFLOWS_LOG_LEVEL: expected one of debug, info, warn, error, silent, got "loud"', 'INFO task finished', 'INFO task finished',
  ])
})

test('the run that started the process is continued', () => {
  const trace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const ended = run(`console.log(await t.runTask(() => [t.getCurrentRun().correlationId, t.getCurrentRun().traceparent.slice(0, 36)].join(), { required: true }))`, { TRACEPARENT: trace, TASKFLOWS_CORRELATION_ID: 'run-7' })
  expect(ended.stdout).toBe(`run-7,${trace.slice(0, 36)}\n`)
})
