/**
 * The normal form of a service: what `new Service(...)`, a YAML file and a
 * request over the API are all read into (`read-definition.ts`), and the only
 * thing that compilers, plans and stores read.
 *
 * Plain data that survives JSON. Durations are seconds, sizes are bytes, lists
 * are lists, names in dependencies are names of services of ours or whole names
 * of units. What was not said is absent, so that systemd's own default holds.
 */
import type { CalendarSchedule, PeriodicSchedule } from './schedules.ts'

/** Whose systemd runs it: the manager of the account, or that of the machine (as root). */
export type ServiceScope = 'user' | 'system'

/** As in systemd.service(5). */
export type ServiceType = 'simple' | 'exec' | 'forking' | 'oneshot' | 'notify'

/** What to run: a program with its arguments, never a shell line; or an exported function, run by `tf run`. */
export type Command =
  | { readonly kind: 'program'; readonly argv: readonly [string, ...string[]] }
  /** `file` is absolute. */
  | { readonly kind: 'function'; readonly file: string; readonly export: string }

/** Of a container also what its image runs by itself. */
export type StartCommand = Command | { readonly kind: 'image' }

export type Schedule = CalendarSchedule | PeriodicSchedule

export type RestartCondition = 'no' | 'always' | 'on-success' | 'on-failure' | 'on-abnormal' | 'on-abort' | 'on-watchdog'

export interface RestartPolicyDefinition {
  readonly condition: RestartCondition
  /** Seconds between the end and the next start. */
  readonly delay?: number
  /** Starts within `window` before systemd gives up. */
  readonly maxAttempts?: number
  /** Seconds. */
  readonly window?: number
}

export type Operator = '<' | '<=' | '=' | '!=' | '>=' | '>'

/** What must hold when it starts. `silent`: else it is skipped; not silent: else the start fails. */
export type Requirement =
  | { readonly kind: 'memory'; readonly amount: number; readonly constraint: Operator; readonly silent: boolean }
  | { readonly kind: 'cpus'; readonly amount: number; readonly constraint: Operator; readonly silent: boolean }
  | { readonly kind: 'cpu_pressure' | 'memory_pressure' | 'io_pressure'; readonly maxPercent: number; readonly timespan: '10sec' | '1min' | '5min'; readonly silent: boolean }

/** Inventory A8: one object for systemd and for Docker. Sizes are bytes, times of the CPU microseconds. */
export interface CgroupDefinition {
  readonly cpuQuota?: number
  /** Default 100,000. */
  readonly cpuPeriod?: number
  readonly cpuShares?: number
  readonly cpuWeight?: number
  readonly cpusetCpus?: string
  readonly memoryLimit?: number
  readonly memoryHigh?: number
  readonly memoryReservation?: number
  readonly memoryLow?: number
  readonly memoryMin?: number
  /** Memory and swap together, as in Docker. */
  readonly memorySwapLimit?: number
  readonly memorySwapMax?: number
  readonly memorySwappiness?: number
  readonly ioWeight?: number
  readonly blkioWeight?: number
  readonly deviceReadBps?: Readonly<Record<string, number>>
  readonly deviceWriteBps?: Readonly<Record<string, number>>
  readonly deviceReadIops?: Readonly<Record<string, number>>
  readonly deviceWriteIops?: Readonly<Record<string, number>>
  readonly pidsLimit?: number
  readonly nofileLimit?: number
  readonly oomScoreAdj?: number
  readonly oomPolicy?: 'continue' | 'stop' | 'kill'
  readonly managedOomSwap?: 'auto' | 'kill'
  readonly managedOomMemoryPressure?: 'auto' | 'kill'
  /** Percent. */
  readonly managedOomMemoryPressureLimit?: number
  readonly managedOomPreference?: 'none' | 'avoid' | 'omit'
  readonly readOnlyRootfs?: boolean
  /** Without `CAP_`, in upper case; `ALL` for all. */
  readonly capDrop?: readonly string[]
  readonly capAdd?: readonly string[]
  /** `/dev/fuse`, or `/dev/fuse:rw`. */
  readonly devices?: readonly string[]
  readonly deviceCgroupRules?: readonly string[]
  readonly timeoutStart?: number
  readonly timeoutStop?: number
  readonly environment?: Readonly<Record<string, string>>
  readonly user?: string
  readonly group?: string
  readonly workingDir?: string
}

export interface WatchdogDefinition {
  /** Seconds within which the program must say that it lives. */
  readonly interval: number
  readonly restartOnHang: boolean
  readonly notifyAccess: 'main' | 'exec' | 'all'
}

