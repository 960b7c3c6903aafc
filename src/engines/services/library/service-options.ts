/**
 * What `new Service` takes, as types for people. `fields.ts` is the same as a
 * table, with ranges and defaults, and what it comes to is `service-definition.ts`.
 *
 * A duration is a number of seconds, or text such as `'5m'`; a size a number of
 * bytes, or text such as `'1.5GB'` (1024-based).
 */
import type { AnyFunction } from '../../../kernel/any-function.ts'
import type { DurationInput } from '../../../kernel/duration.ts'
import type { Calendar, CalendarOptions } from './calendar.ts'
import type { DockerContainerOptions } from './container-options.ts'
import type { FunctionCommand } from '../define/command.ts'
import type { Periodic, PeriodicOptions } from './periodic.ts'
import type { Operator, RestartCondition, ServiceScope, ServiceType } from '../service-definition.ts'
import type { serviceBrand } from '../define/service-brand.ts'

/** Bytes, or text such as `'512M'`. */
export type ByteSize = number | string

/**
 * A program with its arguments as text, split by the quoting rules of a shell and never run by one, or as words, taken
 * literally; `'file.ts#export'`, `fromModule(import.meta.url, 'name')` or an exported function (also a task), run by `tf run`.
 */
export type CommandInput = string | readonly [string, ...(string | number)[]] | FunctionCommand | { readonly file: string; readonly export: string } | AnyFunction

/** Text is a calendar: `'Mon..Fri 09:00 Europe/Berlin'`, `'daily 03:00'`. */
export type ScheduleInput = string | Calendar | Periodic | ({ readonly schedule: string } & CalendarOptions) | PeriodicOptions

/** One, or a list. */
export type OneOrMore<T> = T | readonly T[]

/** Names of services of ours, whole names of units such as `network-online.target`, or services. */
export type DependencyInput = OneOrMore<string | { readonly [serviceBrand]: true; readonly name: string }>

export interface RestartPolicyOptions {
  /** After which ends it is started again. Default `'on-failure'`. */
  readonly condition?: RestartCondition | 'unless-stopped'
  /** From the end to the next start. Default 0.1 s, by systemd. */
  readonly delay?: DurationInput
  /** Starts within `window` before systemd gives up. Default 5, by systemd. */
  readonly maxAttempts?: number
  /** Default 10 s, by systemd; with `maxAttempts` room for that many starts, each a minute and `delay` long. */
  readonly window?: DurationInput
}

export interface MemoryOptions {
  readonly amount: ByteSize
  /** How what there is compares to the amount. Default `'>='`. */
  readonly constraint?: Operator
  /** When it does not hold: true skips the start, false fails it. Default false. */
  readonly silent?: boolean
}

export interface CPUsOptions {
  readonly amount: number
  /** How what there is compares to the amount. Default `'>='`. */
  readonly constraint?: Operator
  /** When it does not hold: true skips the start, false fails it. Default false. */
  readonly silent?: boolean
}

export interface PressureOptions {
  /** Percent of the time in which something waited (PSI), 0 to 100. */
  readonly maxPercent: number | string
  /** Default `'5min'`. */
  readonly timespan?: '10sec' | '1min' | '5min'
  /** When it does not hold: true skips the start, false fails it. Default false. */
  readonly silent?: boolean
}

export type RequirementInput =
  | ({ readonly kind: 'memory' } & MemoryOptions)
  | ({ readonly kind: 'cpus' } & CPUsOptions)
  | ({ readonly kind: 'cpu_pressure' | 'memory_pressure' | 'io_pressure' } & PressureOptions)

