/** What a container sees of the host. */
import { volume } from '../define/container-fields.ts'
import { readWhole } from '../define/read-whole.ts'
import type { VolumeDefinition } from '../service-definition.ts'
import type { VolumeOptions } from './container-options.ts'
import { placeOfDefinition } from './definition-place.ts'

/**
 * A directory or file of the host, or a volume of Docker by its name, in a container.
 *
 * @throws ValidationError `service.invalid`, SecurityError `service.unsafe` for a path with `..`
 * @example
 * new Volume({ hostPath: '/data', containerPath: '/app/data', readOnly: true })
 */
export class Volume implements VolumeDefinition {
  declare readonly hostPath: string
  declare readonly containerPath: string
  declare readonly readOnly: boolean

  /** @param options also as text: `'/data:/app/data:ro'` */
  constructor(options: VolumeOptions | string) {
    Object.assign(this, readWhole<VolumeDefinition>('Volume', volume, options, placeOfDefinition()?.directory))
  }
}
