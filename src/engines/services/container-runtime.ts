/**
 * The port to what has images and runs containers: Docker, filled by
 * `adapters/docker`. Units start and stop containers by themselves; this is what
 * an apply and a removal need before and after them.
 */
import type { ContainerDefinition, ServiceScope } from './service-definition.ts'

/** What a container is to be made of, and how eager to look for something newer. */
export type ImageWanted = Pick<ContainerDefinition, 'image' | 'pull' | 'platform'>

/** An image as it is on the host, and what an apply does about it. */
export interface ImageState {
  /** `python:3.13`. */
  readonly reference: string
  /** `null`: it is not there. */
  readonly id: string | null
  /**
   * `none`: it stays as it is, or is missing and may not be asked for. A container that is made from something is built when the image
   * is missing or was made from something else; `pull: always` asks for an image, or builds it, at each apply.
   */
  readonly act: 'none' | 'pull' | 'build'
  readonly why: string
}

/** A container that was made for a service of ours, which its label `taskflows.owner` says. */
export interface ContainerState {
  readonly name: string
  /** `web`, or `worker@1`. */
  readonly service: string
  /** The instance of its unit, of a single run (`run-units.ts`). */
  readonly run?: string
  /** Of the image that it was made of. */
  readonly imageId: string
  readonly running: boolean
}

export interface EnsureOptions {
  /** Each line that Docker says. */
  readonly onProgress?: (text: string) => void
  readonly signal?: AbortSignal
}

export interface ContainerRuntime {
  /** Changes nothing, and asks nobody but this host. @throws `docker.unavailable` as all that follow */
  describe(wanted: ImageWanted): Promise<ImageState>
  /** Pulls or builds what `describe` says. @throws `docker.image_failed` also when it is missing and may not be asked for */
  ensure(wanted: ImageWanted, options?: EnsureOptions): Promise<void>
  /** Has the reference mean this image again, that it meant before. */
  restore(reference: string, id: string): Promise<void>
  /** Those of services of this account, or of the machine, whether they run or not. */
  containers(scope: ServiceScope): Promise<readonly ContainerState[]>
  /** Ends and removes containers, with their anonymous volumes. One that is gone already is well. */
  remove(names: readonly string[]): Promise<void>
}
