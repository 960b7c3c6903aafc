/** A container in the system scope: Docker has systemd make its group, in the slice of its service. `containers.test.ts` has all else. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { missingForDocker } from '../testbed/docker/docker-engine.ts'
import { type ServicesHost, servicesHost } from '../testbed/systemd/services-host.ts'
import { type SystemManager, missingForSystemManager, startSystemManager } from '../testbed/systemd/system-manager.ts'

const missing = missingForSystemManager() ?? missingForDocker()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: containers in the system scope: ${missing}`)

const slice = `tftest${process.pid}`

describe.skipIf(missing !== undefined && !process.env['CI'])('a container in the system scope', { timeout: 90_000 }, () => {
  let machine: SystemManager
  let daemon: ChildProcess | undefined
  let host: ServicesHost
  const docker = async (...args: readonly string[]) => (await machine.root.exec('docker', ...args)).stdout.trim()

  beforeAll(async () => {
    machine = await startSystemManager()
    // systemd-nspawn leaves some controllers of version 1 read-only, and Docker makes groups in each.
    await machine.root.exec('sh', '-c', 'for group in /sys/fs/cgroup/*; do mount -o remount,bind,rw $group 2>/dev/null || :; done')
    const [first, ...rest] = machine.root.command('dockerd', '--data-root', join(machine.shared, 'docker'), '--bridge', 'none', '--iptables=false', '--ip-masq=false', '--ip-forward=false', '--exec-opt', 'native.cgroupdriver=systemd')
    // Entered from outside, so that the filter of system calls that systemd-nspawn has does not hold it.
    daemon = spawn(first, rest, { env: { ...machine.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }, stdio: 'ignore' })
    await vi.waitFor(() => docker('version'), { timeout: 30_000, interval: 200 })
    await docker('import', '--change', 'ENV PATH=/bin', await shellArchive(machine.shared), 'shell:latest')
    host = servicesHost(machine.root, join(machine.shared, 'services'), { scope: 'system' })
  }, 120_000)
  afterAll(async () => {
    await machine?.root.exec('sh', '-c', 'kill $(cat /var/run/docker.pid)').catch(() => {})
    if (daemon?.exitCode === null) await once(daemon, 'exit')
    await machine?.[Symbol.asyncDispose]()
    // The view of a container of this hierarchy is that of the machine.
    spawnSync('sh', ['-c', `find /sys/fs/cgroup -maxdepth 3 -depth -type d -name '${slice}*.slice' -exec rmdir {} +`])
  }, 60_000)

  test('is in the slice of its service, with its limits, and is gone with it', async () => {
    await host.create({
      name: 'web', enabled: true, slice, start_command: 'sh -c "trap \'exit 0\' TERM; echo begun; while :; do sleep 0.2; done"',
      environment: { image: 'shell:latest', network_mode: 'none', cgroup_config: { memory_limit: '64MB', pids_limit: 50 } },
    })
    const { State, HostConfig } = JSON.parse(await docker('inspect', '--format', '{{json .}}', 'taskflows-web')) as { State: { Pid: number }; HostConfig: object }
    expect(HostConfig).toMatchObject({ CgroupParent: `${slice}.slice`, Memory: 64 << 20, PidsLimit: 50 })
    const { stdout: groups } = await machine.root.exec('cat', `/proc/${State.Pid}/cgroup`)
    expect(groups).toMatch(new RegExp(`/${slice}\\.slice/docker-[0-9a-f]+\\.scope`))
    expect((await host.show('taskflows-web.service', 'ControlGroup'))['ControlGroup']).toBe(`/${slice}.slice/taskflows-web.service`)
    expect((await host.tf('logs', 'web')).stdout).toContain('begun')
    await host.tf('remove', 'web', '--yes')
    expect(await docker('ps', '--all', '--quiet')).toBe('')
  })
})

async function shellArchive(directory: string): Promise<string> {
  const root = join(directory, 'shell')
  mkdirSync(join(root, 'bin'), { recursive: true })
  cpSync('/bin/busybox', join(root, 'bin/busybox'))
  for (const applet of ['sh', 'sleep', 'echo']) symlinkSync('busybox', join(root, 'bin', applet))
  await promisify(execFile)('tar', ['-C', root, '-cf', join(directory, 'shell.tar'), '.'])
  return join(directory, 'shell.tar')
}
