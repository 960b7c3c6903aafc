/**
 * What the product says when it is given something it cannot use: the real program, a real server. Each message names
 * the thing, the value and the way out; each refusal has its exit code or status, and leaves nothing behind.
 */
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { exitCodes } from '../../src/kernel/errors.ts'
import { type TestDatabase, createTestDatabase, databaseUrl, runAsAdmin } from '../../src/testing/test-database.ts'
import { type ProgramOptions, startTf } from '../machine/crash/program.ts'
import { type Home, newHome, processesOf, removePattern, usedHome } from '../machine/embedded/harness.ts'
import { ask } from './api-suite.ts'

const unknownId = '00000000-0000-7000-8000-000000000000'
const embeds = process.platform === 'linux'

describe('a server', () => {
  let home: Home
  let database: TestDatabase
  let subject: { readonly url: string; readonly secret: string }
  const stack = new AsyncDisposableStack()

  beforeAll(async () => {
    home = stack.use(newHome())
    database = stack.use(await createTestDatabase(inject('postgresUrl')))
    const server = stack.use(startTf(['serve'], { home: home.path, databaseUrl: database.url }))
    const [, url] = await server.saw(/listens on (http:\S+)/)
    subject = { url: url!, secret: readSecurity(home.path).hmac.secret }
  })
  afterAll(() => stack.disposeAsync())

  const tf = (...args: string[]) => run(args, { home: home.path, databaseUrl: database.url })
  const listed = async () => (await ask(subject, 'GET', '/api/v1/jobs?limit=1000')).json['items']

  test.each<[string, string[], number, RegExp]>([
    ['a malformed payload', ['jobs', 'add', 'resize', '--payload', '{"file": '], exitCodes.usage, /--payload.*line 1/s],
    ['a payload that PostgreSQL cannot keep', ['jobs', 'add', 'resize', '--payload', '"\\u0000"'], exitCodes.usage, /payload: must not hold \\u0000/],
    ['an empty name', ['jobs', 'add', ''], exitCodes.usage, /NAME: expected some text, got ""/],
    ['a name of blanks', ['jobs', 'add', '  '], exitCodes.usage, /NAME: expected some text, got " {2}"/],
    ['a name that is too long', ['jobs', 'add', 'x'.repeat(256)], exitCodes.usage, /NAME: expected at most 255 characters, got "xxx.*\nhint: It has 256/],
    ['a parent that does not exist', ['jobs', 'add', 'resize', '--after', unknownId], exitCodes.notFound, new RegExp(`no job ${unknownId}.*tf jobs list`, 's')],
    ['an unknown id', ['jobs', 'show', unknownId], exitCodes.notFound, new RegExp(`no job "${unknownId}".*tf jobs list`, 's')],
    ['an id that is none', ['jobs', 'cancel', 'yesterday'], exitCodes.notFound, /no job "yesterday": an id is a UUID/],
  ])('refuses %s, by name, and adds nothing', async (_what, args, code, words) => {
    const before = await listed()
    expect(await tf(...args)).toMatchObject({ code, text: expect.stringMatching(words) })
    expect(await listed()).toEqual(before)
  })

  test('accepts a name that no worker has registered yet, and says so', async () => {
    expect(await tf('jobs', 'add', 'not-yet')).toMatchObject({ code: 0, text: expect.stringMatching(/warning: no worker has registered.*"not-yet"/) })
  })

  test('refuses an action that the state of the job does not allow, and names both and what would do', async () => {
    const [id] = (await tf('jobs', 'add', 'resize', '-o', 'name')).said.slice(-1)
    const post = (action: string) => ask(subject, 'POST', `/api/v1/jobs/${id}/${action}`, { body: {} })
    expect(await tf('jobs', 'retry', id!)).toMatchObject({ code: exitCodes.error, text: expect.stringMatching(new RegExp(`${id} is PENDING and cannot be retried.*tf jobs cancel`, 's')) })
    expect(await post('retry')).toMatchObject({ status: 409, json: { code: 'job.invalid_transition' } })
    expect(await post('cancel')).toMatchObject({ status: 200, json: { state: 'CANCELLED' } })
    expect(await tf('jobs', 'cancel', id!)).toMatchObject({ code: exitCodes.error, text: expect.stringMatching(/is CANCELLED and cannot be cancelled.*tf jobs retry/s) })
    expect(await post('cancel')).toMatchObject({ status: 409, json: { code: 'job.invalid_transition' } })
  })

  test.each<[string, string, string, unknown, number, string]>([
    ['text that is not JSON', 'POST', '/api/v1/jobs', '{"name":', 400, 'request.malformed'],
    ['an empty name', 'POST', '/api/v1/jobs', { name: '' }, 422, 'request.invalid'],
    ['a batch with one bad job', 'POST', '/api/v1/jobs:batch', { items: [{ name: 'good' }, { name: 'x'.repeat(256) }] }, 422, 'request.invalid'],
    ['a batch with an unknown parent', 'POST', '/api/v1/jobs:batch', { items: [{ name: 'good' }, { name: 'orphan', after: [unknownId] }] }, 404, 'job.not_found'],
    ['an unknown id', 'GET', `/api/v1/jobs/${unknownId}`, undefined, 404, 'job.not_found'],
    ['an id that is none', 'POST', '/api/v1/jobs/yesterday/retry', {}, 404, 'job.not_found'],
  ])('answers %s with a problem, and adds nothing', async (_what, method, path, body, status, code) => {
    const before = await listed()
    expect(await ask(subject, method, path, { body })).toMatchObject({ status, json: { code } })
    expect(await listed()).toEqual(before)
  })
})

describe.concurrent('a module', { timeout: 60_000 }, () => {
  const modules: [what: string, text: string | null, words: RegExp][] = [
    ['does not exist', null, /the module \S+\/jobs\.ts does not exist\nhint: /],
    ['throws on import', 'throw new Error("no licence")', /the module \S+\/jobs\.ts threw while it was loaded: no licence \(at \S+jobs\.ts:1:\d+\)/],
    ['throws something that is no error', 'throw undefined', /the module \S+\/jobs\.ts threw while it was loaded: undefined/],
    ['imports what is not there', 'import "./gone.ts"', /jobs\.ts threw while it was loaded: .*gone\.ts.*\nhint: /],
    ['is not TypeScript that Node can strip', 'export enum A { b }', /jobs\.ts threw while it was loaded: .*enum.*\nhint: /s],
    ['exports nothing', 'export {}', /jobs\.ts exports no tasks; found no exports\nhint: Export task\(/],
    ['exports no task', 'export const resize = () => {}', /jobs\.ts exports no tasks; found resize\nhint: Export task\(/],
  ]
  const commands: [name: string, args: string[]][] = [['tf worker', ['worker', './jobs.ts']], ['tf serve --worker', ['serve', '--worker', './jobs.ts']]]

  describe.each(commands)('of %s', (_name, args) => {
    test.each(modules)('that %s is refused before anything is started', async (_what, text, words) => {
      await using home = newHome()
      if (text !== null) writeFileSync(join(home.path, 'jobs.ts'), text)
      const before = readdirSync(home.path)
      expect(await run(args, { home: home.path })).toMatchObject({ code: exitCodes.error, text: expect.stringMatching(words) })
      expect(readdirSync(home.path)).toEqual(before)
    })
  })
})

describe.concurrent.each([['serve'], ['worker', './jobs.ts'], ['jobs', 'list']])('tf %s', { timeout: 60_000 }, (...args) => {
  const task = join(import.meta.dirname, '../../src/index.ts')
  const open = () => {
    const home = newHome()
    writeFileSync(join(home.path, 'jobs.ts'), `import { task } from '${task}'\nexport const noop = task(() => {}, { name: 'noop' })`)
    return home
  }

  test('names a database that does not answer, without its password, within 25 s', async () => {
    await using home = open()
    const since = Date.now()
    const { code, text } = await run(args, { home: home.path, databaseUrl: 'postgres://me:hunter2@127.0.0.1:1/tasks' })
    expect({ code, text }).toEqual({ code: exitCodes.error, text: expect.stringMatching(/PostgreSQL at 127\.0\.0\.1:1 did not answer.*\nhint: .*TASKFLOWS_DATABASE_URL/s) })
    expect(text).not.toContain('hunter2')
    // Ten of them it waits; a busy machine takes some to load the program.
    expect(Date.now() - since).toBeLessThan(25_000)
  })

  test('names a database that is newer than the program, and leaves it as it is', async () => {
    await using home = open()
    await using database = await createTestDatabase(inject('postgresUrl'))
    await runAsAdmin(database.url, `insert into taskflows.migrations (version, name, checksum, runs_with) values (999, '0999-later', 'x', 999)`)
    expect(await run(args, { home: home.path, databaseUrl: database.url })).toMatchObject({ code: exitCodes.error, text: expect.stringMatching(/schema version 999.*this program knows \d+\nhint: Upgrade taskflows/s) })
    await expect(runAsAdmin(database.url, 'select 1 / count(*) from taskflows.workers')).rejects.toThrow('division by zero')
  })

  test('names a database that the server does not have', async () => {
    await using home = open()
    expect(await run(args, { home: home.path, databaseUrl: databaseUrl(inject('postgresUrl'), 'no_such_database') })).toMatchObject({ code: exitCodes.error, text: expect.stringMatching(/no_such_database.*\nhint: .*TASKFLOWS_DATABASE_URL/s) })
  })

  test.skipIf(!embeds)('names a home that cannot be made', async () => {
    await using home = open()
    expect(await run(args, { home: home.path, env: { TASKFLOWS_HOME: '/proc/nope' } })).toMatchObject({ code: exitCodes.error, text: expect.stringMatching(/\/proc\/nope.*\nhint: .*TASKFLOWS_HOME/s) })
  })

  test.skipIf(!embeds || process.geteuid!() !== 0)('names a home that the account may not enter', async () => {
    await using home = open()
    const forbidden = join(home.path, 'forbidden')
    mkdirSync(forbidden, { mode: 0o700 })
    // The module must be readable, so that only the home is in the way.
    chmodSync(home.path, 0o755)
    const reachable = args.map((arg) => (arg === './jobs.ts' ? join(home.path, 'jobs.ts') : arg))
    expect(await run(reachable, { home: forbidden, uid: 65_534 })).toMatchObject({ code: exitCodes.error, text: expect.stringMatching(new RegExp(`${forbidden}.*\nhint: .*TASKFLOWS_HOME`, 's')) })
    expect(readdirSync(forbidden)).toEqual([])
  })
})

describe.skipIf(!embeds)('tf serve on the embedded database', { timeout: 30_000 }, () => {
  afterAll(removePattern)

  test('names the holder of a port that is in use, and stops the database that it started', async () => {
    await using home = await usedHome()
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as { port: number }
    expect(await run(['serve', '--port', String(port)], { home: home.path })).toMatchObject({ code: exitCodes.error, text: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port} is in use by .*pid ${process.pid}.*\nhint: .*TASKFLOWS_PORT`, 's')) })
    holder.close()
    expect(existsSync(join(home.path, 'run/server.json'))).toBe(false)
  })

  test('names both versions when the data belongs to another PostgreSQL', async () => {
    await using home = await usedHome()
    renameSync(join(home.path, 'postgres/18'), join(home.path, 'postgres/17'))
    writeFileSync(join(home.path, 'postgres/17/data/PG_VERSION'), '17\n')
    expect(await run(['serve'], { home: home.path })).toMatchObject({ code: exitCodes.error, text: expect.stringMatching(/PostgreSQL 17\b.*PostgreSQL 18.*\nhint: /s) })
    expect(readdirSync(join(home.path, 'postgres'))).toEqual(['17'])
  })
})

/** Runs `tf` to its end, after which no process of its home may be left but a server that was there before. */
async function run(args: readonly string[], options: ProgramOptions) {
  const before = processesOf(options.home).map(({ pid }) => pid)
  await using program = startTf(args, options)
  const { code } = await program.ended
  expect(processesOf(options.home).filter(({ pid }) => !before.includes(pid))).toEqual([])
  return { code, said: program.said, text: program.said.join('\n') }
}
