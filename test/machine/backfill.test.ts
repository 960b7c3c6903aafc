/**
 * Times that are made up for, on a real user manager with a journal and a server: by somebody's word, while the server is killed, and
 * because the manager was away. Each service writes down the time that it is told.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { type Client, connectTo } from '../../src/client/index.ts'
import type { TaskflowsContract } from '../../src/contract/index.ts'
import type { InputOf, OutputOf } from '../../src/contract/operation.ts'
import type { Run } from '../../src/contract/runs.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const tf = join(import.meta.dirname, '../../src/faces/cli/main.ts')
const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: times that are made up for: ${missing}`)

interface Server {
  readonly client: Client<TaskflowsContract>
  readonly process: ChildProcess
}
type Services = TaskflowsContract['services']
type Definition = InputOf<Services['apply']>['services'][number]
type Backfill = OutputOf<Services['showBackfill']>

/** On a busy machine. */
const soon = { timeout: 90_000, interval: 200 }

describe.skipIf(missing !== undefined && !process.env['CI'])('times that are made up for', { timeout: 240_000 }, () => {
  const stack = new AsyncDisposableStack()
  let manager: UserManager
  let databaseUrl: string
  let directory: string
  let server: Server

  beforeAll(async () => {
    databaseUrl = stack.use(await createTestDatabase(inject('postgresUrl'))).url
    manager = stack.use(await startUserManager({ as: 'root' }))
    directory = join(manager.home, 'times')
    mkdirSync(directory)
    server = await serve()
  }, 120_000)
  afterAll(() => stack.disposeAsync())

  const home = () => join(manager.home, 'server')
  async function serve(): Promise<Server> {
    const [command, ...args] = manager.command(process.execPath, '--conditions=source', tf, 'serve', '--port', '0')
    const child = spawn(command, args, { env: { ...manager.env, TASKFLOWS_HOME: home(), TASKFLOWS_DATABASE_URL: databaseUrl, TASKFLOWS_LOG_LEVEL: 'info' }, stdio: ['ignore', 'ignore', 'pipe'] })
    stack.defer(() => void child.kill('SIGKILL'))
    for await (const line of createInterface(child.stderr)) {
      const url = /listens on (http:\S+)/.exec(line)?.[1]
      if (url === undefined) continue
      child.stderr.resume()
      return { process: child, client: connectTo({ url, secret: readSecurity(home()).hmac.secret }) }
    }
    throw new Error('the server ended')
  }
  async function kill({ process: child }: Server): Promise<void> {
    const { pid } = JSON.parse(readFileSync(join(home(), 'run/server.json'), 'utf8')) as { pid: number }
    await manager.exec('kill', '-KILL', String(pid))
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  const run = (...args: string[]) => manager.exec('env', `TASKFLOWS_HOME=${home()}`, process.execPath, '--conditions=source', tf, ...args)
  const exitOf = (...args: string[]) => run(...args).then(() => 0, ({ code }: { code: number }) => code)

  const create = (...services: Definition[]) => server.client.services.apply({ services })
  /** Notes its time when it begins and when it ends. */
  const noting = (name: string, between: string, changes: Partial<Definition> = {}): Definition => ({
    name, start_schedule: '*-*-* *:00:00 UTC', start_command: ['sh', '-c', `echo "begin $TASKFLOWS_SLOT" >> ${join(directory, name)}; ${between}; echo "end $TASKFLOWS_SLOT" >> ${join(directory, name)}`], ...changes,
  })
  /** What was made up for: runs by the schedule know no time. */
  const noted = (name: string, word: string): string[] =>
    (existsSync(join(directory, name)) ? readFileSync(join(directory, name), 'utf8').split('\n') : []).filter((line) => line.startsWith(`${word} 2`)).map((line) => line.slice(word.length + 1))
  const hours = (...of: number[]): string[] => of.map((hour) => `2026-01-01T0${hour}:00:00Z`)
  const range = (name: string) => ({ name, since: '2026-01-01T00:00:00Z', until: '2026-01-01T05:30:00Z' })
  const ended = async ({ name, id }: Pick<Backfill, 'name' | 'id'>): Promise<Backfill> => {
    await expect.poll(async () => (await server.client.services.showBackfill({ name, id: id! })).ended_at, soon).not.toBeNull()
    return server.client.services.showBackfill({ name, id: id! })
  }
  async function runsOf(name: string): Promise<Run[]> {
    return (await server.client.runs.list({ kind: 'service', name, limit: 1000 })).items
  }

  test('each time has its run, two at a time, and a server that is killed has one that goes on', async () => {
    await create(noting('report', 'sleep 2'))
    const started = await server.client.services.backfill({ ...range('report'), max_parallel: 2 })
    expect(started).toMatchObject({ state: 'running', created: true, counts: { waiting: 6 } })
    await expect.poll(() => noted('report', 'end').length, soon).toBeGreaterThanOrEqual(2)
    await expect.poll(() => noted('report', 'begin').length, soon).toBeGreaterThanOrEqual(3)
    await kill(server)
    server = await serve()
    const over = await ended(started)
    expect(over).toMatchObject({ state: 'done', counts: { succeeded: 6, failed: 0, waiting: 0, running: 0 } })
    expect(noted('report', 'begin').toSorted()).toEqual(hours(0, 1, 2, 3, 4, 5))
    expect(noted('report', 'end').toSorted()).toEqual(hours(0, 1, 2, 3, 4, 5))
    expect(mostAtOnce(readFileSync(join(directory, 'report'), 'utf8').split('\n'))).toBe(2)
    await expect.poll(async () => (await runsOf('report')).filter(({ state, slot }) => state === 'succeeded' && slot !== null).map(({ slot }) => slot!.replace('.000', '')).toSorted(), soon).toEqual(hours(0, 1, 2, 3, 4, 5))
  })

  test('nothing of it is left, and nobody had to see it', async () => {
    expect(readdirSync(join(dirname(manager.home), 'run/0/systemd/user')).filter((unit) => unit.includes('slot-'))).toEqual([])
    expect((await manager.exec('systemctl', '--user', 'list-units', '--all', '--plain', '--no-legend', 'slot-*')).stdout).toBe('')
    expect((await server.client.services.list({})).items.map(({ name, drift }) => [name, drift])).toEqual([['report', []]])
  })

  test('what ran well is left out, unless it is to run again', async () => {
    const plan = await server.client.services.backfill({ ...range('report'), dry_run: true })
    expect(plan).toMatchObject({ id: null, state: 'planned', created: false, counts: { waiting: 0 } })
    expect(plan.slots.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'left_out'))
    await expect(server.client.services.backfill(range('report'))).rejects.toMatchObject({ code: 'backfill.invalid' })
    const again = await server.client.services.backfill({ ...range('report'), again: true, max_parallel: 6 })
    expect((await ended(again)).counts.succeeded).toBe(6)
    expect(noted('report', 'end')).toHaveLength(12)
  })

  test('a run that fails stops no other, and tf says it with its exit code', async () => {
    await create(noting('some', 'case $TASKFLOWS_SLOT in *T02*|*T04*) exit 3;; esac'))
    expect(await exitOf('backfill', 'some', '--since', '2026-01-01T00:00:00Z', '--until', '2026-01-01T05:30:00Z', '--yes', '--wait')).toBe(7)
    const [last] = (await server.client.services.backfills({ name: 'some' })).items
    expect(last).toMatchObject({ state: 'done', counts: { succeeded: 4, failed: 2 } })
    const { slots } = await server.client.services.showBackfill({ name: 'some', id: last!.id! })
    expect(slots.filter(({ state }) => state === 'failed').map(({ slot, reason }) => [slot.slice(11, 13), reason])).toEqual([['02', 'exited with 3'], ['04', 'exited with 3']])
    await expect.poll(async () => (await server.client.services.backfill({ ...range('some'), dry_run: true })).counts.waiting, soon).toBe(2)
  })

  test('what is cancelled begins nothing more, and what runs goes on to its end', async () => {
    await create(noting('long', 'sleep 3'))
    const started = await server.client.services.backfill(range('long'))
    await expect.poll(() => noted('long', 'begin').length, soon).toBe(1)
    expect(await server.client.services.cancelBackfill({ name: 'long', id: started.id! })).toMatchObject({ state: 'cancelling', counts: { running: 1, cancelled: 5 } })
    expect(await ended(started)).toMatchObject({ state: 'cancelled', counts: { succeeded: 1, cancelled: 5 } })
    expect(noted('long', 'end')).toEqual(hours(0))
    await expect(server.client.services.cancelBackfill({ name: 'long', id: started.id! })).rejects.toMatchObject({ code: 'backfill.over' })
  })

  test('a service that is removed meanwhile has no more runs', async () => {
    await create(noting('gone', 'sleep 2'))
    const started = await server.client.services.backfill(range('gone'))
    await expect.poll(() => noted('gone', 'begin').length, soon).toBe(1)
    await server.client.services.remove({ name: 'gone' })
    expect(await ended(started)).toMatchObject({ state: 'cancelled', reason: 'gone is not there any more', counts: { waiting: 0, running: 0 } })
    expect(noted('gone', 'begin').length).toBeLessThanOrEqual(2)
  })

  test('each time that its manager was away for runs afterwards, once and in order', async () => {
    await create(noting('often', 'true', { start_schedule: { schedule: '*:*:0/3', accuracy: 0.001 }, catch_up: 'all', catch_up_window: '1h' }))
    await expect.poll(async () => (await runsOf('often')).length, soon).toBeGreaterThan(1)
    await kill(server)
    // Nobody can tell a manager that was away from one whose timer did not run before its end.
    await manager.exec('systemctl', '--user', 'stop', 'taskflows-often.timer')
    await pause(14_000)
    await manager.restart()
    server = await serve()
    const missed = async () => (await runsOf('often')).filter(({ state, reason }) => state === 'missed' && reason?.startsWith('systemd_down')).map(({ slot }) => slot!.replace('.000', '')).toSorted()
    await expect.poll(async () => (await missed()).length, soon).toBeGreaterThanOrEqual(3)
    await expect.poll(async () => noted('often', 'end'), soon).toEqual(await missed())
    expect((await missed()).length).toBeLessThanOrEqual(12)
    const caught = (await server.client.services.backfills({ name: 'often' })).items
    expect(caught.every(({ origin, created_by: by }) => origin === 'catch_up' && by === 'system')).toBe(true)
    // Another server finds them made up for.
    await kill(server)
    server = await serve()
    await expect.poll(async () => (await runsOf('often')).filter(({ state, slot }) => state === 'succeeded' && slot !== null).length, soon).toBeGreaterThanOrEqual((await missed()).length)
    expect(noted('often', 'end')).toEqual(await missed())
  })
})

/** Those that had begun and not ended, by lines in the order of the world. */
function mostAtOnce(lines: readonly string[]): number {
  let [now, most] = [0, 0]
  for (const line of lines) {
    now += line.startsWith('begin 2') ? 1 : line.startsWith('end 2') ? -1 : 0
    most = Math.max(most, now)
  }
  return most
}

/** Of the world outside, in which times pass. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms) })
}
