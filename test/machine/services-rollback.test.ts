/** What happens on a real user manager when a service does not come up, when an apply is killed, and when a version is restored. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ApplyOptions, ServiceDefinition } from '../../src/engines/services/index.ts'
import { defined, shell, useServices } from '../testbed/systemd/services-on.ts'
import { missingForUserManager } from '../testbed/systemd/user-manager.ts'

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd user manager: ${missing}`)

describe.skipIf(missing !== undefined && !process.env['CI'])('a service', { timeout: 60_000 }, () => {
  const bed = useServices()

  const apply = (definitions: readonly ServiceDefinition[], options: Partial<ApplyOptions> = {}) => bed.on.services.apply(definitions, { by: 'ada', ...options })
  const view = async (match: string) => (await bed.on.services.list({ match }))[0]
  const startCommand = (...argv: [string, ...string[]]) => ({ kind: 'program', argv }) as const
  const argumentsOf = async (name: string) => (await bed.machine.exec('sh', '-c', `tr '\\0' ' ' < /proc/${(await view(name))!.mainPid}/cmdline`)).stdout.trim()

  test('that does not start goes back to its former unit and runs again; the others stay', async () => {
    await apply([defined('bad', { startCommand: startCommand('sleep', '1111') })])
    const before = await bed.on.reloads()
    const { services, reloads } = await apply([defined('bad', { startCommand: shell('exit 3') }), defined('good')])
    expect(services).toEqual([
      { name: 'bad', scope: 'user', action: 'rolled_back', version: expect.any(Number), problem: expect.stringContaining('exited with 3') },
      { name: 'good', scope: 'user', action: 'create', version: 1, problem: null },
    ])
    expect([reloads, await bed.on.reloads() - before]).toEqual([2, 2])
    expect(await argumentsOf('bad')).toBe('/usr/bin/sleep 1111')
    expect(await view('bad')).toMatchObject({ status: 'running', serviceEnabled: true, drift: [] })
    expect(await view('good')).toMatchObject({ status: 'running' })
    expect(bed.on.facts.slice(-2).map(({ type, name }) => [type, name])).toEqual([['rolled_back', 'bad'], ['created', 'good']])
  })

  test('that is new and does not start is gone again, with its timer and its links', async () => {
    const fresh = defined('fresh', { startCommand: shell('exit 4'), env: { API_TOKEN: 'x1' }, stopSchedule: [{ kind: 'calendar', schedule: '*-*-* 03:00:00', persistent: false, accuracy: 1 }] })
    await expect(apply([fresh])).rejects.toMatchObject({ code: 'service.not_applied', message: expect.stringMatching(/^fresh exited with 4.*: rolled back$/), hint: 'tf logs fresh says more.' })
    expect(await bed.on.services.list({})).toEqual([])
    expect((await bed.machine.exec('sh', '-c', `find ${bed.on.units} ${bed.on.state} -name '*fresh*'`)).stdout).toBe('')
    expect((await bed.machine.exec('systemctl', '--user', 'list-units', '--all', '-o', 'json', '*fresh*')).stdout.trim()).toBe('[]')
  })

  test('that ends soon after its start has not come up, also when systemd starts it again and again', async () => {
    await apply([defined('flaky', { startCommand: startCommand('sleep', '1111') })])
    const late = defined('flaky', { startCommand: shell('sleep 0.3; exit 5'), restartPolicy: { condition: 'always', delay: 0.01 } })
    await expect(apply([late])).rejects.toMatchObject({ code: 'service.not_applied', message: expect.stringContaining('exit code 5') })
    expect(await argumentsOf('flaky')).toBe('/usr/bin/sleep 1111')
  })

  test('that does not become well is rolled back, and the last look is told', async () => {
    let status = 200
    const server = createServer((_request, response) => void response.writeHead(status).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`
    const checked = (seconds: string): ServiceDefinition => defined('checked', { startCommand: startCommand('sleep', seconds), healthCheck: { kind: 'http', url, within: 1, interval: 0.1, timeout: 1 } })
    try {
      expect((await apply([checked('1111')])).services[0]).toMatchObject({ action: 'create', problem: null })
      status = 503
      await expect(apply([checked('2222')])).rejects.toMatchObject({ code: 'service.not_applied', message: `checked is not well 1 s after its start: GET ${url} answered 503: rolled back` })
      expect(await argumentsOf('checked')).toBe('/usr/bin/sleep 1111')
    } finally {
      server.close()
    }
  })

  test('whose unit fails is not waited for until its health check is over', async () => {
    const before = performance.now()
    await expect(apply([defined('gone', { startCommand: shell('sleep 0.3; exit 6'), healthCheck: { kind: 'tcp', port: 1, within: 30, interval: 0.1, timeout: 1 } })])).rejects.toMatchObject({ message: expect.stringContaining('exit code 6') })
    expect(performance.now() - before).toBeLessThan(10_000)
  })

  test('is restored as it was, by number or to the one before, and its secret values too', async () => {
    const v = (seconds: string, secret: string) => defined('web', { startCommand: startCommand('sleep', seconds), env: { API_TOKEN: secret } })
    await apply([v('1111', 'one')])
    await apply([v('2222', 'two')], { note: 'second' })
    await apply([v('3333', 'three')])
    const back = await bed.on.services.rollback('web', { by: 'bob' })
    expect(back.services).toMatchObject([{ action: 'update', version: 4 }])
    expect(await argumentsOf('web')).toBe('/usr/bin/sleep 2222')
    await bed.on.services.rollback('web', { by: 'bob', to: 1 })
    expect(await argumentsOf('web')).toBe('/usr/bin/sleep 1111')
    expect((await bed.machine.exec('sh', '-c', `tr '\\0' '\\n' < /proc/${(await view('web'))!.mainPid}/environ | grep API_TOKEN`)).stdout.trim()).toBe('API_TOKEN=one')
    const { versions, definition } = await bed.on.services.get('web')
    expect(versions.map(({ version, by, note, current }) => [version, by, note, current])).toEqual([
      [5, 'bob', 'restored version 1', true], [4, 'bob', 'restored version 2', false], [3, 'ada', null, false], [2, 'ada', 'second', false], [1, 'ada', null, false],
    ])
    expect(definition).toEqual(v('1111', 'one'))
    expect((await bed.on.services.plan([v('1111', 'one')])).changed).toBe(false)
    await expect(bed.on.services.rollback('web', { by: 'bob', to: 9 })).rejects.toMatchObject({ code: 'service.version_not_found', hint: 'There are 1, 2, 3, 4, 5.' })
    await expect(bed.on.services.rollback('wep', { by: 'bob' })).rejects.toMatchObject({ code: 'service.not_found', hint: 'Did you mean web?' })
  })

  test('that was removed comes back', async () => {
    await apply([defined('lost', { startCommand: startCommand('sleep', '1111'), env: { API_TOKEN: 'kept' } })])
    await bed.on.services.act('remove', { match: 'lost' }, { by: 'bob' })
    expect(bed.on.facts.at(-1)).toMatchObject({ type: 'removed', name: 'lost', by: 'bob' })
    expect(await bed.on.services.list({ match: 'lost' })).toEqual([])
    expect((await bed.on.services.rollback('lost', { by: 'bob' })).services).toMatchObject([{ action: 'create', version: 2 }])
    expect(await view('lost')).toMatchObject({ status: 'running', serviceEnabled: true })
  })

  test('whose apply is killed before systemd has read its unit is finished by the next one', async () => {
    await apply([defined('cut', { startCommand: startCommand('sleep', '1111') })])
    // The engine as it is, with a manager that never gets to reload.
    const program = join(bed.machine.home, 'cut.ts')
    writeFileSync(program, `
      import { createServices } from ${JSON.stringify(new URL('../../src/engines/services/look/create-services.ts', import.meta.url).href)}
      import { createServiceVersions } from ${JSON.stringify(new URL('../../src/adapters/service-versions/index.ts', import.meta.url).href)}
      import { createSystemdManager } from ${JSON.stringify(new URL('../../src/adapters/systemd/index.ts', import.meta.url).href)}
      import { systemClock } from ${JSON.stringify(new URL('../../src/kernel/clock.ts', import.meta.url).href)}
      const manager = createSystemdManager({ scope: 'user', unitDirectory: ${JSON.stringify(bed.on.units)}, environment: process.env, homeDirectory: ${JSON.stringify(bed.machine.home)}, uid: 0, runExport: ['tf'], stateDirectory: ${JSON.stringify(bed.on.state)} })
      const reload = () => new Promise(() => { console.log('written'); setInterval(() => {}, 1000) })
      const host = { manager: () => ({ ...manager, reload }), scopes: () => ['user'], versions: createServiceVersions(${JSON.stringify(bed.on.state)}), clock: systemClock, probe: async () => null, tell: () => {} }
      await createServices(host).apply([${JSON.stringify(defined('cut', { startCommand: startCommand('sleep', '2222') }))}], { by: 'ada' })
    `)
    const [first, ...rest] = bed.machine.command('sh', '-c', `echo $$ > ${bed.machine.home}/pid; exec ${process.execPath} --conditions=source ${program}`)
    const child = spawn(first, rest, { env: bed.machine.env, stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'close')
    await once(child.stdout!, 'data')
    await bed.machine.exec('sh', '-c', `kill -9 $(cat ${bed.machine.home}/pid)`)
    await ended

    expect(await argumentsOf('cut')).toBe('/usr/bin/sleep 1111')
    const wanted = [defined('cut', { startCommand: startCommand('sleep', '2222') })]
    const plan = await bed.on.services.plan(wanted)
    expect(plan.changes[0]).toMatchObject({ action: 'update', files: [], drift: ['taskflows-cut.service was written by an apply that did not come to its end'], steps: [{ verb: 'restart', why: 'ExecStart changed' }] })
    expect((await view('cut'))!.drift).toEqual(expect.arrayContaining(['taskflows-cut.service changed on disk since systemd read it']))
    expect(await apply(wanted)).toMatchObject({ reloads: 1, services: [{ action: 'update', version: 2 }] })
    expect(await argumentsOf('cut')).toBe('/usr/bin/sleep 2222')
    expect((await bed.on.services.plan(wanted)).changed).toBe(false)
  })
})
