/**
 * The limits of a service to directives of systemd.resource-control(5) and
 * systemd.exec(5). `compile-scope.ts` says which of them the manager of an
 * account cannot enforce.
 */
import type { CgroupDefinition } from '../../../engines/services/service-definition.ts'
import { capabilityDirectives } from './compile-capabilities.ts'
import type { Compilation } from './compile-host.ts'
import { deviceDirectives } from './compile-devices.ts'
import { type UnitSection, percent, timeSpan, verbatim } from './unit-text.ts'

/** So that there is something to show of every service, limited or not. */
export const accounting = { CPUAccounting: true, MemoryAccounting: true, IOAccounting: true, TasksAccounting: true } as const

export function cgroupDirectives({ definition, warn }: Compilation): UnitSection {
  const { cgroupConfig: cgroup = {} } = definition
  return {
    ...accounting,
    ...cpuDirectives(cgroup, warn),
    ...memoryDirectives(cgroup, warn),
    IOWeight: ioWeight(cgroup),
    ...deviceDirectives(cgroup, warn),
    TasksMax: cgroup.pidsLimit,
    LimitNOFILE: cgroup.nofileLimit,
    ...oomDirectives(cgroup),
    ...(cgroup.readOnlyRootfs && { ProtectSystem: verbatim('strict'), ReadOnlyPaths: verbatim('/') }),
    ...capabilityDirectives(cgroup),
  }
}

function cpuDirectives(cgroup: CgroupDefinition, warn: Compilation['warn']): UnitSection {
  const { cpuQuota, cpuPeriod = defaultCpuPeriod, cpuShares, cpuWeight, cpusetCpus } = cgroup
  warnOfTinyQuota(cgroup, warn)
  const weight = cpuWeight ?? (cpuShares === undefined ? undefined : (cpuShares / 1024) * 100)
  return {
    CPUQuota: cpuQuota ? percent(Math.max((cpuQuota / cpuPeriod) * 100, 0.01)) : undefined,
    CPUQuotaPeriodSec: cpuQuota && cpuPeriod !== defaultCpuPeriod ? timeSpan(cpuPeriod / 1e6) : undefined,
    CPUWeight: weight === undefined ? undefined : clamp(weight, 1, 10_000),
    AllowedCPUs: cpusetCpus === undefined ? undefined : verbatim(cpusetCpus),
  }
}

/** Microseconds: systemd.resource-control(5), CPUQuotaPeriodSec, and docker-run(1), --cpu-period. */
export const defaultCpuPeriod = 100_000

/** Whoever meant percent, or CPUs, has a service that hardly runs. */
export function warnOfTinyQuota({ cpuQuota, cpuPeriod = defaultCpuPeriod }: CgroupDefinition, warn: (text: string) => void): void {
  if (!cpuQuota || cpuQuota / cpuPeriod >= 0.01) return
  warn(`cgroupConfig.cpuQuota of ${cpuQuota} is less than a hundredth of a CPU: it counts microseconds in each period of ${cpuPeriod}, so half a CPU is ${cpuPeriod / 2}`)
}

function memoryDirectives(cgroup: CgroupDefinition, warn: Compilation['warn']): UnitSection {
  const { memoryLimit, memoryReservation } = cgroup
  return {
    MemoryMin: whole(cgroup.memoryMin),
    // What Docker calls a reservation is a limit under pressure, and most of it is spared for as long as others have some to give.
    MemoryLow: whole(cgroup.memoryLow ?? (memoryReservation === undefined ? undefined : memoryReservation * 0.75)),
    MemoryHigh: whole(cgroup.memoryHigh ?? memoryReservation),
    MemoryMax: whole(memoryLimit),
    MemorySwapMax: whole(swapLimit(cgroup, warn)),
  }
}

function swapLimit({ memoryLimit, memorySwapMax, memorySwapLimit, memorySwappiness }: CgroupDefinition, warn: Compilation['warn']): number | undefined {
  if (memorySwappiness) warn('cgroupConfig.memorySwappiness is not enforced: systemd can only limit swap, or forbid it with 0')
  if (memorySwapMax !== undefined) return memorySwapMax
  if (memorySwapLimit !== undefined && memoryLimit !== undefined) return Math.max(memorySwapLimit - memoryLimit, 0)
  if (memorySwapLimit !== undefined) warn('cgroupConfig.memorySwapLimit is not enforced: it counts memory and swap together, so it needs memoryLimit')
  return memorySwappiness === 0 ? 0 : undefined
}

function oomDirectives(cgroup: CgroupDefinition): UnitSection {
  const word = (text: string | undefined) => (text === undefined ? undefined : verbatim(text))
  return {
    OOMScoreAdjust: cgroup.oomScoreAdj,
    OOMPolicy: word(cgroup.oomPolicy),
    ManagedOOMSwap: word(cgroup.managedOomSwap),
    ManagedOOMMemoryPressure: word(cgroup.managedOomMemoryPressure),
    ManagedOOMMemoryPressureLimit: cgroup.managedOomMemoryPressureLimit === undefined ? undefined : percent(cgroup.managedOomMemoryPressureLimit),
    ManagedOOMPreference: word(cgroup.managedOomPreference),
  }
}

function ioWeight({ ioWeight, blkioWeight }: CgroupDefinition): number | undefined {
  const weight = ioWeight ?? (blkioWeight === undefined ? undefined : blkioWeight * 10)
  return weight === undefined ? undefined : clamp(weight, 1, 10_000)
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(Math.round(value), least), most)
}

const whole = (bytes: number | undefined): number | undefined => (bytes === undefined ? undefined : Math.floor(bytes))
