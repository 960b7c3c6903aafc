/** Runs of tasks in processes of their own, and what a real server knows of them: none lost, none twice. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFinished, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { type Serving, serve } from '../../src/app.ts'
import { type Client, connectTo } from '../../src/client/index.ts'
import { readConfig } from '../../src/config.ts'
import type { TaskflowsContract } from '../../src/contract/index.ts'
import { type TestDatabase, createTestDatabase } from '../../src/testing/test-database.ts'
import { bareEnvironment } from '../testbed/bare-environment.ts'

const library = fileURLToPath(new URL('../../src/index.ts', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'taskflows-reports-'))
let database: TestDatabase
let serving: Serving
let client: Client<TaskflowsContract>
let port = 0

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
  await startServer()
})
afterAll(async () => {
  await serving.stop()
  await database[Symbol.asyncDispose]()
  rmSync(home, { recursive: true })
})
beforeEach(() => { name = `task-${++number}` })

let number = 0
/** Of the task of one test. */
let name = ''

async function startServer(): Promise<void> {
  serving = await serve(readConfig({ home, port: String(port), databaseUrl: database.url, logLevel: 'silent' }, {}), { workerModules: [] })
  port = Number(new URL(serving.url).port)
  client = connectTo({ url: serving.url, secret: readSecurity(home).hmac.secret })
}

const homeEnv = { TASKFLOWS_HOME: home }

