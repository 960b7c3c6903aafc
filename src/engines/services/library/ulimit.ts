/** A limit of the processes of a container. Limits of the whole container are in `cgroup-config.ts`. */
import { ulimit } from '../define/container-fields.ts'
import { readWhole } from '../define/read-whole.ts'
import type { UlimitDefinition } from '../service-definition.ts'
import type { UlimitOptions } from './container-options.ts'

/**
 * A limit of setrlimit(2).
 *
 * @throws ValidationError `service.invalid`
 * @example
 * new Ulimit({ name: 'nofile', soft: 1024, hard: 4096 })
 */
export class Ulimit implements UlimitDefinition {
  declare readonly name: string
  declare readonly soft: number
  declare readonly hard: number

  /** @param options also as text: `'nofile=1024:4096'` */
  constructor(options: UlimitOptions | string) {
    Object.assign(this, readWhole<UlimitDefinition>('Ulimit', ulimit, options))
  }
}
