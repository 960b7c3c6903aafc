/** What `new DockerContainer` and what belongs to it take, as types for people. `container-fields.ts` is the same as a table; `service-options.ts` has the service. */
import type { DurationInput } from '../../../kernel/duration.ts'
import type { ByteSize, CgroupOptions, OneOrMore, RestartPolicyOptions } from './service-options.ts'
import type { PortDefinition, RestartCondition, StartCommand, UlimitDefinition } from '../service-definition.ts'

type Texts = Readonly<Record<string, string | number | boolean>>

export interface VolumeOptions {
  /** A directory or file of the host, or the name of a volume of Docker. Relative paths begin with a dot, and start from the file of the definition. */
  readonly hostPath: string
  /** Absolute, in the container. */
  readonly containerPath: string
  /** Default false. */
  readonly readOnly?: boolean
}

export interface UlimitOptions {
  /** As in setrlimit(2): `'nofile'`, `'memlock'`, ... */
  readonly name: UlimitDefinition['name']
  /** What a process has; -1 is no limit. Default `hard`. */
  readonly soft?: number
  /** What it may raise that to. Default `soft`. */
  readonly hard?: number
}

export interface DockerImageOptions {
  /** What the built image is called. */
  readonly tag: string
  /** The directory that is sent to Docker. Relative to the file of the definition. */
  readonly path: string
  /** Relative to `path`. Default `'Dockerfile'`. */
  readonly dockerfile?: string
  /** Arguments of the build (ARG). */
  readonly buildArgs?: Texts
  readonly buildargs?: Texts
  readonly labels?: Texts
  /** The stage to build. */
  readonly target?: string
  /** Images whose layers may be used again. */
  readonly cacheFrom?: OneOrMore<string>
  readonly networkMode?: string
  /** Names of hosts -> addresses. */
  readonly extraHosts?: Readonly<Record<string, string>>
  /** `'linux/arm64'`. */
  readonly platform?: string
  /** Uses no layers of builds before. */
  readonly noCache?: boolean
  readonly nocache?: boolean
  /** Asks for newer versions of the images it is built from. */
  readonly pull?: boolean
  readonly shmSize?: ByteSize
  readonly shmsize?: ByteSize
  /** Longest build. */
  readonly timeout?: DurationInput
}

type HostPort = number | string | null | readonly (number | string)[]

/** By port of the container, `{ '8080/tcp': 80 }` or `{ '8080/tcp': ['127.0.0.1', 80] }`; or `'80:8080'`, `'127.0.0.1:80:8080'`, one or a list. */
export type PortsInput = Readonly<Record<string, HostPort>> | OneOrMore<number | string | (Omit<PortDefinition, 'protocol'> & Partial<Pick<PortDefinition, 'protocol'>>)>

export interface DockerContainerOptions {
  /** A reference such as `'python:3.13'`, or what to build. */
  readonly image: string | DockerImageOptions
  /** What runs in it, split by the quoting rules of a shell and never run by one, or as words. The same as `startCommand` of the service. Default what the image says. */
  readonly command?: string | readonly [string, ...(string | number)[]] | StartCommand
  /** Default `taskflows-NAME`. */
  readonly name?: string
  /** Kept between runs with what it wrote. Default false: made anew for each run. */
  readonly persisted?: boolean
  /** When its image is asked for again. Default `'missing'`: only when it is not there. */
  readonly pull?: 'missing' | 'always' | 'never'
  /** The same as that of the service, since systemd starts it. */
  readonly restartPolicy?: RestartCondition | 'unless-stopped' | RestartPolicyOptions | null
  readonly ports?: PortsInput
  /** Every port that the image names is at one of the host that Docker chooses. */
  readonly publishAllPorts?: boolean
  /** Also as text: `'/srv/data:/data:ro'`. */
  readonly volumes?: OneOrMore<string | VolumeOptions>
  /** Containers whose volumes it has too; `'NAME:ro'`. */
  readonly volumesFrom?: OneOrMore<string>
  readonly volumeDriver?: string
  /** Directories in memory -> options such as `'size=64m'`, or `''`. */
  readonly tmpfs?: Readonly<Record<string, string>>
  /** Variables, besides `env` of the service. Those that look like secrets are kept out of the unit. */
  readonly env?: Texts
  /** The same. */
  readonly environment?: Texts
  /** A file of NAME=value lines, which Docker reads: quotes count as part of a value. */
  readonly envFile?: string
  /** `'bridge'`, `'host'`, `'none'`, `'container:NAME'` or the name of a network. */
  readonly networkMode?: string
  readonly network?: string
  /** Limits; those of the service count where this says nothing. */
  readonly cgroupConfig?: CgroupOptions
  readonly cgroup?: CgroupOptions
  /** A log besides the journal, which has everything anyway. Default none. */
  readonly logDriver?: string
  readonly logOptions?: Texts
  /** In place of the one of the image; the command follows it. */
  readonly entrypoint?: string | readonly (string | number)[]
  /** An account of the image. */
  readonly user?: string | number
  /** Absolute, in the container. */
  readonly workingDir?: string
  /** A small init is its first process. */
  readonly init?: boolean
  readonly tty?: boolean
  /** Size of /dev/shm. Default 64 MiB, by Docker. */
  readonly shmSize?: ByteSize
  /** Also as text: `'nofile=1024:2048'`. */
  readonly ulimits?: OneOrMore<string | UlimitOptions>
  readonly hostname?: string
  readonly domainname?: string
  readonly dns?: OneOrMore<string>
  readonly dnsOpt?: OneOrMore<string>
  readonly dnsSearch?: OneOrMore<string>
  /** Names of hosts -> addresses, or `'host-gateway'`. */
  readonly extraHosts?: Readonly<Record<string, string>>
  readonly macAddress?: string
  readonly pidMode?: string
  readonly ipcMode?: string
  readonly utsMode?: string
  readonly usernsMode?: string
  /** It may do on the host whatever root may. */
  readonly privileged?: boolean
  readonly groupAdd?: OneOrMore<string | number>
  readonly labels?: Texts
  readonly securityOpt?: OneOrMore<string>
  readonly sysctls?: Texts
  readonly storageOpt?: Texts
  /** GPUs: `'all'`, a number, `'device=0'`. */
  readonly deviceRequests?: OneOrMore<string>
  readonly gpus?: OneOrMore<string>
  readonly runtime?: string
  /** `'linux/arm64'`. */
  readonly platform?: string
}
