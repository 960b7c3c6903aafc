/** `tf run` as people start it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { bareEnvironment } from '../testbed/bare-environment.ts'

const program = fileURLToPath(new URL('../../src/faces/cli/main.ts', import.meta.url))
const folder = join(import.meta.dirname, 'run')

let home: string
beforeAll(() => { home = mkdtempSync(join(tmpdir(), 'tf-run-')) })
afterAll(() => rmSync(home, { recursive: true, force: true }))

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--conditions=source', program, 'run', ...args], { cwd: folder, env: { ...bareEnvironment, TASKFLOWS_HOME: home } })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function endOf(child: ChildProcess, input = ''): Promise<{ readonly code: number | null; readonly signal: string | null; readonly out: string; readonly err: string }> {
  child.stdin!.end(input)
  const [out, err, [code, signal]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')])
  return { code: code as number | null, signal: signal as string | null, out, err }
}

const run = (...args: string[]) => endOf(start(...args))

describe('tf run', { timeout: 60_000 }, () => {
  test('prints what the function returns: text as it is, all else as JSON', async () => {
    expect(await run('jobs.ts#greet', '--arg', 'who=Ada')).toMatchObject({ code: 0, out: 'Hello, Ada\n', err: '' })
    expect(await run('./jobs.ts#add', '--args', '[1, 2]')).toMatchObject({ code: 0, out: '{\n  "sum": 3\n}\n' })
    expect(await run(join(folder, 'jobs.ts#add'), '--args', '[1, 2]', '-o', 'yaml')).toMatchObject({ code: 0, out: 'sum: 3\n' })
    expect(await run('jobs.ts#greet', '--json', '{"who": "Bo"}', '-o', 'json')).toMatchObject({ code: 0, out: '"Hello, Bo"\n' })
    expect(await run('jobs.ts#nothing')).toMatchObject({ code: 0, out: '', err: '' })
  })

  test('finds default exports, functions within objects, and arguments on standard input', async () => {
    expect(await run('jobs.ts')).toMatchObject({ code: 0, out: 'by default\n' })
    expect(await run('jobs.ts#jobs.double')).toMatchObject({ code: 0, out: '40\n' })
    expect(await run('--arg', 'who=Bo', 'jobs.ts#greet')).toMatchObject({ code: 0, out: 'Hello, Bo\n' })
    expect(await endOf(start('jobs.ts#greet', '--json', '-'), '{"who": "Cy"}')).toMatchObject({ code: 0, out: 'Hello, Cy\n' })
  })

  test('shows the error of the function once and whole, and exits 1', async () => {
    const { code, out, err } = await run('jobs.ts#fail')
    expect({ code, out }).toEqual({ code: 1, out: 'on the way\n' })
    expect(err.match(/no luck today/g)).toHaveLength(1)
    expect(err).toMatch(/^RangeError: no luck today\n {4}at fail \(file:.*jobs\.ts:12:\d+\)\n[^]*\n\{ code: 'E_LUCK' \}\nerror: the task "fail" failed\n$/)
    const asJson = await run('jobs.ts#fail', '-o', 'json')
    expect(JSON.parse(asJson.err)).toMatchObject({ code: 'task.failed', details: { name: 'fail', attempts: 1, error_type: 'RangeError', error_message: 'no luck today', stack: expect.stringContaining('jobs.ts:12') } })
  })

  test('keeps the options of a task, and flags beat them', async () => {
    expect(await run('jobs.ts#flaky')).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/attempt 1 of 2 failed: Error: call 1 failed[^]*Error: call 2 failed[^]*error: the task "flaky" failed 2 times/) })
    expect(await run('jobs.ts#flaky', '--retries', '2', '--name', 'steady')).toMatchObject({ code: 0, out: 'call 3\n' })
  })

  test('says how far the function is', async () => {
    expect((await run('jobs.ts#steps')).err).toMatch(/^1 of 3: step 1\n(2 of 3: step 2\n)?3 of 3: step 3\n$/)
  })

  test('exits 6 when its time was up, also with a function that never yields', async () => {
    expect(await run('jobs.ts#hang', '--timeout', '300ms')).toMatchObject({ code: 6, err: 'error: an attempt at task "hang" took longer than its time-out of 300 ms\n' })
    expect(await run('jobs.ts#hang', '--retries', '9', '--total-timeout', '400ms')).toMatchObject({ code: 6, err: expect.stringContaining('total time-out of 400 ms') })
    expect(await run('jobs.ts#spin', '--isolate', '--timeout', '300ms')).toMatchObject({ code: 6 })
  })

  test('runs in a process of its own when asked to, also what is no task', async () => {
    const child = start('jobs.ts#pid', '--isolate')
    const { code, out } = await endOf(child)
    expect(code).toBe(0)
    expect(Number(out)).toBeGreaterThan(0)
    expect(Number(out)).not.toBe(child.pid)
    expect(await run('jobs.ts#jobs.double', '--isolate')).toMatchObject({ code: 0, out: '40\n' })
    expect(await run('jobs.ts#fail', '--isolate')).toMatchObject({ code: 1, err: expect.stringMatching(/^RangeError: no luck today\n {4}at fail \(file:.*jobs\.ts:12:\d+\)[^]*E_LUCK/) })
  })

  test('ends when the function has ended, whatever is left open', async () => {
    expect(await run('jobs.ts#leaveOpen')).toMatchObject({ code: 0, out: 'done\n' })
  })

  test('Ctrl-C asks the function to stop, and waits for it', async () => {
    const child = start('jobs.ts#tidy')
    const lines = createInterface({ input: child.stdout! })
    await Promise.race([once(lines, 'line'), once(child, 'exit')])
    child.kill('SIGINT')
    const [[line], err, [code]] = await Promise.all([Promise.race([once(lines, 'line'), once(child, 'close')]), text(child.stderr!), once(child, 'close')])
    expect({ code, line }).toEqual({ code: 130, line: 'tidy after SIGINT asked tf to stop' })
    expect(err).toBe('SIGINT: stopping (once more to stop at once)\nthe task "tidy" was stopped\n')
  })

  test.each([
    ['there is no such file', ['nowhere.ts#x'], 4, `error: there is no file ${join(folder, 'nowhere.ts')}\n`],
    ['the ending is missing', ['jobs#greet'], 4, 'hint: Did you mean jobs.ts?'],
    ['it is a folder', ['../run#x'], 4, `${folder} is no file`],
    ['there is no such export', ['jobs.ts#gret'], 4, 'exports nothing named "gret"\nhint: Did you mean #greet?'],
    ['the export is no function', ['jobs.ts#jobs.limit'], 2, 'to be a function, got the number 5'],
    ['no export is named', ['jobs.ts#'], 2, 'expected the name of an export after #'],
    ['JSON is none', ['jobs.ts#greet', '--json', '{who'], 2, 'error: --json is not JSON: line 1, column 2'],
    ['arguments come twice', ['jobs.ts#greet', '--json', '{}', '--arg', 'who=x'], 2, '--arg and --json both say'],
    ['arguments are no list', ['jobs.ts#add', '--args', '3'], 2, '--args: expected a JSON array'],
    ['a pair is none', ['jobs.ts#greet', '--arg', 'who'], 2, 'expected key=text or key:=json, got "who"'],
    ['a time-out is nothing', ['jobs.ts#greet', '--timeout', '0'], 2, '`timeout` to be longer than nothing'],
    ['retries are too many', ['jobs.ts#greet', '--retries', '100'], 2, '--retries: expected a whole number from 0 to 99'],
    ['nothing is named', [], 2, 'FILE#EXPORT is missing'],
  ] as const)('says so when %s', async (_case, args, code, message) => {
    expect(await run(...args)).toMatchObject({ code, out: '', err: expect.stringContaining(message) })
  })

  test('explains a module that does not load', async () => {
    const module = join(home, 'enum.ts')
    writeFileSync(module, 'enum Colour { Red }\nexport const paint = () => Colour.Red')
    expect(await run(`${module}#paint`)).toMatchObject({ code: 1, err: expect.stringMatching(/threw while it was loaded[^]*--import tsx/) })
  })

  test('takes a file whose name has a # in it', async () => {
    const module = join(home, 'a#b.mjs')
    writeFileSync(module, 'export default () => "odd"; export const other = () => "named"')
    expect(await run(module)).toMatchObject({ code: 0, out: 'odd\n' })
    expect(await run(`${module}#other`)).toMatchObject({ code: 0, out: 'named\n' })
  })

  test('makes the home, where the run is written down', () => {
    expect(existsSync(join(home, 'runs'))).toBe(true)
  })
})
