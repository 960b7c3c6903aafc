import { describe, expect, test } from 'vitest'
import { readDefinition } from '../../../engines/services/define/read-definition.ts'
import { compileHost } from '../../../../test/testbed/compile-host.ts'
import { readExec, readUnit } from '../../../../test/testbed/read-unit.ts'
import type { CompileHost } from './compile-host.ts'
import { endOurs, ensureMade } from './container-scripts.ts'
import { compileService, compileSlots } from './compile-service.ts'
import { definitionHash } from './definition-hash.ts'

function compile(container: object, rest: object = {}, differences: Partial<CompileHost> = {}) {
  const definition = readDefinition({ name: 'api', environment: { image: 'alpine', ...container }, ...rest })
  const { units: [unit], ...compiled } = compileService(definition, compileHost(definition.scope, differences))
  const lines = readUnit(unit!.text)
  const all = (directive: string): readonly string[] => lines.filter((line) => line.directive === directive).map(({ value }) => value)
  /** `%U` is the account, `%i` the instance. */
  const exec = (directive: string): readonly string[] => readExec(all(directive).at(-1)!.replace(/^-/, '').replaceAll('%U', '7').replaceAll('%i', '1'))
  return { ...compiled, definition, text: unit!.text, all, exec }
}

const flagsOf = (container: object, rest: object = {}, differences: Partial<CompileHost> = {}) => compile(container, rest, differences).exec('ExecStart').filter((word) => word.startsWith('--'))
const ours = ['--name=taskflows-api', '--label=taskflows.service=api', '--label=taskflows.scope=user', '--label=taskflows.owner=user/7/api']

describe('a container that is made anew for each run', () => {
  test('runs in the foreground, and is gone before and after', () => {
    const { exec, all } = compile({ command: 'python app.py "a b"' })
    const remove = ['/bin/sh', '-c', endOurs, '/usr/bin/docker', '--all', 'user/7/api', 'rm', '--force', '--volumes']
    expect(exec('ExecStartPre')).toEqual(remove)
    expect(exec('ExecStart')).toEqual(['/usr/bin/docker', 'run', '--rm', ...ours, '--stop-timeout=120', '--log-driver=none', '--env=PYTHONUNBUFFERED', '--env=TASKFLOWS_SERVICE', 'alpine', 'python', 'app.py', 'a b'])
    expect(exec('ExecStop')).toEqual(['/bin/sh', '-c', endOurs, '/usr/bin/docker', '', 'user/7/api', 'stop', '-t', '120'])
    expect(all('ExecStopPost')[0]).toMatch(/^-\/bin\/sh /)
    expect(exec('ExecStopPost')).toEqual(remove)
    expect(all('KillMode').concat(all('Delegate'))).toEqual([])
  })

  test('stands between what the service runs on the host', () => {
    const { all } = compile({}, { execStartPre: '/bin/a', execStopPost: '/bin/b', execStartPost: '/bin/c', restartCommand: '/bin/d' })
    expect(all('ExecStartPre').map((line) => line.slice(0, 7))).toEqual(['/bin/a', '/bin/sh'])
    expect(all('ExecStopPost').map((line) => line.slice(0, 8))).toEqual(['-/bin/sh', '/bin/b'])
    expect([...all('ExecStartPost'), ...all('ExecReload')]).toEqual(['/bin/c', '/bin/d'])
  })

  test('is stopped by its own signal and within its time, and the client waits for that', () => {
    const { all, exec } = compile({}, { killSignal: 'SIGINT', stopTimeout: 5.5, successExitStatus: [3, 'SIGKILL'] })
    expect(exec('ExecStop').slice(-2)).toEqual(['-t', '6'])
    expect(flagsOf({}, { killSignal: 'SIGINT', stopTimeout: 5.5 })).toEqual(expect.arrayContaining(['--stop-signal=SIGINT', '--stop-timeout=6']))
    expect([...all('TimeoutStopSec'), ...all('SuccessExitStatus')]).toEqual(['16s', '143 130 3 SIGKILL 137'])
    expect(flagsOf({ cgroupConfig: { timeoutStop: 9 } })).toContain('--stop-timeout=9')
  })
})

