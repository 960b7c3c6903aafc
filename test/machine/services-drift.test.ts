/** Services on a real user manager that people change by hand, and the verbs: start, stop, restart, enable, disable, remove. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ActOptions, ServiceDefinition, ServiceVerb } from '../../src/engines/services/index.ts'
import { defined, shell, useServices } from '../testbed/systemd/services-on.ts'
import { missingForUserManager } from '../testbed/systemd/user-manager.ts'

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd user manager: ${missing}`)

describe.skipIf(missing !== undefined && !process.env['CI'])('services', { timeout: 60_000 }, () => {
  const bed = useServices()

  const apply = (...definitions: ServiceDefinition[]) => bed.on.services.apply(definitions, { by: 'ada' })
  const systemctl = (...args: string[]) => bed.machine.exec('systemctl', '--user', ...args)
  const view = async (match: string) => (await bed.on.services.list({ match }))[0]!
  const unit = (name: string) => join(bed.on.units, `taskflows-${name}`)
  const scheduled = (name: string, changes: Partial<ServiceDefinition> = {}) => defined(name, { type: 'oneshot', enabled: false, startSchedule: [{ kind: 'calendar', schedule: '2090-01-01 00:00:00', persistent: false, accuracy: 1 }], startCommand: { kind: 'program', argv: ['true'] }, ...changes })

  describe('that were changed by hand', () => {
    test('show it in status and plan, and an apply undoes it', async () => {
      await apply(defined('web'))
      const text = readFileSync(unit('web.service'), 'utf8')
      writeFileSync(unit('web.service'), text.replace('[Service]', '[Service]\nNice=5'))
      expect((await view('web')).drift).toEqual(['taskflows-web.service was edited by hand since version 1', 'taskflows-web.service changed on disk since systemd read it'])
      const { plan } = await apply(defined('web'))
      expect(plan.changes[0]).toMatchObject({ action: 'update', drift: ['taskflows-web.service was edited by hand since version 1'], steps: [{ verb: 'restart', why: 'Nice changed' }] })
      expect(readFileSync(unit('web.service'), 'utf8')).toBe(text)
      expect(await view('web')).toMatchObject({ drift: [], status: 'running' })
    })

    test('show their drop-ins, which stay', async () => {
      await apply(defined('web'))
      mkdirSync(unit('web.service.d'))
      writeFileSync(join(unit('web.service.d'), 'memory.conf'), '[Service]\nMemoryMax=100M\n')
      await systemctl('daemon-reload')
      const drift = [`drop-in ${unit('web.service.d')}/memory.conf sets MemoryMax`]
      expect((await view('web')).drift).toEqual(drift)
      expect((await apply(defined('web'))).plan).toMatchObject({ changed: false, changes: [{ drift }] })
      expect((await bed.on.services.files({ match: 'web' })).map(({ kind, path }) => [kind, path])).toEqual([['unit', unit('web.service')], ['drop-in', join(unit('web.service.d'), 'memory.conf')]])
      rmSync(unit('web.service.d'), { recursive: true })
    })

    test('are disabled, stopped and removed from disk behind our back, and come back', async () => {
      const nightly = scheduled('nightly')
      await apply(defined('web'), nightly)
      await systemctl('disable', 'taskflows-web.service')
      await systemctl('stop', 'taskflows-nightly.timer')
      expect((await view('web')).drift).toEqual(['taskflows-web.service is disabled, though its definition enables it'])
      const { plan, reloads } = await apply(defined('web'), nightly)
      expect(plan.changes.map(({ steps }) => steps.map(({ verb, unit, why }) => [verb, unit, why]))).toEqual([
        [['enable', 'taskflows-web.service', 'is disabled now']], [['start', 'taskflows-nightly.timer', 'does not run']],
      ])
      expect(reloads).toBe(0)
      rmSync(unit('nightly.timer'))
      expect((await view('nightly')).drift).toEqual(['taskflows-nightly.timer was removed from disk'])
      await apply(defined('web'), nightly)
      expect([await view('web'), await view('nightly')]).toMatchObject([{ serviceEnabled: true, drift: [] }, { status: 'waiting', timerEnabled: true, drift: [] }])
    })

    test('and that failed for lack of their timer are mended', async () => {
      await apply(scheduled('nightly'))
      rmSync(unit('nightly.timer'))
      await systemctl('daemon-reload')
      await apply(scheduled('nightly'))
      expect(await view('nightly')).toMatchObject({ status: 'waiting', drift: [] })
    })
  })

  describe('by a verb', () => {
    const act = async (verb: ServiceVerb, match: string, options: ActOptions = {}) => (await bed.on.services.act(verb, { match }, options)).map(({ unit, result }) => `${unit} ${result}`)

    test('with a schedule: its timer starts, and the service only when it is named', async () => {
      await apply(scheduled('nightly', { startCommand: shell(`date >> ${bed.machine.home}/ran`) }))
      expect(await act('stop', 'nightly')).toEqual(['taskflows-nightly.service done', 'taskflows-nightly.timer done'])
      expect(await act('start', 'nightly')).toEqual(['taskflows-nightly.timer done'])
      expect(await act('restart', 'nightly')).toEqual(['taskflows-nightly.service done', 'taskflows-nightly.timer done'])
      expect(await view('nightly')).toMatchObject({ status: 'waiting', lastStartAt: null })
      expect(await act('start', 'nightly', { services: true, wait: true })).toEqual(['taskflows-nightly.service done'])
      expect(readFileSync(join(bed.machine.home, 'ran'), 'utf8').trim().split('\n')).toHaveLength(1)
      expect(await act('start', 'nightly', { timers: true })).toEqual(['taskflows-nightly.timer done'])
      expect(await act('disable', 'nightly')).toEqual(['taskflows-nightly.service done', 'taskflows-nightly.timer done'])
      expect(await act('enable', 'nightly')).toEqual(['taskflows-nightly.timer done'])
      expect(await view('nightly')).toMatchObject({ serviceEnabled: false, timerEnabled: true })
    })

    test('without one: the service, with the timers that stop and restart it', async () => {
      await apply(defined('web', { restartSchedule: [{ kind: 'calendar', schedule: '2090-01-01 00:00:00', persistent: false, accuracy: 1 }] }))
      expect(await act('stop', 'web')).toEqual(['restart-taskflows-web.timer done', 'taskflows-web.service done'])
      expect(await view('web')).toMatchObject({ status: 'inactive' })
      expect(await act('start', 'web')).toEqual(['restart-taskflows-web.timer done', 'taskflows-web.service done'])
      await expect(act('start', 'web', { timers: true })).resolves.toEqual(['restart-taskflows-web.timer done'])
      await apply(defined('plain'))
      await expect(act('stop', 'plain', { timers: true })).rejects.toMatchObject({ code: 'service.not_found', message: 'plain has no timer to stop' })
    })

    test('that fail have their outcome each, and how it ended when that is waited for', async () => {
      await bed.on.services.apply([scheduled('ok'), scheduled('bad', { startCommand: shell('exit 7') })], { by: 'ada' })
      const acted = await bed.on.services.act('start', { match: '*' }, { services: true, wait: true })
      expect(acted).toMatchObject([{ service: 'bad', result: 'failed', problem: expect.stringContaining('exited with 7') }, { service: 'ok', result: 'done', problem: null }])
      expect(await view('bad')).toMatchObject({ status: 'failed', result: 'exit-code', exitCode: 7 })
      expect((await bed.on.services.next({ match: 'ok' }, 3))).toEqual([{ service: 'ok', scope: 'user', schedule: '2090-01-01 00:00:00', armed: true, runs: [Date.parse('2090-01-01T00:00:00')] }])
    })

    test('by patterns leave the server alone, and its own name is refused', async () => {
      await apply(defined('srv-api'), defined('srv-web'))
      expect(await act('stop', 'srv-*')).toEqual(['taskflows-srv-web.service done'])
      for (const verb of ['start', 'stop', 'restart', 'enable', 'disable', 'remove'] as const) await expect(act(verb, 'srv-api')).rejects.toMatchObject({ code: 'service.protected' })
      expect(await view('srv-api')).toMatchObject({ status: 'running' })
      expect(await act('restart', 'srv-api', { server: true })).toEqual(['taskflows-srv-api.service done'])
      await expect(act('stop', 'srv-wep')).rejects.toMatchObject({ code: 'service.not_found', hint: 'Did you mean srv-web?' })
    })

    test('removed after a failure leave nothing behind', async () => {
      await bed.on.services.apply([scheduled('bad', { startCommand: shell('exit 7') })], { by: 'ada' })
      await bed.on.services.act('start', { match: 'bad' }, { services: true, wait: true })
      const before = await bed.on.reloads()
      expect(await act('remove', 'bad')).toEqual(['taskflows-bad.service done', 'taskflows-bad.timer done'])
      expect(await bed.on.reloads() - before).toBe(1)
      expect((await systemctl('list-units', '--all', '-o', 'json', 'taskflows-*')).stdout.trim()).toBe('[]')
      expect((await bed.machine.exec('sh', '-c', `find ${bed.on.units} -name '*taskflows*'`)).stdout).toBe('')
    })
  })
})
