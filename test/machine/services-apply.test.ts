/** Plans and applies on a real user manager: what is written, started, restarted, and what is left alone. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ApplyOptions, ServiceDefinition } from '../../src/engines/services/index.ts'
import { defined, useServices } from '../testbed/systemd/services-on.ts'
import { missingForUserManager } from '../testbed/systemd/user-manager.ts'

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd user manager: ${missing}`)

describe.skipIf(missing !== undefined && !process.env['CI'])('services', { timeout: 60_000 }, () => {
  const bed = useServices()

  const apply = (definitions: readonly ServiceDefinition[], options: Partial<ApplyOptions> = {}) => bed.on.services.apply(definitions, { by: 'ada', ...options })
  const pidOf = async (name: string) => (await bed.on.services.list({ match: name }))[0]!.mainPid
  const show = async (unit: string, property: string) => (await bed.machine.exec('systemctl', '--user', 'show', unit, '-p', property, '--value')).stdout.trim()
  const program = (argv: readonly [string, ...string[]]) => ({ startCommand: { kind: 'program', argv } as const })
  const nightly = defined('nightly', { type: 'oneshot', enabled: false, startSchedule: [{ kind: 'calendar', schedule: '*-*-* 03:00:00', persistent: false, accuracy: 0.001 }] })

  test('are created, left alone when nothing changed, and restarted when their program changed', async () => {
    const before = await bed.on.reloads()
    const created = await apply([defined('web'), nightly])
    expect(created.services.map(({ name, action, version, problem }) => [name, action, version, problem])).toEqual([['web', 'create', 1, null], ['nightly', 'create', 1, null]])
    expect((await bed.on.services.list({})).map(({ name, status, serviceEnabled, timerEnabled }) => [name, status, serviceEnabled, timerEnabled])).toEqual([['nightly', 'waiting', false, true], ['web', 'running', true, null]])
    expect(await bed.on.reloads() - before).toBe(1)

    const pid = await pidOf('web')
    const again = await apply([defined('web'), nightly])
    expect(again).toMatchObject({ reloads: 0, plan: { changed: false } })
    expect(await bed.on.reloads() - before).toBe(1)
    expect(await pidOf('web')).toBe(pid)

    const changed = await apply([defined('web', program(['sleep', '2000'])), nightly])
    expect(changed.services.map(({ action, version }) => [action, version])).toEqual([['update', 2], ['none', 1]])
    expect(await pidOf('web')).not.toBe(pid)
    expect(await bed.on.reloads() - before).toBe(2)
  })

  test('take a new limit, a new time-out and a new description without a restart, and it holds', async () => {
    await apply([defined('web', { cgroupConfig: { pidsLimit: 50 } })])
    const pid = await pidOf('web')
    const { plan } = await apply([defined('web', { cgroupConfig: { pidsLimit: 60 }, description: 'The web', stopTimeout: 20 })])
    expect(plan.changes[0]!.steps).toMatchObject([{ verb: 'keep' }])
    expect(await pidOf('web')).toBe(pid)
    const group = await show('taskflows-web.service', 'ControlGroup')
    expect((await bed.machine.exec('sh', '-c', `cat $(find /sys/fs/cgroup -path '*${group}/pids.max')`)).stdout.trim()).toBe('60')
    expect(await show('taskflows-web.service', 'TimeoutStopUSec')).toBe('20s')
  })

  test('take a new schedule without running, and a run that goes on is not interrupted', async () => {
    const long = (calendar: string, seconds: string): ServiceDefinition => ({ ...nightly, ...program(['sleep', seconds]), startSchedule: [{ kind: 'calendar', schedule: calendar, persistent: false, accuracy: 0.001 }] })
    await apply([long('2090-01-01 00:00:00', '1000')])
    expect((await bed.on.services.list({}))[0]).toMatchObject({ status: 'waiting', nextStartAt: Date.parse('2090-01-01T00:00:00') })
    await bed.on.services.act('start', { match: 'nightly' }, { services: true })
    const pid = await pidOf('nightly')
    expect(pid).not.toBeNull()
    const { plan } = await apply([long('2091-01-01 00:00:00', '1001')])
    expect(plan.changes[0]!.steps.map(({ verb, why }) => [verb, why])).toEqual([
      ['keep', 'OnCalendar changed: the timer goes by it without a restart'], ['keep', 'ExecStart changed, and it runs now as a scheduled job: the change holds from its next run'],
    ])
    expect((await bed.on.services.list({}))[0]).toMatchObject({ status: 'starting', mainPid: pid, nextStartAt: Date.parse('2091-01-01T00:00:00') })
  })

  test('that are enabled oneshots are begun and not waited for', async () => {
    const before = performance.now()
    const { services } = await apply([defined('setup', { type: 'oneshot', ...program(['sleep', '30']) })])
    expect(services[0]).toMatchObject({ action: 'create', problem: null })
    expect(performance.now() - before).toBeLessThan(10_000)
    expect((await bed.on.services.list({}))[0]).toMatchObject({ status: 'starting' })
  })

  test('fifty at once take one reload, and their order is kept by systemd', async () => {
    const before = await bed.on.reloads()
    const many = Array.from({ length: 50 }, (_, n) => defined(`many-${n}`, n === 0 ? {} : { requires: [`many-${n - 1}`], startAfter: [`many-${n - 1}`] }))
    const { services, reloads } = await apply(many)
    expect([services.length, reloads, await bed.on.reloads() - before]).toEqual([50, 1, 1])
    expect((await bed.on.services.list({})).every(({ status }) => status === 'running')).toBe(true)
    const started = await Promise.all([0, 49].map(async (n) => Number(await show(`taskflows-many-${n}.service`, 'ActiveEnterTimestampMonotonic'))))
    expect(started[1]).toBeGreaterThan(started[0]!)
  })

  test('are all refused when one of them would be refused by systemd, is there twice, or has a file of somebody else in its way', async () => {
    const bad = defined('bad', { directives: { Service: { MemoryMax: ['a lot'] } } })
    await expect(apply([defined('web'), bad])).rejects.toMatchObject({ code: 'service.verify_failed', message: expect.stringMatching(/^taskflows-bad\.service:\d+: .*a lot/) })
    await expect(apply([defined('web'), defined('web', { source: '/a.ts' })])).rejects.toMatchObject({ code: 'service.invalid', message: 'web is defined twice' })
    await bed.machine.exec('sh', '-c', `printf '[Service]\\nExecStart=true\\n' > ${bed.on.units}/taskflows-mine.service`)
    await expect(apply([defined('web'), defined('mine')])).rejects.toMatchObject({ code: 'service.invalid', message: `${bed.on.units}/taskflows-mine.service was not written by taskflows, and is in the way of mine` })
    await bed.machine.exec('rm', `${bed.on.units}/taskflows-mine.service`)
    expect(readdirSync(bed.on.units).filter((file) => file.endsWith('.service'))).toEqual([])
  })

  test('of a source that does not define them any more are orphans, and removed when that is asked for', async () => {
    const from = (name: string, source: string) => defined(name, { source })
    await apply([from('a', '/one.ts'), from('b', '/one.ts'), from('c', '/other.ts')])
    expect((await bed.on.services.plan([from('a', '/one.ts')])).orphans).toEqual([{ name: 'b', scope: 'user' }])
    expect((await apply([from('a', '/one.ts')])).services).toMatchObject([{ name: 'a', action: 'none' }])
    const pruned = await apply([from('a', '/one.ts')], { prune: true })
    expect(pruned.services).toMatchObject([{ name: 'a', action: 'none' }, { name: 'b', action: 'remove' }])
    expect((await bed.on.services.list({})).map(({ name }) => name)).toEqual(['a', 'c'])
    expect(await show('taskflows-b.service', 'LoadState')).toBe('not-found')
  })

  test('of two applies at once come one after the other', async () => {
    const told: string[] = []
    const results = await Promise.all(['a', 'b'].map((name) => apply([defined(name)], { onProgress: (text) => void told.push(text) })))
    expect(results.map(({ services }) => services[0]!.problem)).toEqual([null, null])
    expect(told).toContainEqual(expect.stringMatching(/^Waiting for /))
    expect((await bed.on.services.list({})).map(({ name, status }) => [name, status])).toEqual([['a', 'running'], ['b', 'running']])
  })

  test('of a template run as instances, also as one that nobody named before', async () => {
    const workers = (instances: readonly string[]) => defined('worker@', { instances, ...program(['sh', '-c', 'exec sleep 1000']) })
    await apply([workers(['1', '2'])])
    const running = async () => (await bed.on.services.list({})).filter(({ status }) => status === 'running').map(({ name }) => name)
    expect(await running()).toEqual(['worker@1', 'worker@2'])
    await apply([workers(['2', '3'])])
    expect(await running()).toEqual(['worker@2', 'worker@3'])
    expect(readdirSync(join(bed.on.units, 'default.target.wants')).filter((file) => file.includes('worker')).sort()).toEqual(['taskflows-worker@2.service', 'taskflows-worker@3.service'])
    await bed.on.services.act('start', { match: 'worker@9' })
    expect(await running()).toEqual(['worker@2', 'worker@3', 'worker@9'])
    await bed.on.services.act('stop', { match: 'worker@' })
    expect(await running()).toEqual([])
  })

  test('keep values that look like secrets out of everything but one file', async () => {
    const planted = 'planted-8c1f2e77'
    await apply([defined('vault', { env: { DB_PASSWORD: planted, COLOUR: 'blue' }, ...program(['sh', '-c', 'test -n "$DB_PASSWORD" && exec sleep 1000']) })])
    const restart = await apply([defined('vault', { env: { DB_PASSWORD: `${planted}-2`, COLOUR: 'blue' }, ...program(['sh', '-c', 'test -n "$DB_PASSWORD" && exec sleep 1000']) })])
    expect(restart.plan.changes[0]).toMatchObject({ action: 'update', files: [], steps: [{ verb: 'restart', why: 'a secret value changed' }] })
    expect(JSON.stringify([restart, await bed.on.services.files({}), await bed.on.services.list({}), bed.on.facts])).not.toContain(planted)

    const holders = (await bed.machine.exec('sh', '-c', `grep -rl ${planted} ${bed.machine.home} | sort`)).stdout.trim().split('\n')
    expect(holders).toEqual([join(bed.on.state, 'user/vault.env'), join(bed.on.state, 'user/vault.jsonl')])
    for (const file of holders) expect((statSync(file).mode & 0o777).toString(8)).toBe('600')
    for (const directory of [bed.on.state, join(bed.on.state, 'user')]) expect((statSync(directory).mode & 0o777).toString(8)).toBe('700')
    expect(readFileSync(join(bed.on.state, 'user/vault.env'), 'utf8')).toContain(`${planted}-2`)

    const said = await bed.machine.exec('sh', '-c', 'systemctl --user show "*"; systemctl --user cat taskflows-vault.service; journalctl --sync; journalctl -o verbose; cat /proc/*/cmdline | tr "\\0" " "')
    expect(said.stdout).toContain('COLOUR=blue')
    expect(said.stdout).not.toContain(planted)

    await bed.on.services.act('remove', { match: 'vault' })
    expect(existsSync(join(bed.on.state, 'user/vault.env'))).toBe(false)
  })
})
