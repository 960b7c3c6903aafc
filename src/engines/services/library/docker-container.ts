/** A container as the place where a service runs. `container-fields.ts` lists what it may say. */
import { readContainer } from '../define/read-container.ts'
import type { ContainerDefinition, RestartPolicyDefinition, StartCommand } from '../service-definition.ts'
import type { DockerContainerOptions } from './container-options.ts'
import { placeOfDefinition } from './definition-place.ts'

/** In normal form. */
export interface DockerContainer extends ContainerDefinition {
  /** What the service starts. Absent: what the image runs, or the `startCommand` of the service. */
  readonly command?: StartCommand
  /** Of the service. */
  readonly restartPolicy?: RestartPolicyDefinition
}

/**
 * A container of Docker in which a service runs. systemd starts, stops and restarts it, and has its exit code and its log.
 *
 * @throws ValidationError `service.invalid`, SecurityError `service.unsafe`, naming each option
 * @example
 * new Service({ name: 'api', environment: new DockerContainer({ image: 'python:3.13', command: 'python app.py', ports: { '8080/tcp': 8080 } }) })
 */
export class DockerContainer {
  constructor(options: DockerContainerOptions) {
    Object.assign(this, readContainer(options, placeOfDefinition()?.directory))
  }
}
