/**
 * Services in containers on a daemon and a manager of systemd: whatever happens to the container, its client or the daemon, the
 * unit tells the truth, and there never is a second container. `containers-apply.test.ts` has plans and images.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { contained, missingForContainers, useContainerServices } from '../testbed/docker/container-services.ts'
import { shell } from '../testbed/systemd/services-on.ts'

const missing = missingForContainers()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: services in containers: ${missing}`)

/** A program that goes on until it is asked to end, and does so at once: the first process of a container hears no other signals. */
const steady = shell('trap "echo asked to end; exit 0" TERM; echo begun; while :; do sleep 0.1; done')
const by = { by: 'ada' }

describe.skipIf(missing !== undefined && !process.env['CI'])('a service in a container', { timeout: 90_000 }, () => {
  const bed = useContainerServices()
  const pidOf = async (name: string): Promise<number> => Number((await bed.show(name, 'MainPID'))['MainPID'])
  const begun = (name: string) => vi.waitFor(async () => {
    const container = await bed.engine.inspect(`taskflows-${name}`)
    expect(container?.State.Running).toBe(true)
    return container!
  }, { timeout: 20_000, interval: 100 })

  test('is started, restarted and stopped by systemd, and leaves nothing', async () => {
    await bed.on.services.apply([contained('web', {}, { startCommand: steady })], by)
    const first = await begun('web')
    await bed.until('web', { ActiveState: 'active', SubState: 'running' })
    await bed.on.services.act('restart', { match: 'web' })
    const second = await begun('web')
    expect(second.Id).not.toBe(first.Id)
    expect(await bed.engine.running()).toEqual(['taskflows-web'])
    await bed.on.services.act('stop', { match: 'web' })
    expect(await bed.show('web', 'ActiveState', 'Result')).toEqual({ ActiveState: 'inactive', Result: 'success' })
    expect(await bed.engine.docker('ps', '--all', '--quiet')).toBe('')
    await vi.waitFor(async () => expect(await bed.log('web')).toContain('asked to end'), { timeout: 5000 })
    expect((await bed.log('web')).filter((line) => line === 'begun')).toHaveLength(2)
  })

  test('has its exit code in the unit, as a job too', async () => {
    await bed.on.services.apply([contained('code', {}, { type: 'oneshot', startCommand: shell('exit 7'), enabled: false })], by)
    await bed.on.services.act('start', { match: 'code' }, { wait: true })
    expect(await bed.show('code', 'ActiveState', 'Result', 'ExecMainStatus')).toEqual({ ActiveState: 'failed', Result: 'exit-code', ExecMainStatus: '7' })
    expect(await bed.engine.docker('ps', '--all', '--quiet')).toBe('')
  })

  test('is started again by its policy, and not again than it says', async () => {
    await bed.on.services.apply([contained('flaky', {}, { startCommand: shell('sleep 1; exit 3'), restartPolicy: { condition: 'on-failure', delay: 0.1, maxAttempts: 2, window: 60 } })], by)
    await bed.until('flaky', { ActiveState: 'failed', ExecMainStatus: '3', NRestarts: '2' }, 40)
    expect(await bed.engine.docker('ps', '--all', '--quiet')).toBe('')
  })

  test('that is killed in its container is killed for systemd', async () => {
    await bed.on.services.apply([contained('victim', {}, { startCommand: steady })], by)
    await begun('victim')
    await bed.engine.docker('kill', 'taskflows-victim')
    await bed.until('victim', { ActiveState: 'failed', Result: 'exit-code', ExecMainStatus: '137' })
  })

  test('whose client is killed is over, container and all, and comes up once by its policy', async () => {
    await bed.on.services.apply([contained('orphan', {}, { startCommand: steady, restartPolicy: { condition: 'always', delay: 0.1 } })], by)
    const first = await begun('orphan')
    const seen = new Set<string>()
    let most = 0
    let watching = true
    const watch = (async () => {
      while (watching) {
        const running = (await bed.engine.docker('ps', '--no-trunc', '--format', '{{.ID}}', '--filter', 'label=taskflows.service=orphan')).split('\n').filter(Boolean)
        most = Math.max(most, running.length)
        for (const id of running) seen.add(id)
      }
    })()
    process.kill(await pidOf('orphan'), 'SIGKILL')
    await bed.until('orphan', { ActiveState: 'active', NRestarts: '1' })
    await vi.waitFor(() => expect(seen.size).toBe(2), { timeout: 15_000 })
    watching = false
    await watch
    expect(most).toBe(1)
    expect(await bed.engine.inspect(first.Id)).toBeUndefined()
  })

  test('whose client is killed, without a policy, is failed and runs no more', async () => {
    await bed.on.services.apply([contained('cut', {}, { startCommand: steady })], by)
    await begun('cut')
    process.kill(await pidOf('cut'), 'SIGKILL')
    await bed.until('cut', { ActiveState: 'failed', Result: 'signal' })
    expect(await bed.engine.running()).toEqual([])
  })

  test('whose runs go on side by side has a container for each, and the end of one ends no other', async () => {
    await bed.on.services.apply([contained('wide', {}, { startCommand: steady, overlap: 'allow', enabled: false, startSchedule: [{ kind: 'calendar', schedule: '*:*:0/2', persistent: false, accuracy: 0.001 }] })], by)
    const containers = async () => (await bed.engine.docker('ps', '--no-trunc', '--format', '{{.Label "taskflows.owner"}}', '--filter', 'label=taskflows.service=wide')).split('\n').filter(Boolean)
    const some = await vi.waitFor(async () => {
      const found = await containers()
      expect(found.length).toBeGreaterThanOrEqual(3)
      return found
    }, { timeout: 40_000, interval: 200 })
    await bed.on.services.act('stop', { match: 'wide' }, { timers: true })
    expect(new Set(some).size).toBe(some.length)
    const [cut, ...others] = some.map((owner) => owner.split('/').at(-1)!) as [string, ...string[]]
    const { stdout: pid } = await bed.machine.exec('systemctl', '--user', 'show', '-P', 'MainPID', `run-taskflows-wide@${cut}.service`)
    process.kill(Number(pid), 'SIGKILL')
    const left = await vi.waitFor(async () => {
      const found = (await containers()).map((owner) => owner.split('/').at(-1)!)
      expect(found).not.toContain(cut)
      return found
    }, { timeout: 20_000, interval: 200 })
    expect(left).toEqual(expect.arrayContaining(others))
    await bed.on.services.act('stop', { match: 'wide' })
    expect(await bed.engine.docker('ps', '--all', '--quiet', '--filter', 'label=taskflows.service=wide')).toBe('')
  })

  test.for(['SIGTERM', 'SIGKILL'] as const)('is told to be over when the daemon ends by %s, and comes up again with it', async (signal) => {
    await bed.on.services.apply([contained('daemon', {}, { startCommand: steady, restartPolicy: { condition: 'always', maxAttempts: 5, window: 60 } })], by)
    const first = await begun('daemon')
    const pid = await pidOf('daemon')
    await bed.engine.kill(signal)
    // It is not active while nobody supervises: the client that did is gone.
    await vi.waitFor(async () => expect(await pidOf('daemon')).not.toBe(pid), { timeout: 20_000 })
    expect(['activating', 'deactivating']).toContain((await bed.show('daemon', 'ActiveState'))['ActiveState'])
    await bed.engine.start()
    const second = await begun('daemon')
    await bed.until('daemon', { ActiveState: 'active', SubState: 'running' }, 30)
    expect(second.Id).not.toBe(first.Id)
    expect(await bed.engine.running()).toEqual(['taskflows-daemon'])
    expect(clientless('asked to end')).toHaveLength(1)
  })

  test('that is kept has its files after restarts, and is made anew once it is defined otherwise', async () => {
    const counting = (greeting: string) => contained('kept', { persisted: true, env: { GREETING: greeting } }, { startCommand: shell('echo "$GREETING" >> /count; cat /count; trap "exit 0" TERM; while :; do sleep 0.1; done') })
    await bed.on.services.apply([counting('one')], by)
    const first = await begun('kept')
    await bed.on.services.act('restart', { match: 'kept' })
    await begun('kept')
    expect(await bed.engine.docker('exec', 'taskflows-kept', 'cat', '/count')).toBe('one\none')
    process.kill(await pidOf('kept'), 'SIGKILL')
    await bed.until('kept', { ActiveState: 'failed' })
    expect(await bed.engine.running()).toEqual([])
    await bed.on.services.act('start', { match: 'kept' })
    expect((await begun('kept')).Id).toBe(first.Id)
    await vi.waitFor(async () => expect(await bed.engine.docker('exec', 'taskflows-kept', 'cat', '/count')).toBe('one\none\none'), { timeout: 5000 })
    const { plan } = await bed.on.services.apply([counting('two')], by)
    expect(plan.changes[0]?.steps).toContainEqual(expect.objectContaining({ verb: 'restart' }))
    await vi.waitFor(async () => expect(await bed.engine.docker('exec', 'taskflows-kept', 'cat', '/count')).toBe('two'), { timeout: 15_000, interval: 200 })
    expect(await bed.engine.docker('ps', '--all', '--format', '{{.Names}}')).toBe('taskflows-kept')
    await bed.on.services.act('remove', { match: 'kept' })
    expect(await bed.engine.docker('ps', '--all', '--quiet')).toBe('')
  })

  test('that is kept survives an end of the daemon with its files', async () => {
    await bed.on.services.apply([contained('durable', { persisted: true }, { startCommand: shell('echo x >> /count; trap "exit 0" TERM; while :; do sleep 0.1; done'), restartPolicy: { condition: 'always', maxAttempts: 5, window: 60 } })], by)
    const first = await begun('durable')
    await bed.engine.kill('SIGKILL')
    await bed.engine.start()
    await vi.waitFor(async () => expect((await bed.engine.docker('exec', 'taskflows-durable', 'cat', '/count')).split('\n').length).toBeGreaterThan(1), { timeout: 30_000, interval: 200 })
    await bed.until('durable', { ActiveState: 'active', SubState: 'running' })
    expect((await begun('durable')).Id).toBe(first.Id)
  })

  test('is ended by the kernel at its limit of memory, and may not have more processes than it says', async () => {
    await bed.on.services.apply([
      contained('hungry', { cgroupConfig: { memoryLimit: 16 << 20, memorySwapLimit: 16 << 20 } }, { startCommand: shell('tail /dev/zero'), enabled: false }),
      contained('forks', {}, { cgroupConfig: { pidsLimit: 5 }, startCommand: shell('for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; wait'), enabled: false }),
    ], by)
    await bed.on.services.act('start', { match: '*' })
    await bed.until('hungry', { ActiveState: 'failed', ExecMainStatus: '137' })
    await vi.waitFor(async () => expect((await bed.log('forks')).join('\n')).toMatch(/can't fork/), { timeout: 15_000, interval: 200 })
  })

  test('has its limits, ports, directories and variables as Docker shows them', async () => {
    await bed.on.services.apply([contained('rich', {
      ports: [{ container: 8080, protocol: 'tcp', host: 18_080, ip: '127.0.0.1' }], volumes: [{ hostPath: '/usr/share', containerPath: '/data', readOnly: true }, { hostPath: 'named', containerPath: '/named', readOnly: false }],
      tmpfs: { '/scratch': 'size=1048576' }, env: { COLOUR: 'deep "blue" $HOME %h' }, ulimits: [{ name: 'nofile', soft: 100, hard: 200 }], init: true, hostname: 'inside', labels: { team: 'a b' }, workingDir: '/tmp', user: 'nobody',
      cgroupConfig: { memoryLimit: 64 << 20, cpuQuota: 50_000, pidsLimit: 50, capDrop: ['ALL'], readOnlyRootfs: true, oomScoreAdj: 500 },
    }, { startCommand: steady })], by)
    const { HostConfig, Config, Mounts } = await begun('rich')
    expect(HostConfig).toMatchObject({
      Memory: 64 << 20, CpuQuota: 50_000, CpuPeriod: 100_000, PidsLimit: 50, CapDrop: ['ALL'], ReadonlyRootfs: true, OomScoreAdj: 500, Init: true, Tmpfs: { '/scratch': 'size=1048576' },
      PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '18080' }] }, Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }], AutoRemove: true,
    })
    expect(Mounts).toEqual(expect.arrayContaining([expect.objectContaining({ Source: '/usr/share', Destination: '/data', RW: false }), expect.objectContaining({ Name: 'named', Destination: '/named', RW: true })]))
    expect(Config).toMatchObject({ Hostname: 'inside', User: 'nobody', WorkingDir: '/tmp', Labels: { team: 'a b' } })
    expect(Config.Env).toContain('COLOUR=deep "blue" $HOME %h')
    await bed.engine.docker('volume', 'rm', '--force', 'named').catch(() => {})
  })

  test('has its secrets where it can read them, and neither unit nor list of processes has', async () => {
    await bed.on.services.apply([contained('secret', { env: { API_TOKEN: 'hunter2"$x' } }, { startCommand: shell('echo "it is $API_TOKEN"; trap "exit 0" TERM; while :; do sleep 0.1; done') })], by)
    await begun('secret')
    await vi.waitFor(async () => expect(await bed.log('secret')).toContain('it is hunter2"$x'), { timeout: 5000 })
    expect((await bed.machine.exec('systemctl', '--user', 'cat', 'taskflows-secret.service')).stdout).not.toContain('hunter2')
    expect(processesOf('hunter2')).toEqual([])
  })

  test('on a timer runs once for each elapse', async () => {
    await bed.on.services.apply([contained('tick', {}, { type: 'oneshot', startCommand: shell('echo ticked'), startSchedule: [{ kind: 'calendar', schedule: '*-*-* *:*:0/2 UTC', persistent: false, accuracy: 0.001 }] })], by)
    await vi.waitFor(async () => expect((await bed.log('tick')).filter((line) => line === 'ticked').length).toBeGreaterThanOrEqual(2), { timeout: 30_000, interval: 300 })
    expect((await bed.show('tick', 'Result'))['Result']).toBe('success')
  })

  test('of two accounts is not taken for that of the other', async () => {
    await bed.engine.docker('run', '--detach', '--name', 'theirs', '--label', 'taskflows.owner=user/4242/web', '--label', 'taskflows.service=web', 'taskflows-test/shell', 'sleep', '1000')
    await bed.on.services.apply([contained('web', {}, { startCommand: steady })], by)
    await begun('web')
    await bed.on.services.act('remove', { match: 'web' })
    expect(await bed.engine.running()).toEqual(['theirs'])
    await bed.engine.docker('rm', '--force', 'theirs')
  })
})

