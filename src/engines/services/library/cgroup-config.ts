/** Limits of a service: what `cgroup-fields.ts` lists, as a class. */
import { serviceFields } from '../define/fields.ts'
import { readWhole } from '../define/read-whole.ts'
import type { CgroupDefinition } from '../service-definition.ts'
import type { CgroupOptions } from './service-options.ts'

/**
 * Limits, in bytes and microseconds. `CgroupOptions` tells what each is.
 *
 * @throws ValidationError `service.invalid`, naming each option
 * @example
 * new CgroupConfig({ cpuQuota: 50_000, memoryLimit: '2GB', pidsLimit: 100 })
 */
export class CgroupConfig implements CgroupDefinition {
  declare readonly cpuQuota?: NonNullable<CgroupDefinition['cpuQuota']>
  declare readonly cpuPeriod?: NonNullable<CgroupDefinition['cpuPeriod']>
  declare readonly cpuShares?: NonNullable<CgroupDefinition['cpuShares']>
  declare readonly cpuWeight?: NonNullable<CgroupDefinition['cpuWeight']>
  declare readonly cpusetCpus?: NonNullable<CgroupDefinition['cpusetCpus']>
  declare readonly memoryLimit?: NonNullable<CgroupDefinition['memoryLimit']>
  declare readonly memoryHigh?: NonNullable<CgroupDefinition['memoryHigh']>
  declare readonly memoryReservation?: NonNullable<CgroupDefinition['memoryReservation']>
  declare readonly memoryLow?: NonNullable<CgroupDefinition['memoryLow']>
  declare readonly memoryMin?: NonNullable<CgroupDefinition['memoryMin']>
  declare readonly memorySwapLimit?: NonNullable<CgroupDefinition['memorySwapLimit']>
  declare readonly memorySwapMax?: NonNullable<CgroupDefinition['memorySwapMax']>
  declare readonly memorySwappiness?: NonNullable<CgroupDefinition['memorySwappiness']>
  declare readonly ioWeight?: NonNullable<CgroupDefinition['ioWeight']>
  declare readonly blkioWeight?: NonNullable<CgroupDefinition['blkioWeight']>
  declare readonly deviceReadBps?: NonNullable<CgroupDefinition['deviceReadBps']>
  declare readonly deviceWriteBps?: NonNullable<CgroupDefinition['deviceWriteBps']>
  declare readonly deviceReadIops?: NonNullable<CgroupDefinition['deviceReadIops']>
  declare readonly deviceWriteIops?: NonNullable<CgroupDefinition['deviceWriteIops']>
  declare readonly pidsLimit?: NonNullable<CgroupDefinition['pidsLimit']>
  declare readonly nofileLimit?: NonNullable<CgroupDefinition['nofileLimit']>
  declare readonly oomScoreAdj?: NonNullable<CgroupDefinition['oomScoreAdj']>
  declare readonly oomPolicy?: NonNullable<CgroupDefinition['oomPolicy']>
  declare readonly managedOomSwap?: NonNullable<CgroupDefinition['managedOomSwap']>
  declare readonly managedOomMemoryPressure?: NonNullable<CgroupDefinition['managedOomMemoryPressure']>
  declare readonly managedOomMemoryPressureLimit?: NonNullable<CgroupDefinition['managedOomMemoryPressureLimit']>
  declare readonly managedOomPreference?: NonNullable<CgroupDefinition['managedOomPreference']>
  declare readonly readOnlyRootfs?: NonNullable<CgroupDefinition['readOnlyRootfs']>
  declare readonly capDrop?: NonNullable<CgroupDefinition['capDrop']>
  declare readonly capAdd?: NonNullable<CgroupDefinition['capAdd']>
  declare readonly devices?: NonNullable<CgroupDefinition['devices']>
  declare readonly deviceCgroupRules?: NonNullable<CgroupDefinition['deviceCgroupRules']>
  declare readonly timeoutStart?: NonNullable<CgroupDefinition['timeoutStart']>
  declare readonly timeoutStop?: NonNullable<CgroupDefinition['timeoutStop']>
  declare readonly environment?: NonNullable<CgroupDefinition['environment']>
  declare readonly user?: NonNullable<CgroupDefinition['user']>
  declare readonly group?: NonNullable<CgroupDefinition['group']>
  declare readonly workingDir?: NonNullable<CgroupDefinition['workingDir']>

  constructor(options: CgroupOptions) {
    Object.assign(this, readWhole<CgroupDefinition | undefined>('CgroupConfig', serviceFields.cgroupConfig.kind, options))
  }
}