describe('a persisted container', () => {
  test('is made when it is not as it would be made now, and then started and stopped', () => {
    const { exec, all } = compile({ persisted: true, command: 'x', env: { A: '1' }, image: { tag: 'app:1', path: '/tmp' } })
    expect(exec('ExecStartPre')).toEqual([
      '/bin/sh', '-c', ensureMade, '/usr/bin/docker', 'user/7/api', 'A PYTHONUNBUFFERED TASKFLOWS_SERVICE', '/dev/null', '/dev/null', 'app:1',
      ...ours, '--pull=never', '--stop-timeout=120', '--log-driver=none', '--env=A', '--env=PYTHONUNBUFFERED', '--env=TASKFLOWS_SERVICE', 'app:1', 'x',
    ])
    expect(exec('ExecStart')).toEqual(['/usr/bin/docker', 'start', '--attach', 'taskflows-api'])
    expect(all('ExecStopPost')).toEqual([`-${all('ExecStop')[0]}`])
  })
})

test('each instance of a template has a container of its own', () => {
  const { exec } = compile({}, { name: 'work@', instances: [1] })
  expect(exec('ExecStart')).toEqual(expect.arrayContaining(['--name=taskflows-work-1', '--label=taskflows.service=work@1', '--label=taskflows.owner=user/7/work@1']))
})

test('each single run has a container of its own, which Docker names', () => {
  const definition = readDefinition({ name: 'api', environment: { image: 'alpine' }, schedule: 'hourly', overlap: 'allow' })
  const slot = readDefinition({ name: 'api', environment: { image: 'alpine', name: 'fixed', persisted: true }, schedule: 'hourly' })
  const units = [compileService(definition, compileHost()).units[1]!, compileSlots(slot, compileHost()).units[0]!]
  for (const { unit, text } of units) {
    const exec = (directive: string) => readExec(readUnit(text).find((line) => line.directive === directive)!.value.replace(/^-/, '').replaceAll('%U', '7').replaceAll('%i', 'one'))
    const start = exec('ExecStart')
    expect(start.slice(0, 6), unit).toEqual(['/usr/bin/docker', 'run', '--rm', '--label=taskflows.service=api', '--label=taskflows.scope=user', '--label=taskflows.owner=user/7/api/one'])
    expect(start.includes('--env=TASKFLOWS_SLOT')).toBe(unit.startsWith('slot-'))
    for (const directive of ['ExecStartPre', 'ExecStop', 'ExecStopPost']) expect(exec(directive), directive).toContain('user/7/api/one')
  }
})

test('a unit without Docker names where it usually is, and the plan says so', () => {
  const { exec, warnings } = compile({}, {}, { docker: undefined })
  expect(exec('ExecStart')[0]).toBe('/usr/bin/docker')
  expect(warnings).toEqual(['the program docker is not there'])
})

test('the client goes to the daemon that tf goes to, and logs where the configuration says', () => {
  const docker = { program: '/opt/docker', environment: { DOCKER_HOST: 'unix:///run/user/7/docker.sock' }, cgroupDriver: 'cgroupfs', logDriver: 'journald' } as const
  expect(compile({}, {}, { docker }).all('Environment')).toContain('"DOCKER_HOST=unix:///run/user/7/docker.sock"')
  expect(flagsOf({}, {}, { docker })).toContain('--log-driver=journald')
  expect(flagsOf({ logDriver: 'local', logOptions: { 'max-size': '1m' } }, {}, { docker })).toEqual(expect.arrayContaining(['--log-driver=local', '--log-opt=max-size=1m']))
})

