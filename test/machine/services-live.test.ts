/** What servers see of the services of their host while it happens, on a real user manager: events, metrics, lists. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { type Client, connectTo } from '../../src/client/index.ts'
import type { TaskflowsContract } from '../../src/contract/index.ts'
import type { Event } from '../../src/contract/events.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const tf = join(import.meta.dirname, '../../src/faces/cli/main.ts')
const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: services as servers see them: ${missing}`)

/** What is wrong with what the metrics say of services; nothing where there is no promtool. */
function promtoolSays(metrics: string): string {
  const ours = metrics.split('\n').filter((line) => line.includes('taskflows_service_')).join('\n')
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: `${ours}\n`, encoding: 'utf8' })
  return `${stdout ?? ''}${stderr ?? ''}`
}

interface Server {
  readonly url: string
  readonly client: Client<TaskflowsContract>
  readonly process: ChildProcess
}

/** Facts as they come, from now on. */
class Follower implements AsyncDisposable {
  readonly got: Event[] = []
  readonly #over = new AbortController()
  readonly #reading: Promise<void>
  #news = Promise.withResolvers<void>()

  constructor(client: Client<TaskflowsContract>) {
    const since = new Date().toISOString()
    this.#reading = (async () => {
      for await (const { item } of client.events.follow({ type: 'service.*', since }, { signal: this.#over.signal })) {
        this.got.push(item)
        this.#news.resolve()
        this.#news = Promise.withResolvers()
      }
    })()
    // Whoever waits hears of it.
    this.#reading.catch(() => {})
  }

