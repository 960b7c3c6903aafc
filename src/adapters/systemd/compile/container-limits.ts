/**
 * The limits of a container to flags of Docker: the same object that `compile-cgroup.ts` makes directives of. What Docker has no
 * word for is told, never left out in silence. Pure.
 */
import type { CgroupDefinition, ContainerDefinition } from '../../../engines/services/service-definition.ts'
import { defaultCpuPeriod, warnOfTinyQuota } from './compile-cgroup.ts'
import { flag, flags, pairs } from './container-flags.ts'

/** @param warn told what Docker cannot enforce */
export function limitFlags(limits: CgroupDefinition, container: ContainerDefinition, warn: (text: string) => void): readonly string[] {
  for (const [name, instead] of Object.entries(unknownToDocker)) {
    if (limits[name as keyof CgroupDefinition] !== undefined) warn(`cgroupConfig.${name} is not enforced in a container: ${instead}`)
  }
  return [
    ...cpuFlags(limits, warn), ...memoryFlags(limits, warn), ...flag('blkio-weight', blkioWeight(limits)),
    ...rateFlags('device-read-bps', limits.deviceReadBps, warn), ...rateFlags('device-write-bps', limits.deviceWriteBps, warn),
    ...rateFlags('device-read-iops', limits.deviceReadIops, warn), ...rateFlags('device-write-iops', limits.deviceWriteIops, warn),
    ...flag('pids-limit', limits.pidsLimit), ...flag('oom-score-adj', limits.oomScoreAdj),
    ...(container.ulimits?.some(({ name }) => name === 'nofile') ? [] : flag('ulimit', limits.nofileLimit && `nofile=${limits.nofileLimit}:${limits.nofileLimit}`)),
    ...flag('read-only', limits.readOnlyRootfs), ...flags('cap-drop', limits.capDrop), ...flags('cap-add', limits.capAdd),
    ...flags('device', limits.devices), ...flags('device-cgroup-rule', limits.deviceCgroupRules),
    ...accountFlags(limits, container), ...flag('workdir', container.workingDir ?? limits.workingDir),
  ]
}

const unknownToDocker = {
  oomPolicy: 'Docker ends it when the kernel killed its first process',
  managedOomSwap: 'systemd-oomd looks at units, and the container is none',
  managedOomMemoryPressure: 'systemd-oomd looks at units, and the container is none',
  managedOomMemoryPressureLimit: 'systemd-oomd looks at units, and the container is none',
  managedOomPreference: 'systemd-oomd looks at units, and the container is none',
} as const satisfies Partial<Record<keyof CgroupDefinition, string>>

function cpuFlags(limits: CgroupDefinition, warn: (text: string) => void): readonly string[] {
  const { cpuQuota, cpuPeriod = defaultCpuPeriod, cpuShares, cpuWeight, cpusetCpus } = limits
  warnOfTinyQuota(limits, warn)
  const shares = cpuWeight === undefined ? cpuShares : clamp((cpuWeight / 100) * 1024, 2, 262_144)
  return [...(cpuQuota ? bandwidth(cpuQuota, cpuPeriod) : []), ...flag('cpu-shares', shares), ...flag('cpuset-cpus', cpusetCpus)]
}

/** Docker takes a quota from 1 ms, and a period from 1 ms to 1 s: the same share of other numbers. */
function bandwidth(cpuQuota: number, cpuPeriod: number): readonly string[] {
  const share = cpuQuota / cpuPeriod
  const period = clamp(Math.max(cpuPeriod, 1_000 / share), 1_000, 1_000_000)
  return [...flag('cpu-period', period), ...flag('cpu-quota', Math.max(Math.round(share * period), 1_000))]
}

function memoryFlags(limits: CgroupDefinition, warn: (text: string) => void): readonly string[] {
  const { memoryHigh, memoryReservation, memoryLow, memoryMin, memorySwappiness } = limits
  const memory = limits.memoryLimit ?? memoryHigh
  if (memoryHigh !== undefined) warn(`cgroupConfig.memoryHigh is not enforced as such in a container: Docker cannot slow it down, ${limits.memoryLimit === undefined ? 'so the kernel kills it there, as at memoryLimit' : 'and memoryLimit holds'}`)
  if (memoryMin !== undefined) warn('cgroupConfig.memoryMin is not enforced as such in a container: Docker spares it only while others have memory to give, as memoryLow')
  if (memorySwappiness !== undefined) warn('cgroupConfig.memorySwappiness is not enforced in a container where the machine has cgroup v2; 0 forbids swap, with memoryLimit')
  const reserved = memoryReservation ?? memoryLow ?? memoryMin
  return [
    ...flag('memory', memory), ...flag('memory-reservation', reserved && Math.min(reserved, memory ?? reserved)),
    ...flag('memory-swap', memoryAndSwap(limits, memory, warn)), ...flag('memory-swappiness', memorySwappiness),
  ]
}

/** Docker counts memory and swap together. */
function memoryAndSwap({ memorySwapMax, memorySwapLimit, memorySwappiness }: CgroupDefinition, memory: number | undefined, warn: (text: string) => void): number | undefined {
  if (memory === undefined) {
    const name = memorySwapMax !== undefined ? 'memorySwapMax' : memorySwapLimit !== undefined ? 'memorySwapLimit' : undefined
    if (name !== undefined) warn(`cgroupConfig.${name} is not enforced in a container: Docker counts memory and swap together, so it needs memoryLimit`)
    return undefined
  }
  if (memorySwapMax !== undefined) return memory + memorySwapMax
  if (memorySwapLimit !== undefined) return Math.max(memorySwapLimit, memory)
  return memorySwappiness === 0 ? memory : undefined
}

function rateFlags(name: string, rates: Readonly<Record<string, number>> = {}, warn: (text: string) => void): readonly string[] {
  const isTaken = (device: string): boolean => !device.includes(':')
  for (const device of Object.keys(rates)) if (!isTaken(device)) warn(`cgroupConfig: limits of ${device} are not enforced in a container: Docker takes the colon for the end of its name`)
  return pairs(name, Object.fromEntries(Object.entries(rates).filter(([device]) => isTaken(device))), ':')
}

function blkioWeight({ ioWeight, blkioWeight: weight }: CgroupDefinition): number | undefined {
  return ioWeight === undefined ? weight : clamp(ioWeight / 10, 10, 1_000)
}

function accountFlags(limits: CgroupDefinition, container: ContainerDefinition): readonly string[] {
  const user = container.user ?? limits.user
  if (user === undefined || user.includes(':')) return [...flag('user', user), ...flag('group-add', limits.group)]
  return flag('user', limits.group === undefined ? user : `${user}:${limits.group}`)
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(Math.round(value), least), most)
}
