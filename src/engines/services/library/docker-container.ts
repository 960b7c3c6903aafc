/** A container as the place where a service runs. `container-fields.ts` lists what it may say. */
import { readContainer } from '../define/read-container.ts'
import type { ContainerDefinition, RestartPolicyDefinition, StartCommand } from '../service-definition.ts'
import type { DockerContainerOptions } from './container-options.ts'
import { placeOfDefinition } from './definition-place.ts'

/**
 * A container of Docker in which a service runs. systemd starts, stops and restarts it, and has its exit code and its log.
 *
 * @throws ValidationError `service.invalid`, SecurityError `service.unsafe`, naming each option
 * @example
 * new Service({ name: 'api', environment: new DockerContainer({ image: 'python:3.13', command: 'python app.py', ports: { '8080/tcp': 8080 } }) })
 */
export class DockerContainer implements ContainerDefinition {
  readonly kind = 'docker'
  declare readonly image: ContainerDefinition['image']
  declare readonly name?: NonNullable<ContainerDefinition['name']>
  declare readonly persisted: ContainerDefinition['persisted']
  declare readonly pull: ContainerDefinition['pull']
  declare readonly ports?: NonNullable<ContainerDefinition['ports']>
  declare readonly publishAllPorts?: NonNullable<ContainerDefinition['publishAllPorts']>
  declare readonly volumes?: NonNullable<ContainerDefinition['volumes']>
  declare readonly volumesFrom?: NonNullable<ContainerDefinition['volumesFrom']>
  declare readonly volumeDriver?: NonNullable<ContainerDefinition['volumeDriver']>
  declare readonly tmpfs?: NonNullable<ContainerDefinition['tmpfs']>
  declare readonly env?: NonNullable<ContainerDefinition['env']>
  declare readonly envFile?: NonNullable<ContainerDefinition['envFile']>
  declare readonly networkMode?: NonNullable<ContainerDefinition['networkMode']>
  declare readonly cgroupConfig?: NonNullable<ContainerDefinition['cgroupConfig']>
  declare readonly logDriver?: NonNullable<ContainerDefinition['logDriver']>
  declare readonly logOptions?: NonNullable<ContainerDefinition['logOptions']>
  declare readonly entrypoint?: NonNullable<ContainerDefinition['entrypoint']>
  declare readonly user?: NonNullable<ContainerDefinition['user']>
  declare readonly workingDir?: NonNullable<ContainerDefinition['workingDir']>
  declare readonly init?: NonNullable<ContainerDefinition['init']>
  declare readonly tty?: NonNullable<ContainerDefinition['tty']>
  declare readonly shmSize?: NonNullable<ContainerDefinition['shmSize']>
  declare readonly ulimits?: NonNullable<ContainerDefinition['ulimits']>
  declare readonly hostname?: NonNullable<ContainerDefinition['hostname']>
  declare readonly domainname?: NonNullable<ContainerDefinition['domainname']>
  declare readonly dns?: NonNullable<ContainerDefinition['dns']>
  declare readonly dnsOpt?: NonNullable<ContainerDefinition['dnsOpt']>
  declare readonly dnsSearch?: NonNullable<ContainerDefinition['dnsSearch']>
  declare readonly extraHosts?: NonNullable<ContainerDefinition['extraHosts']>
  declare readonly macAddress?: NonNullable<ContainerDefinition['macAddress']>
  declare readonly pidMode?: NonNullable<ContainerDefinition['pidMode']>
  declare readonly ipcMode?: NonNullable<ContainerDefinition['ipcMode']>
  declare readonly utsMode?: NonNullable<ContainerDefinition['utsMode']>
  declare readonly usernsMode?: NonNullable<ContainerDefinition['usernsMode']>
  declare readonly privileged?: NonNullable<ContainerDefinition['privileged']>
  declare readonly groupAdd?: NonNullable<ContainerDefinition['groupAdd']>
  declare readonly labels?: NonNullable<ContainerDefinition['labels']>
  declare readonly securityOpt?: NonNullable<ContainerDefinition['securityOpt']>
  declare readonly sysctls?: NonNullable<ContainerDefinition['sysctls']>
  declare readonly storageOpt?: NonNullable<ContainerDefinition['storageOpt']>
  declare readonly deviceRequests?: NonNullable<ContainerDefinition['deviceRequests']>
  declare readonly runtime?: NonNullable<ContainerDefinition['runtime']>
  declare readonly platform?: NonNullable<ContainerDefinition['platform']>
  /** What the service starts. Absent: what the image runs, or the `startCommand` of the service. */
  declare readonly command?: StartCommand
  /** Of the service. */
  declare readonly restartPolicy?: RestartPolicyDefinition

  constructor(options: DockerContainerOptions) {
    Object.assign(this, readContainer(options, placeOfDefinition()?.directory))
  }
}