  /** The first fact of this type about this service. Rejects when nothing more can come, with what did. */
  async saw(type: string, name: string): Promise<Event> {
    const ended = this.#reading.then(() => { throw new Error(`the stream ended; of ${name} it told ${this.typesOf(name).join(', ')}`) })
    ended.catch(() => {})
    for (;;) {
      const found = this.got.find((event) => event.type === type && event.name === name)
      if (found) return found
      await Promise.race([this.#news.promise, ended])
    }
  }

  typesOf(name: string): string[] {
    return this.got.filter((event) => event.name === name).map(({ type }) => type.replace('service.', ''))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    await this.#reading.catch(() => {})
  }
}

describe.skipIf(missing !== undefined && !process.env['CI'])('two servers of one host and one database', { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack()
  let manager: UserManager
  let one: Server
  let other: Server
  let follower: Follower

  async function serve(home: string, databaseUrl: string): Promise<Server> {
    const [command, ...args] = manager.command(process.execPath, '--conditions=source', tf, 'serve', '--port', '0')
    const server = spawn(command, args, { env: { ...manager.env, TASKFLOWS_HOME: home, TASKFLOWS_DATABASE_URL: databaseUrl, TASKFLOWS_LOG_LEVEL: 'warn' }, stdio: ['ignore', 'ignore', 'pipe'] })
    stack.defer(() => void server.kill('SIGKILL'))
    for await (const line of createInterface(server.stderr)) {
      const url = /listens on (http:\S+)/.exec(line)?.[1]
      if (url !== undefined) return { url, client: connectTo({ url, secret: readSecurity(home).hmac.secret }), process: server }
    }
    throw new Error('the server ended')
  }

  const systemctl = (...args: string[]) => manager.exec('systemctl', '--user', ...args)
  const property = async (unit: string, name: string) => (await systemctl('show', '-P', name, unit)).stdout.trim()
  const apply = (name: string, more: object = {}) => one.client.services.apply({ services: [{ name, start_command: 'sleep 1000', enabled: true, ...more }] })
  const scrape = async ({ url }: Server = one) => (await fetch(`${url}/metrics`)).text()

  beforeAll(async () => {
    const database = stack.use(await createTestDatabase(inject('postgresUrl')))
    manager = stack.use(await startUserManager({ as: 'root' }));
    [one, other] = await Promise.all([serve(join(manager.home, 'one'), database.url), serve(join(manager.home, 'other'), database.url)])
    await Promise.all([one, other].map(({ client }) => client.services.list({})))
    follower = stack.use(new Follower(other.client))
  }, 60_000)
  afterAll(() => stack.disposeAsync())

  test('tell of what is created, changed and removed, and by whom', async () => {
    await apply('made')
    expect(await follower.saw('service.created', 'made')).toMatchObject({ actor: 'host', tenant_id: null, subject: expect.stringMatching(/\/user\/made$/), data: { scope: 'user', version: 1 } })
    await apply('made', { description: 'Other words' })
    expect(await follower.saw('service.changed', 'made')).toMatchObject({ data: { version: 2 } })
    await one.client.services.remove({ name: 'made' })
    expect(await follower.saw('service.removed', 'made')).toMatchObject({ actor: 'host' })
  })

  test('tell once of each start, stop and failure, with how it ended', async () => {
    await apply('web', { restart_policy: 'no' })
    const started = await follower.saw('service.started', 'web')
    expect(started).toMatchObject({ actor: 'system', correlation_id: await property('taskflows-web.service', 'InvocationID'), data: { unit: 'taskflows-web.service', to: expect.stringMatching(/^(start|running)$/) } })
    await systemctl('kill', '-s', 'KILL', 'taskflows-web.service')
    expect(await follower.saw('service.failed', 'web')).toMatchObject({ correlation_id: started.correlation_id, data: { from: 'running', to: 'failed', result: 'signal', exit_signal: 'SIGKILL' } })
    await systemctl('start', 'taskflows-web.service')
    await systemctl('stop', 'taskflows-web.service')
    await follower.saw('service.stopped', 'web')
    expect(follower.typesOf('web').filter((type) => type !== 'created')).toEqual(['started', 'failed', 'started', 'stopped'])
  })

  test('tell of restarts by systemd, and count them', async () => {
    await apply('stubborn', { restart_policy: { condition: 'always', delay: 0.2 } })
    await follower.saw('service.started', 'stubborn')
    await systemctl('kill', '-s', 'KILL', 'taskflows-stubborn.service')
    expect(await follower.saw('service.restarted', 'stubborn')).toMatchObject({ data: { reason: 'failed', restarts: 1 } })
    expect(follower.typesOf('stubborn').filter((type) => type !== 'created')).toEqual(['started', 'crashed', 'restarted'])
    expect(await scrape()).toContain('taskflows_service_restarts_total{service_name="stubborn",reason="failed"} 1')
  })

  test('tell once of what a schedule wanted and did not get, and why', { timeout: 90_000 }, async () => {
    await apply('slow', { type: 'oneshot', start_command: 'sleep 5', start_schedule: '*:*:0/2', overlap: 'skip' })
    expect(await follower.saw('service.run_skipped', 'slow')).toMatchObject({ data: { cause: 'overlap', reason: expect.stringMatching(/^the run before, from .* went on/), slot: expect.any(String) } })
    await systemctl('stop', 'taskflows-slow.timer')
    expect(await follower.saw('service.run_missed', 'slow')).toMatchObject({ data: { cause: 'timer_off', reason: 'its timer does not run' } })
    await systemctl('start', 'taskflows-slow.timer')
    const told = () => follower.got.filter(({ type, name }) => type.startsWith('service.run_') && name === 'slow')
    const before = told().length
    await vi.waitFor(() => expect(told().length).toBeGreaterThan(before), { timeout: 30_000, interval: 200 })
    const slots = told().map(({ type, correlation_id }) => `${type} ${correlation_id}`)
    expect(new Set(slots).size).toBe(slots.length)
    // Each slot is counted by the server that was the first to write it down.
    const counted = (await Promise.all([one, other].map(scrape))).join('')
    expect(counted).toMatch(/^taskflows_service_slots_total\{verdict="skipped",reason="overlap"\} [1-9]/m)
    const { items } = await one.client.runs.list({ kind: 'service', name: 'slow', state: 'skipped' })
    expect(items.length).toBeGreaterThan(0)
    await one.client.services.remove({ name: 'slow' })
  })

  test('tell of a change within 250 ms', async () => {
    await apply('quick')
    await follower.saw('service.started', 'quick')
    await systemctl('stop', 'taskflows-quick.service')
    await follower.saw('service.stopped', 'quick')
    const lateness: number[] = []
    for (let round = 0; round < 8; round += 1) {
      follower.got.length = 0
      // It may be started five times in ten seconds.
      await systemctl('reset-failed', 'taskflows-quick.service')
      const told = follower.saw('service.started', 'quick').then(() => performance.now())
      await systemctl('start', 'taskflows-quick.service')
      const done = performance.now()
      lateness.push((await told) - done)
      const stopped = follower.saw('service.stopped', 'quick')
      await systemctl('stop', 'taskflows-quick.service')
      await stopped
    }
    const median = lateness.toSorted((a, b) => a - b)[4]!
    console.log(`a start is told ${lateness.map(Math.round).join(', ')} ms after systemctl has returned`)
    expect(median).toBeLessThan(250)
  })

  test('show states and uptimes to Prometheus', async () => {
    await apply('shown')
    await apply('broken', { start_command: ['sh', '-c', 'sleep 1.2; exit 3'], restart_policy: 'no' })
    await follower.saw('service.failed', 'broken')
    const text = await scrape()
    expect(text).toContain('taskflows_service_state{service_name="broken",state="failed"} 1')
    expect(text).toContain('taskflows_service_state{service_name="shown",state="active"} 1')
    expect(promtoolSays(text)).toBe('')
    expect(Number(/taskflows_service_uptime_seconds\{service_name="shown"\} (\S+)/.exec(text)?.[1])).toBeGreaterThan(0)
  })

  test('list what was done elsewhere at once: by systemctl, and to files by hand', async () => {
    await apply('seen')
    const view = async () => (await other.client.services.list({ match: 'seen' })).items[0]!
    expect(await view()).toMatchObject({ status: 'running', service_enabled: true })
    await systemctl('stop', 'taskflows-seen.service')
    await expect.poll(async () => (await view()).status, { timeout: 1_000, interval: 10 }).toBe('inactive')
    await systemctl('disable', 'taskflows-seen.service')
    expect(await view()).toMatchObject({ service_enabled: false })
    const dropIns = join(manager.home, '.config/systemd/user/taskflows-seen.service.d')
    mkdirSync(dropIns)
    writeFileSync(join(dropIns, 'more.conf'), '[Service]\nNice=3\n')
    expect((await view()).drift).toContainEqual(expect.stringContaining('more.conf sets Nice'))
  })

  test('answer as soon as a command has been carried out', async () => {
    await apply('asked')
    for (const [verb, status] of [['stop', 'inactive'], ['start', 'running'], ['restart', 'running'], ['stop', 'inactive']] as const) {
      await one.client.services[verb]({ name: 'asked' })
      expect((await one.client.services.list({ match: 'asked' })).items).toMatchObject([{ status }])
    }
  })

  test.each([
    ['systemd was executed anew', 'lasting', ['daemon-reexec']],
    ['the bus was killed', 'lasting-too', ['kill', '--signal=KILL', 'dbus.service']],
  ])('go on when %s', async (_what, name, command) => {
    await apply(name)
    await follower.saw('service.started', name)
    await systemctl(...command)
    await vi.waitFor(() => systemctl('stop', `taskflows-${name}.service`), { timeout: 10_000, interval: 200 })
    await follower.saw('service.stopped', name)
    expect(follower.typesOf(name).filter((type) => type !== 'created')).toEqual(['started', 'stopped'])
    expect((await one.client.services.list({ match: name })).items).toMatchObject([{ status: 'inactive' }])
  })

  test('touch no unit when one is killed, and the other goes on telling', async () => {
    await apply('unmoved')
    const pid = await property('taskflows-unmoved.service', 'MainPID')
    const { pid: ofServer } = JSON.parse(readFileSync(join(manager.home, 'one/run/server.json'), 'utf8')) as { pid: number }
    await Promise.all([once(one.process, 'exit'), manager.exec('kill', '-KILL', String(ofServer))])
    await expect(scrape()).rejects.toThrow()
    expect(await property('taskflows-unmoved.service', 'MainPID')).toBe(pid)
    await systemctl('stop', 'taskflows-unmoved.service')
    await follower.saw('service.stopped', 'unmoved')
  })
})
