/** `tf why` without a server, on a real user manager: what it says of services in all kinds of trouble. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ServiceWhy } from '../../src/contract/service-why.ts'
import { type Definition, type ServicesHost, servicesHost } from '../testbed/systemd/services-host.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd user manager: ${missing}`)

const sh = (script: string): readonly string[] => ['sh', '-c', script]
const later = '2090-01-01 00:00:00'

describe.skipIf(missing !== undefined && !process.env['CI'])('why a service', { timeout: 60_000 }, () => {
  let manager: UserManager
  let host: ServicesHost
  const why = async (name: string): Promise<ServiceWhy> => JSON.parse((await host.tf('why', name, '-o', 'json')).stdout) as ServiceWhy
  const unit = (name: string) => `taskflows-${name}.service`
  beforeAll(async () => {
    manager = await startUserManager({ as: 'root' })
    host = servicesHost(manager, join(manager.home, 'work'))
    const file = (name: string) => join(host.directory, name)
    writeFileSync(file('app.env'), 'A=1\n')
    writeFileSync(file('tool'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 })
    const definitions: Definition[] = [
      { name: 'runs', start_command: 'sleep 1000', enabled: true },
      { name: 'idle', start_command: 'sleep 1000' },
      { name: 'fails', start_command: sh('echo no database >&2; exit 3'), type: 'oneshot' },
      { name: 'killed', start_command: sh('echo about to go; kill -9 $$') },
      { name: 'loops', start_command: 'false', type: 'oneshot' },
      { name: 'waits', start_command: 'true', start_schedule: later },
      { name: 'off', start_command: 'true', start_schedule: later },
      { name: 'past', start_command: 'true', start_schedule: '2020-01-01 00:00:00' },
      { name: 'big', start_command: 'true', start_schedule: later, startup_requirements: [{ kind: 'cpus', amount: 5000, silent: true }, { kind: 'memory', amount: '900000GB', silent: false }] },
      { name: 'barred', start_command: 'true', start_schedule: { schedule: '*:*:*', accuracy: 0.001 }, startup_requirements: [{ kind: 'cpus', amount: 5000, silent: true }] },
      { name: 'refused', start_command: 'true', exec_condition: 'false' },
      { name: 'gone', start_command: file('tool'), env_file: file('app.env'), start_schedule: later },
      { name: 'broken-base', start_command: 'false', type: 'oneshot' },
      { name: 'needs', start_command: 'sleep 1000', requires: ['broken-base', 'nobody-has-this'], start_schedule: later },
      { name: 'changed', start_command: 'true', start_schedule: later },
      { name: 'masked', start_command: 'true', start_schedule: later },
      { name: 'busy', start_command: 'sleep 30', type: 'oneshot', start_schedule: '*:*:0/2', overlap: 'skip' },
    ]
    await host.create(...definitions)
  }, 60_000)
  afterAll(() => manager?.[Symbol.asyncDispose]())

  test('runs', async () => {
    const { now, last, next } = await why('runs')
    expect(now).toMatch(/^running for \d/)
    expect(last).toMatchObject({ state: 'running', text: 'goes on' })
    expect(next).toMatchObject({ at: null, text: 'at the next boot, or by command', obstacles: [] })
  })

  test('does nothing', async () => {
    expect(await why('idle')).toMatchObject({ now: 'not running: nothing starts it but a command', last: null, next: { at: null, text: 'only by command: it has no schedule and does not start at boot' } })
  })

  test('failed, with the last lines of that run', async () => {
    await host.tf('start', 'fails').catch(() => {})
    await host.until(unit('fails'), { ActiveState: 'failed' })
    const { now, last } = await why('fails')
    expect(now).toBe('failed, until somebody starts it again')
    expect(last).toMatchObject({ state: 'failed', text: 'failed: exit code 3', lines: expect.arrayContaining(['no database']) })
  })

  test('was killed', async () => {
    await host.systemctl('start', unit('killed')).catch(() => {})
    await host.until(unit('killed'), { ActiveState: 'failed' })
    expect((await why('killed')).last).toMatchObject({ state: 'failed', text: 'failed: killed by SIGKILL' })
  })

  test('is not started again, since it was too often', async () => {
    for (let start = 0; start < 7; start += 1) await host.systemctl('start', unit('loops')).catch(() => {})
    const { now, next } = await why('loops')
    expect(now).toBe('failed: it was started too often in a short time')
    expect(next.obstacles).toContain('systemd does not start it after too many starts in a short time: tf start loops begins anew')
  })

  test('waits for its schedule, and nothing is in the way', async () => {
    expect(await why('waits')).toMatchObject({ now: 'waiting for its schedule', next: { at: expect.stringMatching(/^20(89|90)/), text: 'by 2090-01-01 00:00:00', obstacles: [] }, slots: { items: [] } })
  })

  test('does not keep its schedule: its timer is off', async () => {
    await host.tf('stop', 'off')
    await host.tf('disable', 'off')
    expect(await why('off')).toMatchObject({
      now: 'not running, and its timer is off',
      next: { at: null, text: 'not before its timer is started', obstacles: expect.arrayContaining(['its timer is off: tf start off', 'its timer does not start at boot: tf enable off']) },
    })
  })

  test('never comes: its dates are past', async () => {
    expect((await why('past')).next).toMatchObject({ at: null, obstacles: ['its timer has no next run: its dates are past, or it waits for the first start'] })
  })

  test('would be skipped: which condition, and what there is', async () => {
    const { obstacles } = (await why('big')).next
    expect(obstacles).toContainEqual(expect.stringMatching(/^ConditionCPUs=>=5000 does not hold: there are \d+, so its start is skipped$/))
    expect(obstacles).toContainEqual(expect.stringMatching(/^AssertMemory=>=\d+ does not hold: the machine has \d+ bytes, so its start fails$/))
  })

  test('was skipped: each start that a condition forbade is known without a server', async () => {
    const { last, slots } = await vi.waitFor(async () => {
      const told = await why('barred')
      expect(told.slots.counts.skipped ?? 0).toBeGreaterThan(2)
      return told
    }, { timeout: 30_000, interval: 1000 })
    expect(last).toMatchObject({ state: 'skipped', text: 'skipped: not met: ConditionCPUs=>=5000' })
    expect(slots.items.filter(({ verdict }) => verdict === 'skipped')[1]).toMatchObject({ cause: 'condition', reason: 'not met: ConditionCPUs=>=5000' })
    const { items } = JSON.parse((await host.tf('history', '-m', 'barred', '--state', 'skipped', '-o', 'json')).stdout) as { items: { id: string; reason: string }[] }
    expect(items.length).toBeGreaterThan(2)
    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length)
    expect(new Set(items.map(({ reason }) => reason))).toEqual(new Set(['not met: ConditionCPUs=>=5000']))
  })

  test('was skipped: a command of its own said no', async () => {
    await host.systemctl('start', unit('refused')).catch(() => {})
    expect(await vi.waitFor(async () => {
      const { items } = JSON.parse((await host.tf('history', '-m', 'refused', '-o', 'json')).stdout) as { items: unknown[] }
      expect(items).toHaveLength(1)
      return items
    }, { timeout: 20_000, interval: 500 })).toMatchObject([{ state: 'skipped', result: 'exec-condition', reason: 'its condition command said no' }])
  })

  test('ended well while nobody wrote that down', async () => {
    await host.systemctl('start', unit('waits'))
    await host.until(unit('waits'), { ActiveState: 'inactive' })
    expect((await why('waits')).last).toMatchObject({ state: 'succeeded', text: 'succeeded', ended_at: expect.any(String) })
  })

  test('cannot start: its program and its variables are not there any more', async () => {
    expect((await why('gone')).next.obstacles).toEqual([])
    rmSync(join(host.directory, 'tool'))
    rmSync(join(host.directory, 'app.env'))
    expect((await why('gone')).next.obstacles).toEqual([`its program ${host.directory}/tool is not there, or may not be executed`, `its file of variables ${host.directory}/app.env is not there`])
  })

  test('cannot start: what it needs has failed, or is not there', async () => {
    await host.systemctl('start', unit('broken-base')).catch(() => {})
    const { dependencies, next } = await why('needs')
    expect(dependencies).toEqual(['it needs taskflows-broken-base.service, which has failed', 'it needs taskflows-nobody-has-this.service, which is not there'])
    expect(next.obstacles).toEqual(dependencies)
  })

  test('is not what was applied', async () => {
    const path = join(manager.home, '.config/systemd/user', unit('changed'))
    writeFileSync(path, `${(await manager.exec('cat', path)).stdout}# by hand\n`)
    expect((await why('changed')).next.obstacles).toContainEqual(expect.stringContaining('was edited by hand'))
  })

  test('is masked', async () => {
    await host.systemctl('mask', '--runtime', '--now', unit('masked')).catch(() => {})
    await manager.exec('sh', '-c', `mkdir -p $XDG_RUNTIME_DIR/systemd/user.control && ln -sf /dev/null $XDG_RUNTIME_DIR/systemd/user.control/${unit('masked')} && systemctl --user daemon-reload`)
    const { now, next } = await why('masked')
    expect(now).toBe('masked: systemd starts it for nobody until it is unmasked')
    expect(next.obstacles[0]).toContain('is masked: systemctl --user unmask')
  })

  test('left runs out: the one before goes on', async () => {
    await host.until(unit('busy'), { ActiveState: 'activating' })
    const { next, slots } = await vi.waitFor(async () => {
      const told = await why('busy')
      expect(told.slots.counts.skipped ?? 0).toBeGreaterThan(1)
      return told
    }, { timeout: 25_000, interval: 1000 })
    expect(next.obstacles).toEqual(['a run goes on: what is due before its end is left out'])
    expect(slots.items.find(({ verdict }) => verdict === 'skipped')).toMatchObject({ cause: 'overlap', reason: expect.stringMatching(/^the run before, from .* went on/) })
  })

  test('in words, for people', async () => {
    const { stdout } = await host.tf('why', 'fails')
    expect(stdout).toMatch(/^fails is failed, until somebody starts it again\n {2}last run {3}\d{4}-.*: failed: exit code 3\n/)
    expect(stdout).toContain('    | no database\n')
    expect(stdout).toMatch(/ {2}not known\n {4}.*a server \(tf serve\) writes it down/)
  })

  test('that nobody has is no service', async () => {
    await expect(host.tf('why', 'nobody')).rejects.toMatchObject({ code: 4 })
  })
})
