/** `tf history` and `tf logs`, with a server and without: programs of their own write, the real `tf` reads. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { type Serving, serve } from '../../src/app.ts'
import { type Client, connectTo } from '../../src/client/index.ts'
import { readConfig } from '../../src/config.ts'
import type { Run, TaskflowsContract } from '../../src/contract/index.ts'
import { newId } from '../../src/kernel/ids.ts'
import { type TestDatabase, createTestDatabase } from '../../src/testing/test-database.ts'
import { bareEnvironment } from '../testbed/bare-environment.ts'

const [library, program] = ['src/index.ts', 'src/faces/cli/main.ts'].map((path) => fileURLToPath(new URL(`../../${path}`, import.meta.url))) as [string, string]

interface Ended { readonly code: unknown; readonly out: string; readonly err: string }

/** Without a PATH there is no journalctl: what a journal adds is for test/machine/journal-history.test.ts. */
async function node(home: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['--conditions=source', ...args], { env: { ...bareEnvironment, PATH: '', TASKFLOWS_HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, out, err }
}

/** Runs a program whose tasks log, fail at 2, and are called with these numbers. */
async function work(home: string, name: string, ...numbers: number[]): Promise<void> {
  const file = join(home, `${name}.ts`)
  writeFileSync(file, `import { getCurrentRun, task } from ${JSON.stringify(library)}\nconst work = task(async (n: number) => { getCurrentRun()!.log.warn({ n, note: 'a\\u001b[31mb' }, 'at work'); if (n === 2) throw new RangeError('two is too many'); return n }, { name: ${JSON.stringify(name)} })\nfor (const n of ${JSON.stringify(numbers)}) await work(n)\n`)
  expect((await node(home, [file])).code).toBe(0)
}

describe('without a server', () => {
  const home = mkdtempSync(join(tmpdir(), 'taskflows-history-'))
  const tf = (...args: string[]) => node(home, [program, ...args])
  const itemsOf = async (...args: string[]) => (JSON.parse((await tf(...args, '-o', 'json')).out) as { items: Run[] }).items
  beforeAll(async () => {
    await work(home, 'nightly', 1, 2)
    await work(home, 'hourly', 1)
    return () => rmSync(home, { recursive: true })
  })

  test('what ran is known from the home, the latest first, and where from is said aside', async () => {
    const { code, out, err } = await tf('history', '--source', 'local')
    expect(code).toBe(0)
    expect(out).toMatch(/^ENDED +KIND +NAME +STATE +TOOK +HOST +ID\n.* task +hourly +succeeded .*\n.* task +nightly +failed .*\n.* task +nightly +succeeded .*\n$/)
    expect(err).toBe('no server is asked; from the run log of this home\n')
    expect((await tf('history')).err).toBe('the journal cannot be read: there is no journalctl on this machine\nno server is asked; from the run log of this home\n')
    expect((await tf('history', '--source', 'local', '-o', 'wide')).out).toMatch(/SOURCE\n.*local\n/)
  })

  test('runs are chosen by name, state, kind, time and number', async () => {
    const names = async (...args: string[]) => (await itemsOf('history', '--source', 'local', ...args)).map(({ name, state }) => `${name} ${state}`)
    expect(await names('--match', 'night*')).toEqual(['nightly failed', 'nightly succeeded'])
    expect(await names('-m', 'night')).toEqual([])
    expect(await names('--state', 'FAILED')).toEqual(['nightly failed'])
    expect(await names('--kind', 'job')).toEqual([])
    expect(await names('-l', '1')).toEqual(['hourly succeeded'])
    expect(await names('--since', '1h')).toHaveLength(3)
    expect(await names('--until', '1h')).toEqual([])
  })

  test('an empty history is no error, a wrong line is', async () => {
    expect(await tf('history', '-m', 'weekly', '--source', 'local')).toEqual({ code: 0, out: '', err: 'no server is asked; from the run log of this home\nNo runs match.\n' })
    expect(await tf('history', '--since', 'tomorrow')).toMatchObject({ code: 2, err: expect.stringContaining('--since: expected how long ago such as 1d, or a time such as') })
    expect(await tf('history', '--source', 'loki')).toMatchObject({ code: 2 })
    expect(await tf('history', '--source', 'server')).toMatchObject({ code: 3 })
    expect(await tf('history', '-s', '127.0.0.1:1')).toMatchObject({ code: 3 })
  })

  test('lines of runs are shown with nothing that a terminal would obey', async () => {
    const { code, out } = await tf('logs', 'nightly')
    expect(code).toBe(0)
    expect(out).toMatch(/^nightly started .*\n.* warn {2}nightly at work .*n=1 note=a\\x1b\[31mb.*\n.* info {2}nightly task finished .*\nnightly succeeded .*\nnightly started/)
    expect(out).toMatch(/\nnightly failed .*: RangeError: two is too many\n$/)
    expect(out).not.toContain('\u001b')
  })

  test('lines are chosen by level, text, run and number', async () => {
    const events = async (...args: string[]) => (await tf('logs', ...args, '-o', 'jsonl')).out.split('\n').filter(Boolean).map((line) => (JSON.parse(line) as { event: string }).event)
    expect(await events('hourly')).toEqual(['at work', 'task finished'])
    expect(await events('--level', 'error')).toEqual(['task attempt failed'])
    expect(await events('night*', '--grep', 'n=[12] ')).toEqual(['at work', 'at work'])
    expect(await events('-n', '1')).toEqual(['task finished'])
    const [failed] = await itemsOf('history', '--source', 'local', '--state', 'failed')
    expect(await events(failed!.id)).toEqual(['at work', 'task attempt failed', 'task finished'])
    expect(await events('--run', failed!.id)).toHaveLength(3)
    expect((await itemsOf('logs', 'hourly')).length).toBe(2)
  })

  test('a name or id of nothing is exit code 4, with what there is; nothing that matches is not', async () => {
    expect(await tf('logs', 'weekly')).toMatchObject({ code: 4, out: '', err: expect.stringMatching(/no run of a task named "weekly"\nhint: There are: hourly, nightly\.\n$/) })
    expect(await tf('logs', newId(0))).toMatchObject({ code: 4, err: expect.stringContaining('there is no run "') })
    expect(await tf('logs', 'hourly', '--level', 'critical')).toMatchObject({ code: 0, out: expect.stringMatching(/^hourly started .*\nhourly succeeded .*\n$/), err: expect.stringMatching(/there is no journalctl on this machine\nNo lines match\.\n$/) })
    expect(await tf('logs', '--grep', 'a(b')).toMatchObject({ code: 2 })
  })

  test('lines are followed until Ctrl-C', async () => {
    const child = spawn(process.execPath, ['--conditions=source', program, 'logs', 'followed', '-f', '-o', 'json'], { env: { ...bareEnvironment, PATH: '', TASKFLOWS_HOME: home }, stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const out = once(child.stdout, 'data')
    await work(home, 'followed', 7)
    expect(JSON.parse(String((await out)[0]).split('\n')[0]!)).toMatchObject({ event: 'at work', context: { n: 7 } })
    child.kill('SIGINT')
    expect(await once(child, 'close')).toEqual([130, null])
  })
})

describe('with a server', () => {
  const home = mkdtempSync(join(tmpdir(), 'taskflows-history-'))
  const tf = (...args: string[]) => node(home, [program, ...args])
  let database: TestDatabase
  let serving: Serving
  let client: Client<TaskflowsContract>
  beforeAll(async () => {
    database = await createTestDatabase(inject('postgresUrl'))
    serving = await serve(readConfig({ home, port: '0', databaseUrl: database.url, logLevel: 'silent' }, {}), { workerModules: [] })
    client = connectTo({ url: serving.url, secret: readSecurity(home).hmac.secret })
    await work(home, 'nightly', 1, 2)
  })
  afterAll(async () => {
    await serving.stop()
    await database[Symbol.asyncDispose]()
    rmSync(home, { recursive: true })
  })

  test('its ledger is the history, filtered also by what it cannot filter', async () => {
    const at = (ms: number) => new Date(Date.now() - ms).toISOString()
    await client.runs.report({ items: Array.from({ length: 5 }, (_, n) => ({ id: newId(Date.now()), name: `import-${n}`, state: 'succeeded' as const, started_at: at(100_000), ended_at: at(90_000 + n) })) })
    const { code, out, err } = await tf('history', '-m', 'import-*', '-o', 'wide')
    expect({ code, err }).toEqual({ code: 0, err: `from the server at ${serving.url}\n` })
    expect(out.split('\n').filter((line) => /import-\d .*server$/.test(line))).toHaveLength(5)
    expect(JSON.parse((await tf('history', '-m', 'import-3', '-o', 'json')).out)).toEqual(await client.runs.list({ name: 'import-3' }))
    expect((await tf('history', '--until', '1min', '-o', 'name')).out.trim().split('\n')).toHaveLength(5)
    expect((await tf('history', '--source', 'local', '-o', 'name')).out.trim().split('\n')).toHaveLength(2)
  })

  test('it knows what became of runs that left no lines here', async () => {
    const id = newId(Date.now())
    await client.runs.report({ items: [{ id, name: 'afar', state: 'failed', host: 'db9', started_at: new Date().toISOString(), ended_at: new Date(Date.now() + 1000).toISOString(), error_type: 'Error', error_message: 'disk full' }] })
    const { code, out, err } = await tf('logs', id)
    expect(code).toBe(0)
    expect(out).toMatch(/^afar started .* on db9, run .*\nafar failed .*: Error: disk full\n$/)
    expect(err).toContain('it ran on db9')
    expect((await tf('logs', 'nightly', '--level', 'error')).out).toMatch(/^nightly started .*\n.*task attempt failed/)
  })

  test('one that stopped answering is no reason to say nothing', async () => {
    const url = serving.url
    writeFileSync(join(home, 'config.yaml'), 'server: 127.0.0.1:1\n')
    const { code, out, err } = await tf('history', '-o', 'name')
    expect(code).toBe(0)
    expect(err).toMatch(/warning: no taskflows server answers at http:\/\/127\.0\.0\.1:1/)
    expect(out.trim().split('\n')).toHaveLength(2)
    expect((await tf('history', '-s', url, '-o', 'name')).out.trim().split('\n').length).toBeGreaterThan(2)
  })
})