/** Where its commands run. */
export type EnvironmentDefinition = VenvDefinition | ContainerDefinition | NamedEnvironmentDefinition

export interface VenvDefinition {
  readonly kind: 'venv'
  readonly envName: string
  /** The program to ask, or the directory that holds it. */
  readonly customPath?: string
}

/** An environment that the host knows by this name (`tf env`), as it is when units are made of it. */
export interface NamedEnvironmentDefinition {
  readonly kind: 'named'
  readonly name: string
}

/**
 * A container of Docker in which the start command runs; the other commands run on the host. Inventory A10. The names are
 * those of docker-run(1) in the words of the documents; what is not said is Docker's default.
 */
export interface ContainerDefinition {
  readonly kind: 'docker'
  /** A reference such as `python:3.13`, or what to build. */
  readonly image: string | ImageDefinition
  /** Default `taskflows-NAME`. */
  readonly name?: string
  /** Kept between runs with what it wrote: created once, then started and stopped. Default: made anew for each run. */
  readonly persisted: boolean
  /** `missing`: an image that is there is not asked for again. */
  readonly pull: 'missing' | 'always' | 'never'
  readonly ports?: readonly PortDefinition[]
  readonly publishAllPorts?: boolean
  readonly volumes?: readonly VolumeDefinition[]
  readonly volumesFrom?: readonly string[]
  readonly volumeDriver?: string
  /** Directories in memory: path -> options, perhaps empty. */
  readonly tmpfs?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** Absolute. */
  readonly envFile?: string
  /** `bridge`, `host`, `none`, `container:NAME`, or the name of a network. */
  readonly networkMode?: string
  /** Limits; those of the service count where this says nothing. */
  readonly cgroupConfig?: CgroupDefinition
  readonly logDriver?: string
  readonly logOptions?: Readonly<Record<string, string>>
  readonly entrypoint?: readonly string[]
  readonly user?: string
  /** In the container. */
  readonly workingDir?: string
  readonly init?: boolean
  readonly tty?: boolean
  /** Bytes. */
  readonly shmSize?: number
  readonly ulimits?: readonly UlimitDefinition[]
  readonly hostname?: string
  readonly domainname?: string
  readonly dns?: readonly string[]
  readonly dnsOpt?: readonly string[]
  readonly dnsSearch?: readonly string[]
  /** Host name -> address. */
  readonly extraHosts?: Readonly<Record<string, string>>
  readonly macAddress?: string
  readonly pidMode?: string
  readonly ipcMode?: string
  readonly utsMode?: string
  readonly usernsMode?: string
  readonly privileged?: boolean
  readonly groupAdd?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly securityOpt?: readonly string[]
  readonly sysctls?: Readonly<Record<string, string>>
  readonly storageOpt?: Readonly<Record<string, string>>
  readonly deviceRequests?: readonly string[]
  readonly runtime?: string
  readonly platform?: string
}

export interface PortDefinition {
  readonly container: number
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  /** Default one that Docker chooses. */
  readonly host?: number
  /** Address of the host. Default all. */
  readonly ip?: string
}

export interface VolumeDefinition {
  /** An absolute path of the host, or the name of a volume of Docker. */
  readonly hostPath: string
  /** Absolute, in the container. */
  readonly containerPath: string
  readonly readOnly: boolean
}

export interface UlimitDefinition {
  /** As in docker-run(1), such as `nofile`. */
  readonly name: string
  readonly soft: number
  readonly hard: number
}

/** What to build an image from, by `docker build`. */
export interface ImageDefinition {
  /** The reference that the built image gets. */
  readonly tag: string
  /** Absolute: the directory that is sent to Docker. */
  readonly path: string
  /** Relative to `path`. Default `Dockerfile`. */
  readonly dockerfile: string
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly target?: string
  readonly cacheFrom?: readonly string[]
  readonly networkMode?: string
  readonly extraHosts?: Readonly<Record<string, string>>
  readonly platform?: string
  readonly noCache?: boolean
  /** Asks for newer versions of the images it is built from. */
  readonly pull?: boolean
  /** Bytes. */
  readonly shmSize?: number
  /** Seconds. */
  readonly timeout?: number
}

