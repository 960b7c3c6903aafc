/** Runs side by side on a real user manager, seen by a server and without one: a service of each second whose runs take three. */
import { once } from 'node:events'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { type Client, connectTo } from '../../src/client/index.ts'
import type { TaskflowsContract } from '../../src/contract/index.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const tf = join(import.meta.dirname, '../../src/faces/cli/main.ts')
const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: runs side by side on a systemd user manager: ${missing}`)

/** What a run writes down: when it began, in milliseconds, and which invocation it is. */
interface Noted { readonly word: string; readonly at: number; readonly id: string }

describe.skipIf(missing !== undefined && !process.env['CI'])('runs side by side', { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack()
  let manager: UserManager
  let client: Client<TaskflowsContract>
  let server: ChildProcess
  let databaseUrl: string
  let home: string
  let directory: string

  beforeAll(async () => {
    const database = stack.use(await createTestDatabase(inject('postgresUrl')))
    manager = stack.use(await startUserManager({ as: 'root' }))
    directory = join(manager.home, 'noted')
    mkdirSync(directory)
    databaseUrl = database.url
    home = join(manager.home, 'server')
    await serve()
  }, 60_000)
  afterAll(() => stack.disposeAsync())

  async function serve(): Promise<void> {
    const [command, ...args] = manager.command(process.execPath, '--conditions=source', tf, 'serve', '--port', '0')
    server = spawn(command, args, { env: { ...manager.env, TASKFLOWS_HOME: home, TASKFLOWS_DATABASE_URL: databaseUrl, TASKFLOWS_LOG_LEVEL: 'warn' }, stdio: ['ignore', 'ignore', 'pipe'] })
    stack.defer(kill)
    for await (const line of createInterface(server.stderr!)) {
      const url = /listens on (http:\S+)/.exec(line)?.[1]
      if (url === undefined) continue
      client = connectTo({ url, secret: readSecurity(home).hmac.secret })
      return
    }
    throw new Error('the server ended')
  }
  async function kill(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return
    const { pid } = JSON.parse(readFileSync(join(home, 'run/server.json'), 'utf8')) as { pid: number }
    await Promise.all([once(server, 'exit'), manager.exec('kill', '-KILL', String(pid))])
  }

  const systemctl = (...args: string[]) => manager.exec('systemctl', '--user', ...args)
  const local = async (...args: string[]) => (await manager.exec('env', `TASKFLOWS_HOME=${join(manager.home, 'none')}`, process.execPath, '--conditions=source', tf, ...args)).stdout
  const apply = (name: string, then: string, more: object = {}) => client.services.apply({
    services: [{
      name, overlap: 'allow', start_schedule: { schedule: '*:*:*', accuracy: 0.001 }, ...more,
      start_command: ['sh', '-c', `note() { echo "$1 $(date +%s%3N) $INVOCATION_ID" >> ${directory}/${name}; echo "$1 $INVOCATION_ID"; }; note begin; ${then}; note end`],
    }],
  })
  const noted = (name: string): Noted[] => (readdirSync(directory).includes(name) ? readFileSync(join(directory, name), 'utf8') : '').split('\n').filter(Boolean).map((line) => {
    const [word, at, id] = line.split(' ') as [string, string, string]
    return { word, at: Number(at), id }
  })
  const ids = (name: string) => noted(name).filter(({ word }) => word === 'begin').map(({ id }) => id).sort()
  const view = async (name: string) => (await client.services.list({ match: name })).items[0]!
  const runsOf = async (name: string) => (await client.runs.list({ kind: 'service', name, limit: 1000 })).items.filter(({ started_at: at }) => at !== null)
  /** Those that systemd has, of whatever state. */
  const unitsOf = async (name: string) => (await systemctl('list-units', '--all', '--plain', '--no-legend', `run-taskflows-${name}@*`)).stdout.trim().split('\n').filter(Boolean)
  const eventually = <T>(look: () => Promise<T> | T) => vi.waitFor(look, { timeout: 60_000, interval: 100 })

  test('begin when they are due, whatever else runs, and are one service to everybody', async () => {
    await apply('wide', 'sleep 3')
    await eventually(() => expect(noted('wide').filter(({ word }) => word === 'end').length).toBeGreaterThanOrEqual(3))
    await eventually(async () => expect(await view('wide')).toMatchObject({ status: 'running', active_state: 'active', unit: 'taskflows-wide.service', drift: [], active_runs: expect.toSatisfy((runs: number) => runs >= 2) }))
    const { items } = await client.services.list({})
    expect(items.filter(({ name }) => name.includes('wide'))).toHaveLength(1)
    const shown = await client.services.get({ name: 'wide' })
    expect(shown.units.filter(({ unit }) => unit.startsWith('run-taskflows-wide@')).length).toBeGreaterThanOrEqual(2)
    expect(shown.last_start).not.toBeNull()
    expect(await local('status', 'wide')).toMatch(/runs +\d go on side by side/)
    expect(await local('list')).toMatch(/wide +● running \(\d runs\)|wide +running \(\d runs\)/)
    const begins = noted('wide').filter(({ word }) => word === 'begin').map(({ at }) => at)
    // One each second: none waited for another, and none came twice.
    for (const [at, begin] of begins.slice(1).entries()) expect(Math.round((begin - begins[at]!) / 1000)).toBeGreaterThanOrEqual(1)
  })

  test('end with the service that they are of, and each is in the ledger once', async () => {
    const acted = await client.services.stop({ name: 'wide' })
    expect(acted.items.map(({ problem }) => problem).filter((problem) => problem !== null)).toEqual([])
    expect(acted.items.some(({ unit, service }) => unit.startsWith('run-taskflows-wide@') && service === 'wide')).toBe(true)
    expect(await unitsOf('wide')).toEqual([])
    await eventually(async () => expect(await view('wide')).toMatchObject({ status: 'inactive', active_runs: 0 }))
    await eventually(async () => {
      const runs = await runsOf('wide')
      expect(runs.map(({ id }) => id).sort()).toEqual(ids('wide'))
      expect(runs.filter(({ state }) => state === 'running')).toEqual([])
    })
    const runs = await runsOf('wide')
    const ended = new Set(noted('wide').filter(({ word }) => word === 'end').map(({ id }) => id))
    expect(runs.filter(({ state }) => state === 'succeeded').map(({ id }) => id).sort()).toEqual([...ended].sort())
    expect(new Set(runs.map(({ state }) => state))).toEqual(new Set(['succeeded', 'cancelled']))
    // Without a server the journal tells the same.
    const history = JSON.parse(await local('history', '-m', 'wide', '-l', '1000', '-o', 'json')) as { items: { id: string; state: string }[] }
    expect(history.items.map(({ id }) => id).sort()).toEqual(ids('wide'))
  })

  test('are told of as runs of the service', async () => {
    const { items } = await client.events.list({ type: 'service.*', subject: `${hostname()}/user/wide`, limit: 1000 })
    const typesOf = (id: string) => items.filter((event) => event.correlation_id === id).map(({ type }) => type).sort()
    for (const id of ids('wide')) expect(typesOf(id), id).toEqual(['service.started', 'service.stopped'])
    expect(items.find(({ type }) => type === 'service.started')).toMatchObject({ data: { unit: expect.stringMatching(/^run-taskflows-wide@[0-9a-f]{32}\.service$/) } })
    const slots = items.filter(({ type }) => type.startsWith('service.run_') && type !== 'service.run_late')
    expect(slots.filter(({ data }) => data['cause'] === 'overlap')).toEqual([])
  })

  test('write what the service writes, all together or one by one', async () => {
    await manager.exec('journalctl', '--sync').catch(() => {})
    const lines = await eventually(async () => {
      const found = (await client.services.logs({ name: 'wide', n_lines: 1000, order: 'asc' })).items
      expect(found.filter(({ message }) => message.startsWith('begin ')).map(({ message }) => message.slice(6)).sort()).toEqual(ids('wide'))
      return found
    })
    expect(new Set(lines.map(({ service }) => service))).toEqual(new Set(['wide']))
    expect(lines.some(({ unit, message }) => unit?.startsWith('run-taskflows-wide@') && message.startsWith('Started '))).toBe(true)
    const [id] = ids('wide')
    const own = (await client.services.logs({ name: 'wide', run: id!, n_lines: 1000, order: 'asc' })).items
    expect(own.some(({ message }) => message.startsWith('Started '))).toBe(true)
    expect(await local('logs', 'wide', '-n', '1000')).toContain(`begin ${id}`)
  })

  test('that fail are forgotten by systemd, and not by the ledger', async () => {
    await apply('broken', 'sleep 1.5; exit 3')
    await eventually(async () => expect((await runsOf('broken')).filter(({ state }) => state === 'failed').length).toBeGreaterThanOrEqual(2))
    await client.services.stop({ name: 'broken' })
    expect(await unitsOf('broken')).toEqual([])
    const failed = (await runsOf('broken')).find(({ state }) => state === 'failed')
    expect(failed).toMatchObject({ exit_code: 3, result: 'exit-code', reason: 'exit code 3' })
    const { items } = await client.events.list({ type: 'service.failed', subject: `${hostname()}/user/broken`, limit: 100 })
    expect(items[0]).toMatchObject({ data: { unit: expect.stringMatching(/^run-taskflows-broken@/), exit_code: 3 } })
    const why = await client.services.why({ name: 'broken' })
    expect(why.last?.text).toMatch(/^(failed: exit code 3|cancelled: stopped by command.*)$/)
  })

  test('are in the ledger once however often the server is killed, and as they ended', async () => {
    await apply('lasting', 'sleep 2.4; [ $(($(date +%s) % 2)) = 0 ] || exit 3')
    for (const least of [3, 8, 12]) {
      await eventually(() => expect(ids('lasting').length).toBeGreaterThanOrEqual(least))
      await kill()
      await eventually(() => expect(ids('lasting').length).toBeGreaterThanOrEqual(least + 3))
      await serve()
    }
    await systemctl('stop', 'taskflows-lasting.timer')
    await eventually(async () => expect((await runsOf('lasting')).filter(({ state }) => state !== 'running').map(({ id }) => id).sort()).toEqual(ids('lasting')))
    const runs = await runsOf('lasting')
    const succeeded = new Set(noted('lasting').filter(({ word }) => word === 'end').map(({ id }) => id))
    for (const { id, state, exit_code } of runs) expect([id, state, exit_code]).toEqual([id, ...(succeeded.has(id) ? ['succeeded', 0] : ['failed', 3])])
    await client.services.remove({ name: 'lasting' })
  })

  test('go by another policy as soon as that is applied, and leave nothing behind', async () => {
    const files = () => readdirSync(join(manager.home, '.config/systemd/user'))
    await apply('changed', 'sleep 3')
    expect(files()).toContain('run-taskflows-changed@.service')
    await eventually(() => expect(ids('changed').length).toBeGreaterThanOrEqual(2))
    await apply('changed', 'sleep 3', { overlap: 'skip' })
    expect(files()).not.toContain('run-taskflows-changed@.service')
    await apply('changed', 'sleep 3')
    await eventually(async () => expect((await unitsOf('changed')).length).toBeGreaterThanOrEqual(2))
    const removed = await client.services.remove({ name: 'changed' })
    expect(removed.items.map(({ problem }) => problem)).toEqual(removed.items.map(() => null))
    expect(files().filter((file) => file.includes('changed'))).toEqual([])
    expect(await unitsOf('changed')).toEqual([])
    const before = ids('changed').length
    await eventually(async () => expect((await runsOf('changed')).filter(({ state }) => state === 'running')).toEqual([]))
    expect(ids('changed')).toHaveLength(before)
  })
})
