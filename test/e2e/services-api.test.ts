/** Services over HTTP: a real server within a real user manager of systemd. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { readSecurity } from '../../src/access/security-file.ts'
import { type Client, connectTo } from '../../src/client/index.ts'
import type { TaskflowsContract } from '../../src/contract/index.ts'
import { services } from '../../src/contract/services.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'
import { ask } from './api-suite.ts'

const program = fileURLToPath(new URL('../../src/faces/cli/main.ts', import.meta.url))

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: services of a server on a systemd user manager: ${missing}`)

describe.skipIf(missing !== undefined && !process.env['CI'])('a server on a user manager', { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack()
  let manager: UserManager
  let subject: { readonly url: string; readonly secret: string }
  let client: Client<TaskflowsContract>

  beforeAll(async () => {
    const database = stack.use(await createTestDatabase(inject('postgresUrl')))
    manager = stack.use(await startUserManager({ as: 'root' }))
    const home = join(manager.home, '.taskflows')
    const [command, ...args] = manager.command(process.execPath, '--conditions=source', program, 'serve', '--port', '0')
    const server = spawn(command, args, { env: { ...manager.env, TASKFLOWS_HOME: home, TASKFLOWS_DATABASE_URL: database.url, TASKFLOWS_LOG_LEVEL: 'silent' }, stdio: ['ignore', 'ignore', 'pipe'] })
    stack.defer(() => void server.kill('SIGKILL'))
    const lines: string[] = []
    for await (const line of createInterface(server.stderr)) {
      lines.push(line)
      if (/listens on (http:\S+)/.test(line)) break
    }
    const { url } = JSON.parse(readFileSync(join(home, 'run/server.json'), 'utf8')) as { url: string }
    subject = { url, secret: readSecurity(home).hmac.secret }
    client = connectTo(subject)
  })
  afterAll(() => stack.disposeAsync())

  const state = async (unit: string) => (await manager.exec('systemctl', '--user', 'show', '-P', 'ActiveState', unit)).stdout.trim()
  const callerOf = async (role: 'viewer' | 'operator' | 'admin', tenant?: string) => {
    const { token } = await client.tokens.create({ name: `${role}-${tenant ?? 'all'}-${crypto.randomUUID()}`, role, ...(tenant !== undefined && { tenant_id: tenant }) })
    return connectTo({ url: subject.url, token })
  }

  test('applies definitions, shows what they are, and takes them away', async () => {
    const definition = { name: 'api-web', description: 'Serves', start_command: 'sleep 1000', enabled: true, env: { API_TOKEN: 'planted-77aa' } }
    const plan = await client.services.plan({ services: [definition] })
    expect(plan).toMatchObject({ changed: true, changes: [{ name: 'api-web', scope: 'user', action: 'create' }] })
    expect(JSON.stringify(plan)).not.toContain('planted')
    expect(await client.services.apply({ services: [definition], note: 'first' })).toMatchObject({ items: [{ name: 'api-web', action: 'create', version: 1, problem: null }], reloads: 1 })
    expect(await state('taskflows-api-web.service')).toBe('active')
    expect(await client.services.plan({ services: [definition] })).toMatchObject({ changed: false })

    const details = await client.services.get({ name: 'api-web' })
    expect(details).toMatchObject({ name: 'api-web', description: 'Serves', status: 'running', service_enabled: true, timer_enabled: null, versions: [{ version: 1, note: 'first', current: true, by: 'host' }] })
    expect(details.definition).toMatchObject({ name: 'api-web', start_command: ['sleep', '1000'] })
    expect(JSON.stringify(details)).not.toContain('planted')

    await client.services.remove({ name: 'api-web' })
    await expect(client.services.get({ name: 'api-web' })).rejects.toMatchObject({ code: 'service.not_found' })
    expect(await client.services.rollback({ name: 'api-web' })).toMatchObject({ items: [{ name: 'api-web', action: 'create' }] })
  })

  test('answers at the documented paths, for names and for patterns', async () => {
    await client.services.apply({ services: ['path-a', 'path-b'].map((name) => ({ name, start_command: 'sleep 1000' })) })
    expect((await ask(subject, 'GET', '/services')).json).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ name: 'path-a', status: 'inactive' })]) })
    expect((await ask(subject, 'POST', '/services/path-a/start', { body: {} })).json).toMatchObject({ items: [{ unit: 'taskflows-path-a.service', result: 'done', problem: null }] })
    expect((await ask(subject, 'GET', '/services/path-a/status')).json).toMatchObject({ name: 'path-a', active_state: 'active' })
    expect((await ask(subject, 'GET', '/api/v1/services?match=path-*&running=true')).json['items']).toMatchObject([{ name: 'path-a' }])
    expect((await ask(subject, 'POST', '/api/v1/services/path-%2A/restart', { body: {} })).json['items']).toMatchObject([{ service: 'path-a' }, { service: 'path-b' }])
    expect((await ask(subject, 'POST', '/services/path-*/stop')).status).toBe(200)
    expect(await state('taskflows-path-b.service')).toBe('inactive')
    expect((await ask(subject, 'POST', '/api/batch', { body: { service_names: ['path-a', 'nobody'], operation: 'start' } })).json).toMatchObject({
      batch_results: { 'path-a': { status: 'ok', error: null }, 'nobody': { status: 'error', error: expect.stringContaining('nobody') } },
    })
    expect((await ask(subject, 'DELETE', '/api/v1/services/path-*')).status).toBe(200)
    expect((await ask(subject, 'GET', '/services/path-a/status'))).toMatchObject({ status: 404, json: { code: 'service.not_found' } })
  })

  test('does once what is asked for twice under one key, whichever POST it is', async () => {
    await client.services.apply({ services: ['once', 'once-gone'].map((name) => ({ name, start_command: 'sleep 1000' })) })
    await client.services.apply({ services: [{ name: 'once', start_command: 'sleep 2000' }] })
    await client.services.apply({ services: [{ name: 'once-timed', start_command: 'sleep 1000', start_schedule: { schedule: '*:00/10' } }] })
    const range = { since: new Date(Date.now() - 5_400_000).toISOString(), until: new Date().toISOString(), again: true }
    const { id } = await client.services.backfill({ name: 'once-timed', ...range })
    const posts: Record<string, [path: string, body: object]> = {
      plan: ['/services:plan', { services: [{ name: 'once-2', start_command: 'true' }] }],
      apply: ['/services', { services: [{ name: 'once-2', start_command: 'true' }] }],
      start: ['/services/once/start', {}], stop: ['/services/once/stop', {}], restart: ['/services/once/restart', {}],
      enable: ['/services/once/enable', {}], disable: ['/services/once/disable', {}],
      rollback: ['/services/once/rollback', {}],
      batch: ['/services:batch', { service_names: ['once-gone'], operation: 'remove' }],
      backfill: ['/services/once-timed/backfills', range],
      cancelBackfill: [`/services/once-timed/backfills/${id!}/cancel`, {}],
    }
    expect(Object.keys(posts).toSorted()).toEqual(Object.entries(services).filter(([, { method }]) => method === 'POST').map(([name]) => name).toSorted())
    for (const [operation, [path, body]] of Object.entries(posts)) {
      const headers = { 'idempotency-key': crypto.randomUUID() }
      const [first, again] = [await ask(subject, 'POST', `/api/v1${path}`, { body, headers }), await ask(subject, 'POST', `/api/v1${path}`, { body, headers })]
      const status = operation === 'backfill' ? 201 : 200
      expect([operation, first.status, again.status, again.text]).toEqual([operation, status, status, first.text])
    }
    expect((await client.services.get({ name: 'once' })).versions).toHaveLength(3)
  })

  test('refuses what is not a definition, and names the field', async () => {
    expect(await ask(subject, 'POST', '/api/v1/services', { body: { services: [{ name: 'bad', start_command: 'a; b' }] } })).toMatchObject({ status: 422, json: { detail: expect.stringMatching(/start_command/) } })
    expect(await ask(subject, 'POST', '/api/v1/services', { body: { services: [{ name: '../bad', start_command: 'a' }] } })).toMatchObject({ status: 422 })
    expect(await ask(subject, 'POST', '/services/..%2Fx/start', { body: {} })).toMatchObject({ status: 422, json: { code: 'request.invalid' } })
    expect(await ask(subject, 'POST', '/services/nobody/start', { body: {} })).toMatchObject({ status: 404, json: { code: 'service.not_found' } })
  })

  test('says what systemd said when one service cannot be started', async () => {
    await client.services.apply({ services: [{ name: 'fails', type: 'oneshot', start_command: ['sh', '-c', 'exit 3'] }] })
    await expect(client.services.start({ name: 'fails' })).rejects.toMatchObject({ code: 'service.action_failed', message: expect.stringMatching(/taskflows-fails\.service: .*3/) })
    expect(await client.services.start({ name: 'fail*' })).toMatchObject({ items: [{ service: 'fails', problem: expect.stringMatching(/3/) }] })
  })

  test('lets each role do what it may, and callers of a tenant see nothing', async () => {
    await client.services.apply({ services: [{ name: 'roles', start_command: 'sleep 1000' }] })
    const [viewer, operator, bound] = await Promise.all([callerOf('viewer'), callerOf('operator'), callerOf('admin', 'acme')])
    expect((await viewer.services.list({})).items.map(({ name }) => name)).toContain('roles')
    await expect(viewer.services.start({ name: 'roles' })).rejects.toMatchObject({ code: 'access.denied' })
    expect(await operator.services.start({ name: 'roles' })).toMatchObject({ items: [{ result: 'done' }] })
    await expect(operator.services.remove({ name: 'roles' })).rejects.toMatchObject({ code: 'access.denied' })
    await expect(operator.services.batch({ service_names: ['roles'], operation: 'remove' })).rejects.toMatchObject({ code: 'access.denied' })
    expect(await bound.services.list({})).toEqual({ items: [], next_cursor: null })
    await expect(bound.services.stop({ name: 'roles' })).rejects.toMatchObject({ code: 'service.not_found' })
    await expect(bound.services.apply({ services: [{ name: 'mine', start_command: 'true' }] })).rejects.toMatchObject({ code: 'access.denied' })
  })
})
