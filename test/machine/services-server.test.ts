/** `tf api start|stop|restart|status` and `tf doctor` on a real user manager: the server as a service beside others. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const program = join(import.meta.dirname, '../../src/faces/cli/main.ts')
const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: the server as a service: ${missing}`)
const planted = 'planted-4711'

describe.skipIf(missing !== undefined && !process.env['CI'])('the server as a service', { timeout: 90_000 }, () => {
  const stack = new AsyncDisposableStack()
  let manager: UserManager
  let env: NodeJS.ProcessEnv
  let home: string
  let port: number

  beforeAll(async () => {
    const database = stack.use(await createTestDatabase(inject('postgresUrl')))
    manager = stack.use(await startUserManager())
    home = join(manager.home, '.taskflows')
    port = await freePort()
    env = { ...manager.env, TASKFLOWS_HOME: home, TASKFLOWS_DATABASE_URL: database.url, TASKFLOWS_PORT: String(port), TASKFLOWS_EMAIL_PASSWORD: planted }
    writeFileSync(join(manager.home, 'services.yaml'), 'taskflows_services:\n  - name: bystander\n    start_command: sleep 1000\n    enabled: true\n')
  })
  afterAll(() => stack.disposeAsync())

  async function tf(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
    const [command, ...rest] = manager.command(process.execPath, '--conditions=source', program, ...args)
    const child = spawn(command, rest, { env, cwd: manager.home, stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number | null]>])
    return { code, out, err }
  }
  const property = async (unit: string, name: string) => (await manager.exec('systemctl', '--user', 'show', '-P', name, unit)).stdout.trim()
  const unit = 'taskflows-srv-api.service'
  const state = async () => JSON.parse((await tf('api', 'status', '-o', 'json')).out) as { status: string; pid: number; url: string | null }

  test('does not run before it is started, and says so', async () => {
    expect(await tf('api', 'status')).toMatchObject({ code: 3, err: expect.stringContaining('tf api start') })
    expect((await tf('api', 'stop')).code).toBe(3)
    expect((await tf('api', 'restart')).code).toBe(4)
  })

  test('is left undone when it does not come up', async () => {
    await using _ = await listenOn(port)
    expect(await tf('api', 'start')).toMatchObject({ code: 1, err: expect.stringContaining('rolled back') })
    expect(readdirSync(join(manager.home, '.config/systemd/user')).filter((name) => name.includes('srv-api'))).toEqual([])
    expect(await property(unit, 'LoadState')).toBe('not-found')
  })

  test('starts, answers, and says where', async () => {
    expect(await tf('api', 'start')).toMatchObject({ code: 0, out: expect.stringContaining(`listens on http://127.0.0.1:${port}`), err: expect.stringContaining('loginctl enable-linger testbed') })
    expect(await state()).toMatchObject({ status: 'running', url: `http://127.0.0.1:${port}` })
    expect(await property(unit, 'UnitFileState')).toBe('enabled')
    expect(await tf('list')).toMatchObject({ code: 0, out: expect.stringContaining('srv-api') })
  })

  test('has its secrets where only the account reads them', async () => {
    const shown = (await manager.exec('systemctl', '--user', 'show', unit)).stdout
    expect(readFileSync(join(manager.home, '.config/systemd/user', unit), 'utf8') + shown).not.toContain(planted)
    const file = join(home, 'services/user/srv-api.env')
    expect(readFileSync(file, 'utf8')).toContain(planted)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('is left alone when nothing changed', async () => {
    const { pid } = await state()
    expect((await tf('api', 'start')).code).toBe(0)
    expect((await state()).pid).toBe(pid)
  })

  test('is spared by names and patterns', async () => {
    expect(await tf('stop', 'srv-api')).toMatchObject({ code: 1, err: expect.stringContaining('tf api stop') })
    expect((await tf('create', 'services.yaml')).code).toBe(0)
    await tf('restart', '*')
    expect(await state()).toMatchObject({ status: 'running' })
  })

  test('is restarted, killed and stopped without a touch to any other service', async () => {
    const bystander = await property('taskflows-bystander.service', 'MainPID')
    const before = (await state()).pid
    expect((await tf('api', 'restart')).code).toBe(0)
    const { pid } = await state()
    expect(pid).not.toBe(before)

    // systemd starts it again after ten seconds; that it will is enough here.
    await manager.exec('systemctl', '--user', 'kill', '-s', 'KILL', '--kill-who=main', unit)
    await expect.poll(() => property(unit, 'SubState'), { timeout: 10_000 }).toBe('auto-restart')
    expect((await tf('status', 'bystander')).code).toBe(0)
    expect((await tf('api', 'restart')).code).toBe(0)

    expect((await tf('api', 'stop')).code).toBe(0)
    expect(await tf('api', 'status')).toMatchObject({ code: 3 })
    expect(existsSync(join(home, 'run/server.json'))).toBe(false)
    expect(await property('taskflows-bystander.service', 'MainPID')).toBe(bystander)
  })

  test('tf doctor looks at systemd, its account and the services', async () => {
    const { out } = await tf('doctor', '-o', 'json')
    const { items } = JSON.parse(out) as { items: { check: string; status: string; found: string; mend?: string }[] }
    expect(items).toContainEqual(expect.objectContaining({ check: 'systemd of the account', status: 'ok', found: 'answers; it has 2 services of taskflows' }))
    expect(items).toContainEqual(expect.objectContaining({ check: 'linger', status: 'warn', mend: 'loginctl enable-linger testbed' }))
    expect(items).toContainEqual(expect.objectContaining({ check: 'services', status: 'ok' }))
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function listenOn(port: number): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}
