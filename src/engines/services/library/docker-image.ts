/** An image that is built on this host. An image that is there, or that a registry has, is its name. */
import { image } from '../define/container-fields.ts'
import { readWhole } from '../define/read-whole.ts'
import type { ImageDefinition } from '../service-definition.ts'
import type { DockerImageOptions } from './container-options.ts'
import { placeOfDefinition } from './definition-place.ts'

/**
 * What to build an image from; `tf create` builds it before anything else changes.
 *
 * @throws ValidationError `service.invalid`, naming each option
 * @example
 * new DockerImage({ tag: 'myapp:latest', path: './app' })
 */
export class DockerImage implements ImageDefinition {
  declare readonly tag: string
  /** Absolute. */
  declare readonly path: string
  declare readonly dockerfile: string
  declare readonly buildArgs?: NonNullable<ImageDefinition['buildArgs']>
  declare readonly labels?: NonNullable<ImageDefinition['labels']>
  declare readonly target?: NonNullable<ImageDefinition['target']>
  declare readonly cacheFrom?: NonNullable<ImageDefinition['cacheFrom']>
  declare readonly networkMode?: NonNullable<ImageDefinition['networkMode']>
  declare readonly extraHosts?: NonNullable<ImageDefinition['extraHosts']>
  declare readonly platform?: NonNullable<ImageDefinition['platform']>
  declare readonly noCache?: NonNullable<ImageDefinition['noCache']>
  declare readonly pull?: NonNullable<ImageDefinition['pull']>
  declare readonly shmSize?: NonNullable<ImageDefinition['shmSize']>
  declare readonly timeout?: NonNullable<ImageDefinition['timeout']>

  constructor(options: DockerImageOptions) {
    Object.assign(this, readWhole<ImageDefinition>('DockerImage', image, options, placeOfDefinition()?.directory))
  }
}