/** Limits. Each is enforced, or `tf plan` names it as not enforceable in this scope. */
export interface CgroupOptions {
  /** Microseconds of CPU time per period, over all CPUs. */
  readonly cpuQuota?: number
  /** Microseconds. Default 100,000. */
  readonly cpuPeriod?: number
  /** Weight as Docker counts, normally 1024. */
  readonly cpuShares?: number
  /** Weight as systemd counts, normally 100, 1 to 10,000. Wins over `cpuShares`. */
  readonly cpuWeight?: number
  /** `'0-3'`, `'0,2'`. */
  readonly cpusetCpus?: string | number
  /** Beyond it the kernel kills. */
  readonly memoryLimit?: ByteSize
  /** Beyond it the kernel slows it down and takes memory back. */
  readonly memoryHigh?: ByteSize
  /** What it is expected to need: the soft limit of Docker. */
  readonly memoryReservation?: ByteSize
  /** Not taken back while others can give some. */
  readonly memoryLow?: ByteSize
  /** Never taken back. */
  readonly memoryMin?: ByteSize
  /** Memory and swap together, as in Docker. */
  readonly memorySwapLimit?: ByteSize
  /** Swap alone; 0 is none. */
  readonly memorySwapMax?: ByteSize
  /** 0 to 100. */
  readonly memorySwappiness?: number
  /** Weight as systemd counts, normally 100, 1 to 10,000. */
  readonly ioWeight?: number
  /** Weight as Docker counts, 10 to 1000. */
  readonly blkioWeight?: number
  /** Bytes per second, by device. */
  readonly deviceReadBps?: Readonly<Record<string, ByteSize>>
  readonly deviceWriteBps?: Readonly<Record<string, ByteSize>>
  /** Operations per second, by device. */
  readonly deviceReadIops?: Readonly<Record<string, number>>
  readonly deviceWriteIops?: Readonly<Record<string, number>>
  /** Processes and threads. */
  readonly pidsLimit?: number
  /** Open files per process. */
  readonly nofileLimit?: number
  /** -1000 (never) to 1000 (first). */
  readonly oomScoreAdj?: number
  readonly oomPolicy?: 'continue' | 'stop' | 'kill'
  readonly managedOomSwap?: 'auto' | 'kill'
  readonly managedOomMemoryPressure?: 'auto' | 'kill'
  /** Percent. */
  readonly managedOomMemoryPressureLimit?: number | string
  readonly managedOomPreference?: 'none' | 'avoid' | 'omit'
  readonly readOnlyRootfs?: boolean
  /** With or without `CAP_`; `ALL` for all. */
  readonly capDrop?: OneOrMore<string>
  readonly capAdd?: OneOrMore<string>
  /** `/dev/fuse`, or `/dev/fuse:rw`. */
  readonly devices?: OneOrMore<string>
  readonly deviceCgroupRules?: OneOrMore<string>
  readonly timeoutStart?: DurationInput
  readonly timeoutStop?: DurationInput
  readonly environment?: Readonly<Record<string, string | number | boolean>>
  readonly user?: string | number
  readonly group?: string | number
  readonly workingDir?: string
}

export interface WatchdogOptions {
  /** Within which the program must say that it lives. Default 30 s. */
  readonly interval?: DurationInput
  /** The same. */
  readonly intervalSeconds?: DurationInput
  /** Default true. */
  readonly restartOnHang?: boolean
  /** Which of its processes may speak for it. Default `'all'`. */
  readonly notifyAccess?: 'main' | 'exec' | 'all'
}

export interface HealthCheckOptions {
  /** Default by what else is there: `url`, `port` or `command`. */
  readonly kind?: 'http' | 'tcp' | 'exec'
  readonly url?: string
  /** http: the status that says well. Default any below 400. */
  readonly status?: number
  /** tcp. Default 127.0.0.1. */
  readonly host?: string
  readonly port?: number
  /** exec: well when it ends with 0. */
  readonly command?: CommandInput
  /** From the start until it must be well. Default 30 s. */
  readonly within?: DurationInput
  /** Between two looks. Default 0.5 s. */
  readonly interval?: DurationInput
  /** One look. Default 5 s. */
  readonly timeout?: DurationInput
}

export interface SecretOptions {
  readonly file: string
  /** By systemd-creds(1); system scope only. */
  readonly encrypted?: boolean
}

export interface VenvOptions {
  /** The conda environment, by name or path. */
  readonly envName: string
  /** The conda, mamba or micromamba to use, or the directory that holds it. Default: what is found, see docs/reference/services.md. */
  readonly customPath?: string
}

type DirectiveInput = Readonly<Record<string, OneOrMore<string | number | boolean>>>

export interface ServiceOptions {
  /** Letters, digits, dots, dashes and underscores; a trailing `@` makes a template. */
  readonly name: string
  /** Whose systemd runs it: that of the account, or that of the machine. Default `'user'`. */
  readonly scope?: ServiceScope
  readonly description?: string
  /** When it counts as started. Default `'notify'` with a watchdog, else `'exec'`: `'simple'` counts as started even when the program does not exist. */
  readonly type?: ServiceType
  /** Of a template: which there are. */
  readonly instances?: OneOrMore<string | number>

  /** What to run. In a container it may be left out: its `command`, or its image, says what. */
  readonly startCommand?: CommandInput
  /** The same. */
  readonly execStart?: CommandInput
  /** How to end it; else by `killSignal`. */
  readonly stopCommand?: CommandInput
  /** How it reads its configuration again while it runs. */
  readonly restartCommand?: CommandInput
  /** Run before; when one ends with 1 to 254 the start is skipped. */
  readonly execCondition?: OneOrMore<CommandInput>
  readonly execStartPre?: OneOrMore<CommandInput>
  readonly execStartPost?: OneOrMore<CommandInput>
  readonly execStopPost?: OneOrMore<CommandInput>
  /** Of `forking`. */
  readonly pidFile?: string