/** A program of a user with a task `work`, which returns its number. */
function start(program: string, env: Readonly<Record<string, string>> = homeEnv): ChildProcess {
  const file = join(home, `${name}.ts`)
  writeFileSync(file, `import { task } from ${JSON.stringify(library)}\nconst work = task(async (n: number, ms = 0) => { if (ms > 0) await new Promise((done) => setTimeout(done, ms)); return n }, { name: ${JSON.stringify(name)} })\n${program}\n`)
  const child = spawn(process.execPath, ['--conditions=source', file], { env: { ...bareEnvironment, TASKFLOWS_LOG_LEVEL: 'warn', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function run(program: string, env?: Readonly<Record<string, string>>): Promise<{ code: unknown; out: string; err: string; ms: number }> {
  const began = performance.now()
  const child = start(program, env)
  const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')])
  return { code, out, err, ms: performance.now() - began }
}

async function firstLine(child: ChildProcess): Promise<string> {
  return String((await once(createInterface({ input: child.stdout! }), 'line'))[0])
}

async function runsOf(task: string): Promise<string[]> {
  const states: string[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await client.runs.list({ name: task, limit: 1000, ...(cursor !== undefined && { cursor }) })
    states.push(...page.items.map(({ state }) => state))
    cursor = page.next_cursor
  }
  return states
}

/** How often the server was told that a run of this task succeeded: an event each. */
async function successesOf(task: string): Promise<number> {
  let count = 0
  let cursor: string | undefined
  for (;;) {
    const page = await client.events.list({ type: 'task.succeeded', limit: 1000, ...(cursor !== undefined && { cursor }) })
    count += page.items.filter((event) => event.name === task).length
    if (page.items.length === 0 || page.next_cursor === null) return count
    cursor = page.next_cursor
  }
}

const succeeded = (times: number) => Array.from({ length: times }, () => 'succeeded')
const spooled = () => { try { return readdirSync(join(home, 'spool')).flatMap((file) => readFileSync(join(home, 'spool', file), 'utf8').split('\n').filter(Boolean)) } catch { return [] } }

async function withoutServer<T>(work: () => Promise<T>): Promise<T> {
  await serving.stop()
  try {
    return await work()
  } finally {
    await startServer()
  }
}

// Within two seconds, on a machine that does nothing else.
test('a run is seen while it runs, and soon after it has ended', async () => {
  const child = start(`process.on('message', () => {}); console.log('begun'); await work(1, 6000); console.log('done'); setInterval(() => {}, 1000)`)
  const lines = createInterface({ input: child.stdout! })
  await once(lines, 'line')
  await expect.poll(() => runsOf(name), { timeout: 5500 }).toEqual(['running'])
  await once(lines, 'line')
  await expect.poll(() => runsOf(name), { timeout: 5500 }).toEqual(['succeeded'])
})

test('a program that ends at once has told of its runs, and was not held up', async () => {
  const { code, ms } = await run('await Promise.all(Array.from({ length: 50 }, (_, n) => work(n)))')
  expect(code).toBe(0)
  expect(await runsOf(name)).toEqual(succeeded(50))
  expect(ms).toBeLessThan(5000)
})

test.each([
  ['process.exit() right after', 'await work(1); process.exit(3)', 3],
  ['an uncaught error right after', 'await work(1); setTimeout(() => { throw new Error("no") }); await work(2, 100)', 1],
])('%s loses nothing: the next program delivers', async (_what, program, code) => {
  expect((await run(program)).code).toBe(code)
  expect(await runsOf(name)).not.toContain('succeeded')
  const [first, ended] = [name, name]
  name = `${ended}-next`
  await run('await work(1)')
  await expect.poll(() => runsOf(first), { timeout: 10_000 }).toContain('succeeded')
})

test('what ran while the server was away is told by the server itself when it is back', async () => {
  const { code, ms } = await withoutServer(() => run('for (let n = 0; n < 20; n += 1) await work(n)'))
  expect(code).toBe(0)
  expect(ms).toBeLessThan(5000)
  await expect.poll(() => runsOf(name), { timeout: 5000 }).toEqual(succeeded(20))
  expect(spooled()).toEqual([])
})

test('a program that works on while the server is away loses no run, and tells none twice', { timeout: 120_000 }, async () => {
  const child = start('let n = 0; process.stdin.resume(); console.log("begun"); for (const until = Date.now() + 16_000; Date.now() < until; n += 1) await work(n, 20); console.log(n); await new Promise((done) => setTimeout(done, 60_000))')
  const err = text(child.stderr!)
  const lines = createInterface({ input: child.stdout! })
  await once(lines, 'line')
  let total = 0
  await withoutServer(async () => { total = Number((await once(lines, 'line'))[0]) })
  expect(total).toBeGreaterThan(100)
  // The longest pause between two tries is 15 s.
  await expect.poll(() => runsOf(name), { timeout: 45_000, interval: 500 }).toEqual(succeeded(total))
  expect(await successesOf(name)).toBe(total)
  child.kill('SIGKILL')
  expect((await err).match(/runs cannot be reported/g)?.length ?? 0).toBeLessThanOrEqual(1)
})

test('kill -9 loses nothing of what happened before the last half second', { timeout: 40_000 }, async () => {
  await withoutServer(async () => {
    const child = start('for (let n = 0; n < 30; n += 1) await work(n); setTimeout(() => console.log("later"), 1500); setInterval(() => {}, 1000)')
    await firstLine(child)
    child.kill('SIGKILL')
    await once(child, 'close')
  })
  await expect.poll(() => runsOf(name), { timeout: 20_000 }).toEqual(succeeded(30))
})

test('ten thousand runs in a moment are all told', { timeout: 60_000 }, async () => {
  const { code } = await run('await Promise.all(Array.from({ length: 10_000 }, (_, n) => work(n))); await new Promise((done) => setTimeout(done, 5000))')
  expect(code).toBe(0)
  await expect.poll(async () => (await runsOf(name)).length, { timeout: 20_000 }).toBe(10_000)
  expect(new Set(await runsOf(name))).toEqual(new Set(['succeeded']))
})

test('a wrong token costs the task nothing, is said once, and the runs arrive under the right one', async () => {
  const other = mkdtempSync(join(tmpdir(), 'taskflows-reports-other-'))
  onTestFinished(() => rmSync(other, { recursive: true }))
  const env = { TASKFLOWS_HOME: other, TASKFLOWS_SERVER: serving.url }
  const wrong = await run('for (let n = 0; n < 3; n += 1) await work(n, 700)', { ...env, TASKFLOWS_TOKEN: 'tfk_wrong' })
  expect(wrong.code).toBe(0)
  expect(wrong.err.match(/runs cannot be reported/g)).toHaveLength(1)
  expect(wrong.err).not.toContain('tfk_wrong')
  const { token } = await client.tokens.create({ name: 'reporter', role: 'operator' })
  const first = name
  name = `${first}-next`
  await run('await work(1)', { ...env, TASKFLOWS_TOKEN: token })
  await expect.poll(() => runsOf(first), { timeout: 10_000 }).toEqual(succeeded(3))
})

test('without a server and a home nothing is written anywhere', async () => {
  const missing = join(home, 'missing')
  expect(await run('console.log(await work(7))', { TASKFLOWS_HOME: missing })).toMatchObject({ code: 0, out: '7\n', err: '' })
  expect(readdirSync(home)).not.toContain('missing')
})