describe.skipIf(missing !== undefined && !process.env['CI'])('with a daemon that containers outlive', { timeout: 90_000 }, () => {
  const bed = useContainerServices({ liveRestore: true })

  test('one whose client was lost to it is ended before another begins', async () => {
    await bed.on.services.apply([contained('live', {}, { startCommand: steady, restartPolicy: { condition: 'always' } })], by)
    const first = await vi.waitFor(async () => (await bed.engine.inspect('taskflows-live'))!.Id, { timeout: 20_000, interval: 100 })
    await bed.engine.kill('SIGKILL')
    await bed.engine.start()
    await vi.waitFor(async () => expect((await bed.engine.inspect('taskflows-live'))?.Id).not.toBe(first), { timeout: 30_000, interval: 100 })
    await bed.until('live', { ActiveState: 'active', SubState: 'running' })
    await vi.waitFor(async () => expect(await bed.engine.running()).toEqual(['taskflows-live']), { timeout: 20_000, interval: 100 })
    expect(clientless('asked to end')).toHaveLength(1)
  })
})

const clientless = (words: string): string[] => processesOf(words).filter((line) => !line.includes('docker'))

/** The arguments of processes of this machine that hold these words. */
function processesOf(words: string): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid).flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      return line.includes(words) ? [line] : []
    } catch {
      return []
    }
  })
}
