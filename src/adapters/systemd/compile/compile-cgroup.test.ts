import { describe, expect, test } from 'vitest'
import type { CgroupDefinition, ServiceScope } from '../../../engines/services/service-definition.ts'
import { compileHost } from '../../../../test/testbed/compile-host.ts'
import { compileService } from './compile-service.ts'

function compile(cgroupConfig: CgroupDefinition, scope: ServiceScope = 'system', host = compileHost(scope)) {
  const definition = { name: 'web', scope, type: 'exec', startCommand: { kind: 'program', argv: ['/bin/true'] }, enabled: false, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none' } as const
  const bare = compileService(definition, host).units[0]!.text.split('\n')
  const { units, warnings } = compileService({ ...definition, cgroupConfig }, host)
  return { lines: units[0]!.text.split('\n').filter((line) => !bare.includes(line) && !line.startsWith('X-')), warnings }
}

test.each<[CgroupDefinition, readonly string[]]>([
  [{ cpuQuota: 50_000 }, ['CPUQuota=50%']],
  [{ cpuQuota: 200_000, cpuPeriod: 100_000 }, ['CPUQuota=200%']],
  [{ cpuQuota: 1_000, cpuPeriod: 30_000 }, ['CPUQuota=3.33%', 'CPUQuotaPeriodSec=30ms']],
  [{ cpuShares: 512 }, ['CPUWeight=50']],
  [{ cpuShares: 262_144 }, ['CPUWeight=10000']],
  [{ cpuShares: 512, cpuWeight: 7 }, ['CPUWeight=7']],
  [{ cpusetCpus: '0-3,5' }, ['AllowedCPUs=0-3,5']],
  [{ memoryLimit: 1.5 * 1024 ** 3, memoryHigh: 1e9, memoryMin: 5 }, ['MemoryMin=5', 'MemoryHigh=1000000000', 'MemoryMax=1610612736']],
  [{ memoryReservation: 1000 }, ['MemoryLow=750', 'MemoryHigh=1000']],
  [{ memoryReservation: 1000, memoryLow: 10, memoryHigh: 20 }, ['MemoryLow=10', 'MemoryHigh=20']],
  [{ memoryLimit: 1000, memorySwapLimit: 1500 }, ['MemoryMax=1000', 'MemorySwapMax=500']],
  [{ memoryLimit: 1000, memorySwapLimit: 1000 }, ['MemoryMax=1000', 'MemorySwapMax=0']],
  [{ memorySwapMax: 5, memoryLimit: 1000, memorySwapLimit: 1500 }, ['MemoryMax=1000', 'MemorySwapMax=5']],
  [{ memorySwappiness: 0 }, ['MemorySwapMax=0']],
  [{ ioWeight: 500, blkioWeight: 10 }, ['IOWeight=500']],
  [{ blkioWeight: 10 }, ['IOWeight=100']],
  [{ deviceReadBps: { '/dev/sdb': 2, '/dev/sda': 1 }, deviceWriteBps: { '/dev/sda': 3 } }, ['IOReadBandwidthMax="/dev/sda" 1', 'IOReadBandwidthMax="/dev/sdb" 2', 'IOWriteBandwidthMax="/dev/sda" 3']],
  [{ deviceReadIops: { '/dev/sda': 4 }, deviceWriteIops: { '/dev/sda': 5 } }, ['IOReadIOPSMax="/dev/sda" 4', 'IOWriteIOPSMax="/dev/sda" 5']],
  [{ pidsLimit: 100, nofileLimit: 1024 }, ['TasksMax=100', 'LimitNOFILE=1024']],
  [{ oomScoreAdj: -500, oomPolicy: 'continue' }, ['OOMScoreAdjust=-500', 'OOMPolicy=continue']],
  [{ managedOomSwap: 'kill', managedOomMemoryPressure: 'kill', managedOomMemoryPressureLimit: 60, managedOomPreference: 'avoid' }, ['ManagedOOMSwap=kill', 'ManagedOOMMemoryPressure=kill', 'ManagedOOMMemoryPressureLimit=60%', 'ManagedOOMPreference=avoid']],
  [{ readOnlyRootfs: true }, ['ProtectSystem=strict', 'ReadOnlyPaths=/']],
  [{ capDrop: ['ALL'] }, ['CapabilityBoundingSet=']],
  [{ capDrop: ['ALL'], capAdd: ['NET_BIND_SERVICE', 'CAP_CHOWN'] }, ['CapabilityBoundingSet=CAP_CHOWN CAP_NET_BIND_SERVICE']],
  [{ capDrop: ['CHOWN', 'MKNOD', 'SETPCAP', 'SETFCAP', 'AUDIT_WRITE', 'NET_RAW', 'FSETID', 'SYS_CHROOT'] }, ['CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_FOWNER CAP_KILL CAP_NET_BIND_SERVICE CAP_SETGID CAP_SETUID']],
  [{ capDrop: ['SYS_ADMIN'], capAdd: ['ALL'] }, ['CapabilityBoundingSet=~CAP_SYS_ADMIN']],
  [{ capAdd: ['NET_ADMIN'] }, []],
  [{ devices: ['/dev/fuse', '/dev/null:r', '/dev/a:/dev/b:rw'] }, ['DeviceAllow="/dev/fuse" rwm', 'DeviceAllow="/dev/null" r', 'DeviceAllow="/dev/a" rw']],
  [{ deviceCgroupRules: ['c 42:7 rw', 'b 8:0 r'] }, ['DeviceAllow=/dev/char/42:7 rw', 'DeviceAllow=/dev/block/8:0 r']],
  [{ environment: { A: 'b' }, user: 'nobody', group: 'nogroup', workingDir: '/srv' }, ['User=nobody', 'Group=nogroup', 'WorkingDirectory=/srv', 'Environment="A=b"']],
])('%j is %j', (cgroup, expected) => {
  expect(compile(cgroup)).toEqual({ lines: expected, warnings: [] })
})

test('a quota that only somebody can mean who thinks of percent is done, and told', () => {
  expect(compile({ cpuQuota: 1, cpuPeriod: 1_000_000 })).toEqual({ lines: ['CPUQuota=0.01%', 'CPUQuotaPeriodSec=1s'], warnings: [expect.stringMatching(/^cgroupConfig\.cpuQuota of 1 .* half a CPU is 500000$/)] })
  expect(compile({ cpuQuota: 50 }).warnings).toEqual([expect.stringContaining('half a CPU is 50000')])
  expect(compile({ cpuQuota: 1_000 }).warnings).toEqual([])
})

describe('what cannot be enforced is named', () => {
  test.each<[CgroupDefinition, RegExp]>([
    [{ memorySwappiness: 60 }, /^cgroupConfig.memorySwappiness/],
    [{ memorySwapLimit: 5 }, /needs memoryLimit/],
    [{ deviceCgroupRules: ['c 42:* rmw'] }, /"c 42:\* rmw" is not enforced/],
  ])('%j anywhere', (cgroup, warning) => {
    expect(compile(cgroup)).toEqual({ lines: [], warnings: [expect.stringMatching(warning)] })
  })

  test.each<[CgroupDefinition, RegExp]>([
    [{ ioWeight: 5 }, /^IOWeight= .*io/],
    [{ deviceReadBps: { '/dev/sda': 1 } }, /^IOReadBandwidthMax= /],
    [{ cpusetCpus: '0' }, /^AllowedCPUs= .*cpuset/],
    [{ oomScoreAdj: -5 }, /^OOMScoreAdjust= /],
    [{ devices: ['/dev/fuse'] }, /^DeviceAllow= /],
  ])('%j by the manager of an account', (cgroup, warning) => {
    expect(compile(cgroup, 'user').warnings).toEqual([expect.stringMatching(warning)])
  })

  test('what would fail the start of a service of an account is left out', () => {
    expect(compile({ capDrop: ['ALL'], user: 'nobody' }, 'user')).toEqual({ lines: ['NoNewPrivileges=yes'], warnings: [expect.stringMatching(/^cgroupConfig.user/), expect.stringMatching(/^CapabilityBoundingSet=/)] })
  })

  test("but root's own manager can do that", () => {
    expect(compile({ capDrop: ['ALL'], user: 'nobody' }, 'user', compileHost('user', { privileged: true }))).toEqual({ lines: ['User=nobody', 'CapabilityBoundingSet='], warnings: [] })
  })
})

test('the account of a service cannot be chosen in scope user', () => {
  const definition = { name: 'web', scope: 'user', type: 'exec', startCommand: { kind: 'program', argv: ['/bin/true'] }, enabled: false, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none' } as const
  expect(() => compileService({ ...definition, user: 'root' }, compileHost('user'))).toThrow(/^user of web/)
  expect(() => compileService({ ...definition, group: 'root' }, compileHost('user'))).toThrow(/^group of web/)
})

test('what is no capability is refused', () => {
  expect(() => compile({ capDrop: ['a b'] })).toThrow(/"a b" is no name of a capability/)
})