/** How to know that it works once it was started. */
export interface HealthCheck {
  readonly kind: 'http' | 'tcp' | 'exec'
  /** http: a URL. */
  readonly url?: string
  /** http: the status that says well. Default any below 400. */
  readonly status?: number
  /** tcp: default 127.0.0.1. */
  readonly host?: string
  readonly port?: number
  /** exec: well when it ends with 0. */
  readonly command?: Command
  /** Seconds from the start until it must be well. Default 30. */
  readonly within: number
  /** Seconds between two looks. Default 0.5. */
  readonly interval: number
  /** Seconds one look may take. Default 5. */
  readonly timeout: number
}

/** A file that only the manager reads; the program finds its content at `$CREDENTIALS_DIRECTORY/<name>`. */
export interface SecretDefinition {
  /** Absolute. */
  readonly file: string
  /** By systemd-creds(1); system scope only. */
  readonly encrypted?: boolean
}

/** What systemd is to do beyond all fields here: section -> directive -> values, in order. */
export type Directives = Readonly<Record<'Unit' | 'Service' | 'Timer' | 'Install', Readonly<Record<string, readonly string[]>>>>

export interface ServiceDefinition {
  /** `web`; `worker@` for a template. */
  readonly name: string
  readonly scope: ServiceScope
  readonly description?: string
  readonly type: ServiceType
  /** Of a template: `['1', '2']`. */
  readonly instances?: readonly string[]

  readonly startCommand: StartCommand
  readonly stopCommand?: Command
  /** ExecReload=. */
  readonly restartCommand?: Command
  readonly execCondition?: readonly Command[]
  readonly execStartPre?: readonly Command[]
  readonly execStartPost?: readonly Command[]
  readonly execStopPost?: readonly Command[]
  /** Absolute; of `forking`. */
  readonly pidFile?: string

  readonly startSchedule?: readonly Schedule[]
  readonly stopSchedule?: readonly Schedule[]
  readonly restartSchedule?: readonly Schedule[]
  /** What a start by the schedule does while the run before goes on. Default queue, which is what systemd does. */
  readonly overlap?: 'skip' | 'queue' | 'replace' | 'allow'
  /** What becomes of times of its calendars that passed while the machine or its systemd was down. Default as their `persistent` says: `last` or `none`. */
  readonly catchUp?: 'none' | 'last' | 'all'
  /** Seconds: `all` goes back no further. Default a day, at most a week. */
  readonly catchUpWindow?: number

  readonly environment?: EnvironmentDefinition
  /** Absolute. */
  readonly workingDirectory?: string
  /** Values under names that look like secrets go to a file that only the account can read, never into the unit. */
  readonly env?: Readonly<Record<string, string>>
  /** Absolute. */
  readonly envFile?: string
  /** Absolute directories that `envFile` may be in, besides those it always may. */
  readonly allowedPaths?: readonly string[]
  readonly secrets?: Readonly<Record<string, SecretDefinition>>

  /** Starts at boot. */
  readonly enabled: boolean
  /** Longest run, in seconds. */
  readonly timeout?: number
  readonly startTimeout?: number
  /** From the stop to SIGKILL, in seconds. Default 120. */
  readonly stopTimeout: number
  readonly killSignal: string
  /** Exit codes and signals that are no failure, besides 0. */
  readonly successExitStatus?: readonly (number | string)[]
  readonly restartPolicy?: RestartPolicyDefinition
  readonly startupRequirements?: readonly Requirement[]
  readonly cgroupConfig?: CgroupDefinition
  readonly watchdog?: WatchdogDefinition
  readonly healthCheck?: HealthCheck
  /** What to do with a running service whose unit changed. Default restart. */
  readonly onChange: 'restart' | 'reload' | 'keep'
  readonly hardening: 'none' | 'web' | 'batch'
  /** System scope only. */
  readonly user?: string
  readonly group?: string
  /** `batch` is `batch.slice`. */
  readonly slice?: string

  readonly startAfter?: readonly string[]
  readonly startBefore?: readonly string[]
  readonly wants?: readonly string[]
  readonly upholds?: readonly string[]
  readonly requires?: readonly string[]
  readonly requisite?: readonly string[]
  readonly bindsTo?: readonly string[]
  readonly partOf?: readonly string[]
  readonly conflicts?: readonly string[]
  readonly onFailure?: readonly string[]
  readonly onSuccess?: readonly string[]
  readonly propagateStopTo?: readonly string[]
  readonly propagateStopFrom?: readonly string[]

  readonly directives?: Partial<Directives>
  /** The file that defines it, for people. Not part of what it is: two definitions that differ in this alone are the same. */
  readonly source?: string
}
