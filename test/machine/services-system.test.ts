/** Services of the machine's own systemd, and of an account that lingers: with logind and PID 1, in a container. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ServicesHost, servicesHost } from '../testbed/systemd/services-host.ts'
import { type SystemManager, missingForSystemManager, startSystemManager } from '../testbed/systemd/system-manager.ts'

const missing = missingForSystemManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd of the whole system: ${missing}`)

describe.skipIf(missing !== undefined && !process.env['CI'])('on a whole system', { timeout: 30_000 }, () => {
  let manager: SystemManager
  let system: ServicesHost
  let account: ServicesHost
  beforeAll(async () => {
    manager = await startSystemManager()
    system = servicesHost(manager.root, join(manager.shared, 'system'), { scope: 'system' })
    account = servicesHost(manager.account, join(manager.shared, 'account'))
    await system.create(
      { name: 'who', type: 'oneshot', user: 'testbed', start_command: ['sh', '-c', `id -un > ${system.directory}/who`] },
      { name: 'bare', type: 'oneshot', cgroup_config: { cap_drop: ['ALL'], cap_add: ['NET_BIND_SERVICE'] }, start_command: ['sh', '-c', `grep CapBnd /proc/self/status > ${system.directory}/bare`] },
      { name: 'locked', type: 'oneshot', cgroup_config: { read_only_rootfs: true }, start_command: ['sh', '-c', 'touch /usr/local/written'] },
      { name: 'sealed', type: 'oneshot', user: 'testbed', secrets: { key: '/etc/shadow' }, start_command: ['sh', '-c', `head -c 4 "$CREDENTIALS_DIRECTORY/key" > ${system.directory}/sealed; ! head -c 1 /etc/shadow`] },
      { name: 'boot', enabled: true, start_command: 'sleep 1000', cgroup_config: { memory_limit: '64MiB' } },
      ...['web', 'batch'].map((hardening) => ({ name: `hardened-${hardening}`, type: 'oneshot', hardening, start_command: ['sh', '-c', 'echo works'] })),
    )
  }, 60_000)
  afterAll(() => manager?.[Symbol.asyncDispose]())

  const start = (name: string) => system.systemctl('start', `taskflows-${name}.service`)

  test('a service runs as the user that it names', async () => {
    await start('who')
    expect(await system.lines('who', 1)).toEqual(['testbed'])
  })

  test('keeps only the capabilities that it asks for', async () => {
    await start('bare')
    expect(await system.lines('bare', 1)).toEqual(['CapBnd:\t0000000000000400'])
  })

  test('cannot write where the file system is read-only', async () => {
    await expect(start('locked')).rejects.toThrow()
    expect(await system.show('taskflows-locked.service', 'Result')).toEqual({ Result: 'exit-code' })
  })

  test('reads a secret that its user cannot', async () => {
    await start('sealed')
    expect(await manager.root.exec('cat', join(system.directory, 'sealed'))).toMatchObject({ stdout: 'root' })
  })

  test('that starts at boot has started, with its limits', async () => {
    expect(await system.show('taskflows-boot.service', 'ActiveState', 'UnitFileState', 'MemoryMax')).toEqual({ ActiveState: 'active', UnitFileState: 'enabled', MemoryMax: String(64 << 20) })
  })

  test.each(['web', 'batch'])('hardened as %s runs', async (profile) => {
    await start(`hardened-${profile}`)
    expect(await system.show(`taskflows-hardened-${profile}.service`, 'Result', 'ExecMainStatus')).toEqual({ Result: 'success', ExecMainStatus: '0' })
  })

  test('units of the system can be read by all, and written by root', async () => {
    expect((await manager.root.exec('stat', '-c', '%a %U', '/etc/systemd/system/taskflows-who.service')).stdout).toBe('644 root\n')
  })

  test('an account that lingers has services of its own, which start without a login', async () => {
    const result = await account.create(
      { name: 'mine', enabled: true, start_command: 'sleep 1000' },
      { name: 'ticks', type: 'oneshot', start_schedule: { schedule: '*:*:*' }, start_command: ['sh', '-c', `echo tick >> ${account.directory}/ticks`] },
    )
    expect(result.items.map(({ name, problem }) => [name, problem])).toEqual([['mine', null], ['ticks', null]])
    await account.lines('ticks', 2)
    await manager.root.exec('systemctl', 'restart', 'user@6100.service')
    await account.until('taskflows-mine.service', { ActiveState: 'active' })
    await account.until('taskflows-ticks.timer', { ActiveState: 'active' })
  })

  test('an account sees the services of the system, and may not change them', async () => {
    const { stdout } = await account.tf('list', '--scope', 'system', '-o', 'json')
    expect((JSON.parse(stdout) as { items: { name: string }[] }).items.map(({ name }) => name)).toContain('boot')
    await expect(account.tf('stop', 'boot', '--scope', 'system')).rejects.toMatchObject({ stderr: expect.stringMatching(/denied|access|authentication|refuses/i) })
    expect(await system.show('taskflows-boot.service', 'ActiveState')).toEqual({ ActiveState: 'active' })
  })
})
