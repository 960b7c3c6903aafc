/**
 * The ledger of services against what ran: on a real user manager with a journal, services write down their own
 * invocations, while servers are killed and started; and each second in which one was to begin is held against it.
 * TASKFLOWS_LEDGER_SECONDS: for how long, 40 unless told otherwise.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createPostgres, urlSource } from '../../src/adapters/database/postgres/index.ts'
import { readSecurity } from '../../src/access/security-file.ts'
import { type Client, connectTo } from '../../src/client/index.ts'
import type { Run } from '../../src/contract/runs.ts'
import type { TaskflowsContract } from '../../src/contract/index.ts'
import type { InputOf } from '../../src/contract/operation.ts'
import type { Database } from '../../src/kernel/database/database.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const tf = join(import.meta.dirname, '../../src/faces/cli/main.ts')
const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: the ledger of services: ${missing}`)
const seconds = Number(process.env['TASKFLOWS_LEDGER_SECONDS'] ?? 40)

interface Server {
  readonly client: Client<TaskflowsContract>
  readonly process: ChildProcess
  readonly home: string
}

describe.skipIf(missing !== undefined && !process.env['CI'])('the ledger of services', { timeout: (seconds + 120) * 1000 }, () => {
  const stack = new AsyncDisposableStack()
  let manager: UserManager
  let database: Database
  let databaseUrl: string
  let directory: string

  beforeAll(async () => {
    databaseUrl = stack.use(await createTestDatabase(inject('postgresUrl'))).url
    database = createPostgres({ source: urlSource(databaseUrl) })
    stack.defer(() => database.close())
    manager = stack.use(await startUserManager({ as: 'root' }))
    directory = join(manager.home, 'runs')
    mkdirSync(directory)
  }, 60_000)
  afterAll(() => stack.disposeAsync())

  async function serve(name: string): Promise<Server> {
    const home = join(manager.home, name)
    const [command, ...args] = manager.command(process.execPath, '--conditions=source', tf, 'serve', '--port', '0')
    const server = spawn(command, args, { env: { ...manager.env, TASKFLOWS_HOME: home, TASKFLOWS_DATABASE_URL: databaseUrl, TASKFLOWS_LOG_LEVEL: 'warn' }, stdio: ['ignore', 'ignore', 'pipe'] })
    stack.defer(() => void server.kill('SIGKILL'))
    for await (const line of createInterface(server.stderr)) {
      const url = /listens on (http:\S+)/.exec(line)?.[1]
      if (url !== undefined) return { home, process: server, client: connectTo({ url, secret: readSecurity(home).hmac.secret }) }
    }
    throw new Error('the server ended')
  }
  async function kill({ home, process: server }: Server): Promise<void> {
    const { pid } = JSON.parse(readFileSync(join(home, 'run/server.json'), 'utf8')) as { pid: number }
    await manager.exec('kill', '-KILL', String(pid))
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  }

  const systemctl = (...args: string[]) => manager.exec('systemctl', '--user', ...args)
  /** Notes its own invocation, and goes on as `then` says. */
  const noting = (name: string, then: string): [string, ...string[]] => ['sh', '-c', `echo $INVOCATION_ID >> ${join(directory, name)}; ${then}`]
  const expected = (name: string): string[] => readFileSync(join(directory, name), 'utf8').trim().split('\n').sort()
  const everySecond = { schedule: '*:*:*', accuracy: 0.001 }

  async function rowsOf({ client }: Server, name: string): Promise<Run[]> {
    const found: Run[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await client.runs.list({ kind: 'service', name, limit: 1000, ...(cursor !== undefined && { cursor }) })
      found.push(...page.items)
      cursor = page.next_cursor
    }
    return found
  }
  /** Without slots that had no run. */
  const runsOf = async (server: Server, name: string): Promise<Run[]> => (await rowsOf(server, name)).filter(({ state }) => state !== 'skipped' && state !== 'missed')
  const idsOf = (runs: readonly Run[]) => runs.map(({ id }) => id).sort()

  test('tells of a run within half a second of its end, with how it ended', async () => {
    const server = await serve('one')
    await server.client.services.apply({ services: [{ name: 'quick', start_command: ['sh', '-c', 'kill -9 $$'], restart_policy: 'no' }] })
    const lateness: number[] = []
    for (let round = 0; round < 5; round += 1) {
      await systemctl('reset-failed', 'taskflows-quick.service').catch(() => {})
      await systemctl('start', 'taskflows-quick.service').catch(() => {})
      await expect.poll(async () => (await runsOf(server, 'quick')).filter(({ state }) => state === 'failed').length, { timeout: 5_000, interval: 10 }).toBe(round + 1)
      const [row] = await database.query<{ ended_at: number; now: number }>(`select ended_at, taskflows.now() as now from taskflows.service_runs where service = 'quick' order by ended_at desc limit 1`)
      lateness.push(row!.now - row!.ended_at)
    }
    console.log(`a run is in the ledger ${lateness.map(Math.round).join(', ')} ms after its end, by somebody who asks over HTTP`)
    expect(lateness.toSorted((a, b) => a - b)[2]).toBeLessThan(500)
    expect((await runsOf(server, 'quick'))[0]).toMatchObject({
      kind: 'service', name: 'quick', subject: `${hostname()}/user/quick`, tenant_id: null, host: hostname(), state: 'failed', scope: 'user', result: 'signal', exit_signal: 'SIGKILL',
      exit_code: null, reason: 'killed by SIGKILL', started_at: expect.any(String), ended_at: expect.any(String), error_type: null,
    })
    await kill(server)
  })

  test('knows what became of runs when their systemd is stopped and started, with a server or without', async () => {
    const before = await serve('one')
    await before.client.services.apply({ services: [
      { name: 'held', start_command: noting('held', 'sleep 1000'), enabled: true },
      { name: 'deaf', start_command: noting('deaf', 'trap "" TERM; sleep 1000 & wait; wait'), stop_timeout: 1, enabled: true },
      { name: 'ticking', start_command: noting('ticking', 'exit 0'), start_schedule: everySecond },
    ] })
    await manager.restart()
    for (const name of ['held', 'deaf']) await expect.poll(() => expected(name).length, { timeout: 20_000 }).toBe(2)
    await kill(before)
    await manager.restart()
    for (const name of ['held', 'deaf']) await expect.poll(() => expected(name).length, { timeout: 20_000 }).toBe(3)
    const after = await serve('one')
    await systemctl('disable', '--now', 'taskflows-ticking.timer', 'taskflows-held.service', 'taskflows-deaf.service')
    for (const name of ['held', 'deaf', 'ticking']) {
      await expect.poll(async () => idsOf((await runsOf(after, name)).filter(({ state }) => state !== 'running')), { timeout: 60_000, interval: 500 }).toEqual(expected(name))
    }
    expect((await runsOf(after, 'held')).map(({ state, result }) => `${state} ${result}`)).toEqual(['cancelled success', 'cancelled success', 'cancelled success'])
    expect((await runsOf(after, 'deaf')).map(({ state, result }) => `${state} ${result}`)).toEqual(['cancelled timeout', 'cancelled timeout', 'cancelled timeout'])
    expect(countBy(await runsOf(after, 'ticking'), ({ state }) => state)).toEqual({ succeeded: expected('ticking').length })
    await kill(after)
  })

  test('has every run once, however often servers are killed', async () => {
    // Services that do not come up are taken back, so this one breaks down afterwards.
    const loose = join(directory, 'loose')
    const services: InputOf<TaskflowsContract['services']['apply']>['services'] = [
      { name: 'ok', start_command: noting('ok', 'exit 0'), start_schedule: everySecond },
      { name: 'bad', start_command: noting('bad', 'exit 3'), start_schedule: everySecond },
      { name: 'shot', start_command: noting('shot', 'kill -9 $$'), start_schedule: everySecond },
      { name: 'slow', start_command: noting('slow', 'sleep 1.4'), start_schedule: everySecond },
      { name: 'oneshot', type: 'oneshot', start_command: noting('oneshot', 'exit 0'), start_schedule: everySecond },
      { name: 'forbidden', start_command: noting('forbidden', 'exit 0'), start_schedule: everySecond, startup_requirements: [{ kind: 'cpus', amount: 5000, silent: true }] },
      { name: 'loop', start_command: noting('loop', `test -e ${loose} && sleep 0.2 && exit 4; sleep infinity`), enabled: true, restart_policy: { condition: 'always', delay: 0.3, max_attempts: 1000, window: 10 } },
      { name: 'steady', start_command: noting('steady', 'sleep infinity'), enabled: true },
    ]
    const names = services.map(({ name }) => name)
    const timed = names.filter((name) => !['loop', 'steady'].includes(name))
    let servers = [await serve('one')]
    await servers[0]!.client.services.apply({ services })
    const watchedFrom = Math.ceil(Date.now() / 1000)
    writeFileSync(loose, '')
    await systemctl('kill', '-s', 'KILL', 'taskflows-loop.service')
    const end = Date.now() + seconds * 1000
    let kills = 0
    for (let round = 0; Date.now() < end; round += 1) {
      // Sometimes it has seen nothing yet, sometimes a few seconds of it; and the next one comes at once, or later.
      await pause([100, 2_300, 700, 4_100][round % 4]!)
      await Promise.all(servers.map(kill))
      kills += servers.length
      await pause([0, 3_100, 1_000][round % 3]!)
      servers = await Promise.all((round % 2 === 0 ? ['one', 'other'] : ['one']).map(serve))
    }
    const server = servers[0]!
    const watchedUntil = Math.floor(Date.now() / 1000) - 1
    await systemctl('stop', ...timed.map((name) => `taskflows-${name}.timer`))
    await systemctl('stop', ...names.map((name) => `taskflows-${name}.service`))
    for (const name of names.filter((name) => name !== 'forbidden')) await expect.poll(async () => idsOf((await runsOf(server, name)).filter(({ state }) => state !== 'running')), { timeout: 60_000, interval: 500 }).toEqual(expected(name))
    const watched = Array.from({ length: watchedUntil - watchedFrom + 1 }, (_, at) => watchedFrom + at)
    for (const name of timed) await expect.poll(async () => slotsIn(await rowsOf(server, name), watched), { timeout: 60_000, interval: 1_000 }).toEqual({ unexplained: [], twice: [] })
    const reasons = Object.fromEntries(await Promise.all(timed.map(async (name) => [name, countBy((await rowsOf(server, name)).filter(isWithoutRun), ({ state, reason }) => `${state} ${/^(\w+: |not met)/.exec(reason!)?.[0]}`)] as const)))
    console.log(`slots of ${watched.length} s without a run: ${JSON.stringify(reasons)}`)
    expect(Object.keys(reasons['forbidden']!)).toEqual(['skipped not met'])
    expect(reasons['slow']!['skipped overlap: ']).toBeGreaterThan(watched.length / 10)
    const states = async (name: string) => countBy(await runsOf(server, name), ({ state, result, exit_code, exit_signal }) => [state, result, exit_signal ?? exit_code].join(' '))
    const counts = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await states(name)] as const)))
    console.log(`after ${kills} kills: ${JSON.stringify(counts)}`)
    expect(Object.keys(counts['ok']!)).toEqual(['succeeded success 0'])
    expect(Object.keys(counts['oneshot']!)).toEqual(['succeeded success 0'])
    expect(Object.keys(counts['bad']!)).toEqual(['failed exit-code 3'])
    expect(Object.keys(counts['shot']!)).toEqual(['failed signal SIGKILL'])
    // The first was killed from outside, the last was stopped.
    expect(counts['loop']!['failed exit-code 4']).toBeGreaterThan(seconds)
    expect(Object.values(counts['steady']!)).toEqual([1])
    await expect.poll(async () => (await runsOf(server, 'steady'))[0], { timeout: 60_000, interval: 500 }).toMatchObject({ state: 'cancelled', result: 'success' })
    const rows = await database.query<{ host: string; id: string }>('select host, id from taskflows.service_runs')
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
    await Promise.all(servers.map(kill))
  })

  test('is told by the journal alone where no server is', async () => {
    const { stdout } = await manager.exec('env', `TASKFLOWS_HOME=${join(manager.home, 'none')}`, process.execPath, '--conditions=source', tf, 'history', '--kind', 'service', '-m', 'ba*', '-l', '1000', '-o', 'json')
    const { items } = JSON.parse(stdout) as { items: Run[] }
    // The latest of them, if there are more than a page has.
    const all = new Set(expected('bad'))
    expect([items.length, new Set(idsOf(items)).size, idsOf(items).every((id) => all.has(id))]).toEqual([Math.min(1000, all.size), items.length, true])
    expect(items[0]).toMatchObject({ kind: 'service', name: 'bad', state: 'failed', result: 'exit-code', exit_code: 3, scope: 'user', cpu_seconds: null, memory_peak_bytes: null })
    const { stdout: table } = await manager.exec('env', `TASKFLOWS_HOME=${join(manager.home, 'none')}`, process.execPath, '--conditions=source', tf, 'history', '-m', 'ok', '-l', '1', '-o', 'wide')
    expect(table).toContain('not measured')
  })
})

function isWithoutRun({ state }: Run): boolean {
  return state === 'skipped' || state === 'missed'
}

/** Each second was to have a run: those that neither had one nor tell why, and those of which something is told twice. */
function slotsIn(rows: readonly Run[], seconds: readonly number[]): { unexplained: number[]; twice: number[] } {
  const secondOf = (at: string | null): number => Math.floor(Date.parse(at!) / 1000)
  const ran = new Set(rows.filter((row) => !isWithoutRun(row)).map(({ slot, started_at }) => secondOf(slot ?? started_at)))
  const told = Map.groupBy(rows.filter(isWithoutRun), ({ slot, started_at }) => secondOf(slot ?? started_at))
  return {
    unexplained: seconds.filter((second) => !ran.has(second) && !told.get(second)?.[0]?.reason),
    twice: seconds.filter((second) => (told.get(second)?.length ?? 0) + (ran.has(second) ? 1 : 0) > 1),
  }
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(items, keyOf)].map(([key, { length }]) => [key, length]))
}

/** Of the world outside, which does its work meanwhile. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms) })
}
