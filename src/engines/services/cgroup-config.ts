/** Limits of a service: what `cgroup-fields.ts` lists, as a class. */
import { serviceFields } from './fields.ts'
import { readWhole } from './read-whole.ts'
import type { CgroupDefinition } from './service-definition.ts'
import type { CgroupOptions } from './service-options.ts'

/** What was said, in bytes and microseconds. */
export interface CgroupConfig extends CgroupDefinition {}

/**
 * @throws ValidationError `service.invalid`, naming each option
 * @example
 * new CgroupConfig({ cpuQuota: 50_000, memoryLimit: '2GB', pidsLimit: 100 })
 */
export class CgroupConfig {
  constructor(options: CgroupOptions) {
    Object.assign(this, readWhole<CgroupDefinition | undefined>('CgroupConfig', serviceFields.cgroupConfig.kind, options))
  }
}
