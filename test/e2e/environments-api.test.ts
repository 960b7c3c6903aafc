/** Named environments over HTTP: a real server within a real user manager of systemd. */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { type Client, connectTo } from '../../src/client/index.ts'
import type { TaskflowsContract } from '../../src/contract/index.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'
import { ask } from './api-suite.ts'

const program = fileURLToPath(new URL('../../src/faces/cli/main.ts', import.meta.url))

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: environments of a server on a systemd user manager: ${missing}`)

describe.skipIf(missing !== undefined && !process.env['CI'])('a server on a user manager', { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack()
  let manager: UserManager
  let subject: { readonly url: string; readonly secret: string }
  let client: Client<TaskflowsContract>
  let conda: string

  beforeAll(async () => {
    const database = stack.use(await createTestDatabase(inject('postgresUrl')))
    manager = stack.use(await startUserManager({ as: 'root' }))
    conda = join(manager.home, 'conda')
    writeFileSync(conda, '#!/bin/sh\nshift 4\nexec "$@"\n', { mode: 0o755 })
    const home = join(manager.home, '.taskflows')
    const [command, ...args] = manager.command(process.execPath, '--conditions=source', program, 'serve', '--port', '0')
    const server = spawn(command, args, { env: { ...manager.env, TASKFLOWS_HOME: home, TASKFLOWS_DATABASE_URL: database.url, TASKFLOWS_LOG_LEVEL: 'silent' }, stdio: ['ignore', 'ignore', 'pipe'] })
    stack.defer(() => void server.kill('SIGKILL'))
    for await (const line of createInterface(server.stderr)) if (/listens on (http:\S+)/.test(line)) break
    const { url } = JSON.parse(readFileSync(join(home, 'run/server.json'), 'utf8')) as { url: string }
    subject = { url, secret: readSecurity(home).hmac.secret }
    client = connectTo(subject)
  })
  afterAll(() => stack.disposeAsync())

  const venv = (name: string) => ({ kind: 'venv', env_name: name, custom_path: conda })
  const callerOf = async (role: 'viewer' | 'operator' | 'admin', tenant?: string) =>
    connectTo({ url: subject.url, token: (await client.tokens.create({ name: `${role}-${crypto.randomUUID()}`, role, ...(tenant !== undefined && { tenant_id: tenant }) })).token })

  test('an environment is created once under a key, read with its version, and changed only at that', async () => {
    const body = { name: 'cycle', type: 'venv', environment: venv('one') }
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const [first, again] = [await ask(subject, 'POST', '/api/v1/environments', { body, headers }), await ask(subject, 'POST', '/api/v1/environments', { body, headers })]
    expect(first).toMatchObject({ status: 201, json: { name: 'cycle', version: 1, environment: venv('one'), services: [] } })
    expect([again.status, again.text]).toEqual([201, first.text])
    expect(await ask(subject, 'POST', '/api/v1/environments', { body })).toMatchObject({ status: 409, json: { code: 'environment.exists' } })

    const path = '/api/v1/environments/cycle'
    expect((await ask(subject, 'GET', path)).headers['etag']).toBe('"1"')
    const edited = await ask(subject, 'PUT', path, { body: { environment: venv('two') }, headers: { 'if-match': '"1"' } })
    expect(edited).toMatchObject({ status: 200, json: { version: 2, applied: null }, headers: { etag: '"2"' } })
    for (const method of ['PUT', 'DELETE']) {
      expect(await ask(subject, method, path, { ...(method === 'PUT' && { body: { environment: venv('three') } }), headers: { 'if-match': '"1"' } })).toMatchObject({ status: 412, json: { code: 'request.precondition_failed' } })
    }
    expect(await ask(subject, 'DELETE', path, { headers: { 'if-match': '"2"' } })).toMatchObject({ status: 200, json: { name: 'cycle' } })
    expect(await ask(subject, 'GET', path)).toMatchObject({ status: 404, json: { code: 'environment.not_found' } })
  })

  test.each(['/environments', '/api/environments'])('the older path %s does the same', async (path) => {
    expect(await ask(subject, 'POST', path, { body: { name: 'older', environment: venv('one') } })).toMatchObject({ status: 201 })
    expect((await ask(subject, 'GET', path)).json['items']).toMatchObject([{ name: 'older', type: 'venv' }])
    expect(await ask(subject, 'PUT', `${path}/older`, { body: { environment: venv('two'), description: 'x' } })).toMatchObject({ status: 200, json: { version: 2 } })
    expect((await ask(subject, 'GET', `${path}/older`)).json).toMatchObject({ description: 'x', environment: venv('two') })
    expect(await ask(subject, 'DELETE', `${path}/older`)).toMatchObject({ status: 200 })
  })

  test('an edit is planned, reaches the services that use it, and is seen by the next question', async () => {
    await client.environments.create({ name: 'shared', environment: venv('one') })
    await client.services.apply({ services: [{ name: 'uses', start_command: 'sleep 1000', environment: 'shared', enabled: true }] })
    const before = (await client.services.get({ name: 'uses' })).pid
    const plan = await client.environments.plan({ name: 'shared', environment: venv('two') })
    expect(plan).toMatchObject({ changed: true, changes: [{ name: 'uses', action: 'update', steps: [{ verb: 'restart', unit: 'taskflows-uses.service' }] }] })
    expect((await client.environments.get({ name: 'shared' })).version).toBe(1)
    expect(await client.environments.edit({ name: 'shared', environment: venv('two') })).toMatchObject({ version: 2, services: [{ name: 'uses' }], applied: { items: [{ name: 'uses', action: 'update', version: 2, problem: null }] } })
    const after = await client.services.get({ name: 'uses' })
    expect(after).toMatchObject({ status: 'running', definition: { environment: 'shared' } })
    expect(after.pid).not.toBe(before)
    expect((await client.services.files({ match: 'uses' })).items[0]!.content).toContain('run -n two')

    expect(await ask(subject, 'DELETE', '/api/v1/environments/shared')).toMatchObject({ status: 409, json: { code: 'environment.in_use', details: { services: ['uses'] } } })
    await client.services.remove({ name: 'uses' })
    await client.environments.delete({ name: 'shared' })
  })

  test('a secret is kept and never answered, also when it comes back masked', async () => {
    const container = { image: 'python:3.13', env: { API_TOKEN: 'planted-51ce', PORT: '80' } }
    const created = await client.environments.create({ name: 'secret', environment: container })
    const edited = await client.environments.edit({ name: 'secret', environment: { ...created.environment, image: 'python:3.14' } })
    expect(JSON.stringify([created, edited, await client.environments.list({})])).not.toContain('planted')
    expect(readFileSync(join(manager.home, '.taskflows/environments.json'), 'utf8')).toMatch(/3\.14[^]*planted-51ce/)
    await client.environments.delete({ name: 'secret' })
  })

  test('what was done is told with who did it', async () => {
    const admin = await callerOf('admin')
    await admin.environments.create({ name: 'told', environment: venv('one') })
    await admin.environments.delete({ name: 'told' })
    const seen: string[] = []
    for await (const { item } of client.events.follow({ since: '1h', type: 'environment.*' })) {
      if (item.name === 'told' && item.actor?.startsWith('token:admin-')) seen.push(item.type)
      if (seen.length === 2) break
    }
    expect(seen).toEqual(['environment.created', 'environment.removed'])
  })

  test('what is wrong is refused by field, and changes nothing', async () => {
    const refused = (body: object) => ask(subject, 'POST', '/api/v1/environments', { body })
    expect(await refused({ name: '../x', environment: venv('x') })).toMatchObject({ status: 422, json: { code: 'request.invalid', detail: expect.stringMatching(/^name: /) } })
    expect(await refused({ name: 'x', environment: { image: 'python', imagee: 'y' } })).toMatchObject({ status: 422, json: { code: 'environment.invalid', detail: expect.stringContaining('imagee: is no field') } })
    expect(await refused({ name: 'x', environment: 'other' })).toMatchObject({ status: 422, json: { code: 'request.invalid' } })
    expect(await refused({ name: 'x' })).toMatchObject({ status: 422 })
    await expect(client.services.apply({ services: [{ name: 'lost', start_command: 'true', environment: 'nowhere' }] })).rejects.toMatchObject({ code: 'environment.not_found', message: expect.stringContaining('"lost"') })
    expect((await client.environments.list({})).items.map(({ name }) => name)).not.toContain('x')
  })

  test('each role does what it may, and callers of a tenant see nothing', async () => {
    await client.environments.create({ name: 'roles', environment: venv('one') })
    const [viewer, operator, bound] = await Promise.all([callerOf('viewer'), callerOf('operator'), callerOf('admin', 'acme')])
    expect((await viewer.environments.get({ name: 'roles' })).name).toBe('roles')
    await expect(operator.environments.edit({ name: 'roles', environment: venv('x') })).rejects.toMatchObject({ code: 'access.denied' })
    expect((await bound.environments.list({})).items).toEqual([])
    await expect(bound.environments.get({ name: 'roles' })).rejects.toMatchObject({ code: 'environment.not_found' })
    await expect(bound.environments.create({ name: 'mine', environment: venv('x') })).rejects.toMatchObject({ code: 'access.denied' })
    await client.environments.delete({ name: 'roles' })
  })
})