  readonly startSchedule?: OneOrMore<ScheduleInput>
  /** The same. */
  readonly schedule?: OneOrMore<ScheduleInput>
  readonly stopSchedule?: OneOrMore<ScheduleInput>
  readonly restartSchedule?: OneOrMore<ScheduleInput>
  /**
   * What a start by the schedule does while the run before goes on. `'queue'`: it waits for the end of that run, one at most.
   * `'skip'`: nothing. `'replace'`: it ends that run. `'allow'`: it begins beside that run. Default `'queue'`, by systemd.
   */
  readonly overlap?: 'skip' | 'queue' | 'replace' | 'allow'
  /**
   * What becomes of times of its calendars that passed while the machine or its systemd was down. `'none'`: nothing. `'last'`: one run for
   * the last of them. `'all'`: one run for each, by a server (`tf api start`), oldest first. Says for all calendars what `persistent` says of one.
   */
  readonly catchUp?: 'none' | 'last' | 'all'
  /** With `'all'`: how far back it goes, in seconds or as `'2 days'`. Default a day, at most a week. */
  readonly catchUpWindow?: DurationInput

  /** Where it runs: a Venv, a DockerContainer, or the name of an environment of `tf env`. A plain object of variables means `env`. */
  readonly environment?: string | VenvOptions | DockerContainerOptions | Readonly<Record<string, string | number | boolean>>
  /** The same, of a container. */
  readonly dockerContainer?: DockerContainerOptions
  /** Must exist. Relative to the directory of the definition. */
  readonly workingDirectory?: string
  /** Values that look like secrets go to a file that only the account can read, never into the unit. */
  readonly env?: Readonly<Record<string, string | number | boolean>>
  /** A file of NAME=value lines, below the home, the directory of the definition, /etc/taskflows or `allowedPaths`. */
  readonly envFile?: string
  /** Further directories that `envFile` may be in. */
  readonly allowedPaths?: OneOrMore<string>
  /** Files that the program finds at `$CREDENTIALS_DIRECTORY/NAME`, by name. */
  readonly secrets?: Readonly<Record<string, string | SecretOptions>>

  /** Starts at boot. Default false; timers of schedules are always enabled. */
  readonly enabled?: boolean
  /** Longest run. */
  readonly timeout?: DurationInput
  /** Longest start. Default 90 s, by systemd. */
  readonly startTimeout?: DurationInput
  /** From the stop to SIGKILL. Default 120 s. */
  readonly stopTimeout?: DurationInput
  /** Default SIGTERM. */
  readonly killSignal?: string | number
  /** Exit codes and signals that are no failure, besides 0. */
  readonly successExitStatus?: OneOrMore<string | number>
  /** Default `'no'`. */
  readonly restartPolicy?: RestartCondition | 'unless-stopped' | RestartPolicyOptions
  /** The same. */
  readonly restart?: RestartCondition | 'unless-stopped' | RestartPolicyOptions
  /** What must hold when it starts. */
  readonly startupRequirements?: OneOrMore<RequirementInput>
  /** The same. */
  readonly systemLoadConstraints?: OneOrMore<RequirementInput>
  readonly cgroupConfig?: CgroupOptions
  /** The same. */
  readonly cgroup?: CgroupOptions
  /** The program must say that it lives; a bare value is the interval. */
  readonly watchdog?: DurationInput | WatchdogOptions
  /** How `tf create` knows that it works, else it is rolled back; text is a URL. */
  readonly healthCheck?: string | HealthCheckOptions
  /** What `tf create` does with a running service that changed. Default `'restart'`. */
  readonly onChange?: 'restart' | 'reload' | 'keep'
  /** A profile of what it may not do (docs/guides/hardening.md). Default `'none'`. */
  readonly hardening?: 'none' | 'web' | 'batch'
  /** System scope only. */
  readonly user?: string | number
  /** System scope only. */
  readonly group?: string | number
  /** `'batch'` is batch.slice. */
  readonly slice?: string

  readonly startAfter?: DependencyInput
  readonly startBefore?: DependencyInput
  /** Starts these too; goes on when they fail. */
  readonly wants?: DependencyInput
  /** Keeps these running as long as it runs. */
  readonly upholds?: DependencyInput
  /** Starts these too, and fails when they fail. */
  readonly requires?: DependencyInput
  /** Fails unless these run already. */
  readonly requisite?: DependencyInput
  /** As `requires`, and stops when they stop. */
  readonly bindsTo?: DependencyInput
  /** Stops and restarts with these. */
  readonly partOf?: DependencyInput
  readonly conflicts?: DependencyInput
  /** Started when it fails. */
  readonly onFailure?: DependencyInput
  /** Started when it ends well. */
  readonly onSuccess?: DependencyInput
  readonly propagateStopTo?: DependencyInput
  readonly propagateStopFrom?: DependencyInput

  /** What systemd is to do beyond all this. */
  readonly directives?: { readonly [Section in 'Unit' | 'Service' | 'Timer' | 'Install']?: DirectiveInput }
}