describe('variables', () => {
  test('reach the container by name, those that look secret out of their own file', () => {
    const { all, exec, secretEnv, text } = compile({ env: { MODE: 'container', API_TOKEN: 'hush', HTTP_PROXY: 'http://proxy' } }, { env: { MODE: 'service', ZONE: 'eu' }, cgroupConfig: { environment: { ZONE: 'us', LIMIT: '1' } } })
    expect(all('Environment').slice(1)).toEqual(['"LIMIT=1"', '"MODE=container"', '"PYTHONUNBUFFERED=1"', '"ZONE=eu"'])
    expect(exec('ExecStart').filter((word) => word.startsWith('--env'))).toEqual(['API_TOKEN', 'LIMIT', 'MODE', 'PYTHONUNBUFFERED', 'TASKFLOWS_SERVICE', 'ZONE', 'HTTP_PROXY=http://proxy'].map((name) => `--env=${name}`))
    expect(secretEnv).toEqual({ path: '/home/ann/.taskflows/services/user/api.env', text: 'API_TOKEN="hush"\n' })
    expect(text).not.toContain('hush')
  })

  test.each(['PATH', 'HOME', 'DOCKER_HOST', 'LD_PRELOAD', 'https_proxy', 'XDG_RUNTIME_DIR'])('%s is told the container, never the client', (name) => {
    const { all, exec } = compile({ env: { [name]: 'x' } }, {})
    expect(all('Environment').filter((line) => line.includes(name))).toEqual([])
    expect(exec('ExecStart')).toContain(`--env=${name}=x`)
  })

  test('a secret under a name that steers the client is refused', () => {
    expect(() => compile({ env: { HTTP_PROXY: 'http://me:pw@proxy' } })).toThrow(/env of api: HTTP_PROXY looks like a secret, and Docker's client would go by it/)
  })

  test('values of secrets do not change the hash of the definition', () => {
    const hash = (secret: string) => definitionHash(compile({ env: { TOKEN: secret }, cgroupConfig: { environment: { PASSWORD: secret } }, image: { tag: 'a', path: '/tmp', buildArgs: { KEY: secret } } }).definition)
    expect(hash('a')).toBe(hash('b'))
    expect(definitionHash(compile({ env: { A: 'a' } }).definition)).not.toBe(definitionHash(compile({ env: { A: 'b' } }).definition))
  })
})

describe('limits', () => {
  const limits = (cgroupConfig: object) => flagsOf({ cgroupConfig }).slice(ours.length + 3, -2)

  test.each<[object, readonly string[]]>([
    [{ cpuQuota: 50_000 }, ['--cpu-period=100000', '--cpu-quota=50000']],
    [{ cpuQuota: 200_000, cpuPeriod: 50_000 }, ['--cpu-period=50000', '--cpu-quota=200000']],
    [{ cpuQuota: 10, cpuPeriod: 1_000 }, ['--cpu-period=100000', '--cpu-quota=1000']],
    [{ cpuQuota: 4_000_000, cpuPeriod: 2_000_000 }, ['--cpu-period=1000000', '--cpu-quota=2000000']],
    [{ cpuShares: 512 }, ['--cpu-shares=512']], [{ cpuWeight: 50, cpuShares: 9 }, ['--cpu-shares=512']], [{ cpusetCpus: '0-3' }, ['--cpuset-cpus=0-3']],
    [{ memoryLimit: '1G' }, ['--memory=1073741824']], [{ memoryLimit: 100, memoryReservation: 200 }, ['--memory=100', '--memory-reservation=100']], [{ memoryLow: 50 }, ['--memory-reservation=50']],
    [{ memoryHigh: 70 }, ['--memory=70']], [{ memoryLimit: 100, memorySwapLimit: 150 }, ['--memory=100', '--memory-swap=150']], [{ memoryLimit: 100, memorySwapMax: 0 }, ['--memory=100', '--memory-swap=100']],
    [{ memoryLimit: 100, memorySwappiness: 0 }, ['--memory=100', '--memory-swap=100', '--memory-swappiness=0']],
    [{ ioWeight: 500 }, ['--blkio-weight=50']], [{ ioWeight: 1 }, ['--blkio-weight=10']], [{ blkioWeight: 300 }, ['--blkio-weight=300']],
    [{ deviceReadBps: { '/dev/sdb': 2, '/dev/sda': 1 }, deviceWriteIops: { '/dev/sda': 9 } }, ['--device-read-bps=/dev/sda:1', '--device-read-bps=/dev/sdb:2', '--device-write-iops=/dev/sda:9']],
    [{ pidsLimit: 10, nofileLimit: 20, oomScoreAdj: -5 }, ['--pids-limit=10', '--oom-score-adj=-5', '--ulimit=nofile=20:20']],
    [{ readOnlyRootfs: true, capDrop: ['ALL'], capAdd: ['NET_BIND_SERVICE'] }, ['--read-only=true', '--cap-drop=ALL', '--cap-add=NET_BIND_SERVICE']],
    [{ devices: ['/dev/fuse:rw'], deviceCgroupRules: ['c 42:* rmw'] }, ['--device=/dev/fuse:rw', '--device-cgroup-rule=c 42:* rmw']],
    [{ user: 'app', group: 'web', workingDir: '/srv' }, ['--user=app:web', '--workdir=/srv']], [{ group: 5 }, ['--group-add=5']],
  ])('%j', (given, expected) => {
    expect(limits(given)).toEqual(expected)
  })

  test('of the service count where the container says nothing, and never hold the client', () => {
    const { all, exec } = compile({ cgroupConfig: { pidsLimit: 5 } }, { cgroupConfig: { memoryLimit: 100, pidsLimit: 9, user: 'app', readOnlyRootfs: true, capDrop: 'ALL' } })
    expect(exec('ExecStart')).toEqual(expect.arrayContaining(['--memory=100', '--pids-limit=5', '--user=app']))
    expect(['MemoryMax', 'TasksMax', 'User', 'ProtectSystem', 'CapabilityBoundingSet'].flatMap(all)).toEqual([])
  })

  test.each([
    ['oomPolicy', 'stop'], ['managedOomSwap', 'kill'], ['managedOomMemoryPressure', 'kill'], ['managedOomMemoryPressureLimit', 5], ['managedOomPreference', 'avoid'], ['memoryHigh', 1], ['memoryMin', 1], ['memorySwappiness', 5], ['memorySwapMax', 1], ['memorySwapLimit', 1],
  ])('%s is named in the plan where Docker cannot enforce it', (name, value) => {
    expect(compile({ cgroupConfig: { [name]: value } }).warnings).toEqual([expect.stringContaining(`cgroupConfig.${name} `)])
  })

  test('of a device whose name Docker cannot take are named too', () => {
    expect(compile({ cgroupConfig: { deviceReadBps: { '/dev/disk/a:b': 1 } } }).warnings).toEqual([expect.stringContaining('/dev/disk/a:b')])
  })

  test('a limit of open files that the container says itself counts', () => {
    expect(flagsOf({ ulimits: 'nofile=5', cgroupConfig: { nofileLimit: 7 } }).filter((word) => word.includes('nofile'))).toEqual(['--ulimit=nofile=5:5'])
  })
})

describe('slices', () => {
  const withDriver = (cgroupDriver: 'systemd' | 'cgroupfs' | undefined, rest: object) => compile({}, rest, { docker: { program: '/usr/bin/docker', environment: {}, cgroupDriver } })
  const parent = ({ exec }: ReturnType<typeof compile>) => exec('ExecStart').filter((word) => word.startsWith('--cgroup-parent'))

  test('hold the container where Docker asks the systemd of the machine', () => {
    expect(parent(withDriver('systemd', { scope: 'system', slice: 'batch' }))).toEqual(['--cgroup-parent=batch.slice'])
    expect(parent(withDriver('systemd', { scope: 'system' }))).toEqual(['--cgroup-parent=system-taskflows.slice'])
  })

  test.each([['cgroupfs', 'system', 'does not use systemd'], [undefined, 'system', 'did not say'], ['systemd', 'user', 'possible in scope system']] as const)('hold the client alone with %s in scope %s, and the plan says so', (driver, scope, why) => {
    const compiled = withDriver(driver, { scope, slice: 'batch' })
    expect([...parent(compiled), ...compiled.all('Slice')]).toEqual(['batch.slice'])
    expect(compiled.warnings).toEqual([expect.stringContaining(why)])
  })
})

test('the plan names what holds the client alone', () => {
  expect(compile({}, { hardening: 'web', workingDirectory: '/tmp', restartPolicy: 'on-abort' }).warnings).toEqual([
    expect.stringContaining('hardening web holds Docker\'s client alone'), expect.stringContaining('workingDirectory is that of commands on the host'), expect.stringContaining('restartPolicy on-abort never sees a signal'),
  ])
})
