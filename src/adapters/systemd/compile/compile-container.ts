/**
 * A service in a container: systemd runs Docker's client in the foreground, and with it starts, stops and restarts the container,
 * has its output and its exit code.
 *
 *   ExecStartPre   nothing of ours is left of a run before   | persisted: the container is as its definition says
 *   ExecStart      docker run --rm IMAGE ARGV                | docker start --attach NAME
 *   ExecStop       docker stop, by the container's own signal and within stopTimeout
 *   ExecStopPost   the container is gone (or stopped), whatever ended the client: there never is a second one
 *
 * Containers of ours are found by the label `taskflows.owner`, never by name, so that nothing of anybody else is touched.
 * `container-flags.ts`, `container-limits.ts` and `container-variables.ts` have the flags.
 */
import { constants } from 'node:os'
import { containerName } from '../../../engines/services/container-name.ts'
import { isTemplate } from '../../../engines/services/look/service-units.ts'
import type { CgroupDefinition, ContainerDefinition, ServiceDefinition } from '../../../engines/services/service-definition.ts'
import { ValidationError } from '../../../kernel/errors.ts'
import { sliceUnit } from '../files/unit-names.ts'
import type { CompileHost, Compilation } from './compile-host.ts'
import { containerFlags, flag, pairs } from './container-flags.ts'
import { limitFlags } from './container-limits.ts'
import { type ContainerVariables, containerVariables, passedNames, variableFlags } from './container-variables.ts'
import { ensureMade, endOurs } from './container-scripts.ts'
import { type ExecWord, type UnitText, execLine, verbatim } from './unit-text.ts'

/** A service that runs in a container, with what follows from service and container together. */
export interface ContainerRun {
  readonly container: ContainerDefinition
  readonly limits: CgroupDefinition
  readonly variables: ContainerVariables
  /** Whole seconds from the stop to SIGKILL. */
  readonly stopSeconds: number
  /** Of the image's process. Empty: what the image says. */
  readonly argv: readonly string[]
}

export function containerRun(definition: ServiceDefinition): ContainerRun | undefined {
  const { name, environment: container, startCommand } = definition
  if (container?.kind !== 'docker') return undefined
  if (startCommand.kind === 'function') throw new ValidationError('service.invalid', `startCommand of ${name} is a function, which tf run calls on this host, and ${name} runs in a container`, { details: { field: 'startCommand' } })
  const limits = limitsOf(definition, container)
  return {
    container, limits, variables: containerVariables(definition, container, limits),
    stopSeconds: Math.ceil(limits.timeoutStop ?? definition.stopTimeout),
    argv: [...container.entrypoint?.slice(1) ?? [], ...(startCommand.kind === 'program' ? startCommand.argv : [])],
  }
}

function limitsOf({ cgroupConfig }: ServiceDefinition, container: ContainerDefinition): CgroupDefinition {
  const environment = { ...cgroupConfig?.environment, ...container.cgroupConfig?.environment }
  return { ...cgroupConfig, ...container.cgroupConfig, environment }
}

/** So that the client outlives `docker stop`. */
const secondsToStop = 10

/** The service as systemd sees it: Docker's client, which has no limits of its own (one of 16 MiB would end it, not the container). */
export function asClient(definition: ServiceDefinition, { limits, variables, stopSeconds }: ContainerRun, host: CompileHost): ServiceDefinition {
  const { cgroupConfig: _, ...rest } = definition
  const startTimeout = definition.startTimeout ?? limits.timeoutStart
  return {
    ...rest, ...(startTimeout !== undefined && { startTimeout }),
    env: { ...variables.passed, ...host.docker?.environment },
    stopTimeout: stopSeconds + secondsToStop,
    successExitStatus: cleanEnds(definition),
  }
}

/** Docker tells of a signal as 128 and its number. What systemd takes for a clean end of a program of its own is one here too. */
function cleanEnds({ killSignal, successExitStatus = [] }: ServiceDefinition): readonly (number | string)[] {
  const numberOf = (status: number | string): readonly number[] => {
    const signal = constants.signals[status as NodeJS.Signals]
    return signal === undefined ? [] : [128 + signal]
  }
  return [...new Set([...numberOf('SIGTERM'), ...numberOf(killSignal), ...successExitStatus.flatMap((status) => [status, ...numberOf(status)])])]
}

/** The lines around those that the definition has for the host. */
export interface ContainerLines {
  readonly pre: UnitText
  readonly start: UnitText
  readonly stop: UnitText
  readonly post: UnitText
}

export function containerLines(run: ContainerRun, compilation: Compilation): ContainerLines {
  const { definition, role } = compilation
  warnOfClient(compilation)
  const docker = dockerProgram(compilation)
  const { container, stopSeconds } = run
  const owner = ownerOf(compilation)
  const name = { unit: verbatim(nameOf(definition, container)) }
  const ours = (all: '' | '--all', ...verb: readonly string[]): UnitText => execLine(['/bin/sh', '-c', endOurs, docker, all, owner, ...verb])
  const stop = ours('', 'stop', '-t', String(stopSeconds))
  const made = [...identity(run, compilation), ...flagsOf(run, compilation), imageOf(container), ...run.argv]
  if (!container.persisted || role !== 'service') {
    const remove = ours('--all', 'rm', '--force', '--volumes')
    return { pre: remove, start: execLine([docker, 'run', '--rm', ...made]), stop, post: ignoringFailure(remove) }
  }
  const [variables, file, ofContainer] = [passedNames(run.variables).join(' '), definition.envFile ?? '/dev/null', container.envFile ?? '/dev/null']
  const followed = typeof container.image === 'string' && container.pull !== 'always' ? '' : imageOf(container)
  return {
    pre: execLine(['/bin/sh', '-c', ensureMade, docker, owner, variables, file, ofContainer, followed, ...made]),
    start: execLine([docker, 'start', '--attach', name]), stop, post: ignoringFailure(stop),
  }
}

/** Name and labels. `taskflows.owner` tells services of one Docker apart, also those of two accounts, and single runs of one service. */
function identity({ container }: ContainerRun, compilation: Compilation): readonly ExecWord[] {
  const { definition, host, role } = compilation
  const { name } = definition
  const label = (key: string, value: string): ExecWord => ({ unit: verbatim(`--label=taskflows.${key}=${value}`) })
  return [
    // Single runs get a name from Docker: theirs may hold colons.
    ...(role === 'service' ? [{ unit: verbatim(`--name=${nameOf(definition, container)}`) }] : []),
    label('service', instanceOf(name, '@')), label('scope', host.scope), { unit: verbatim(`--label=taskflows.owner=${ownerOf(compilation).unit}`) },
  ]
}

function flagsOf({ container, limits, variables, stopSeconds }: ContainerRun, compilation: Compilation): readonly string[] {
  const { definition: { killSignal, envFile }, host, role, warn } = compilation
  const files = [envFile, container.envFile].filter((file) => file !== undefined)
  return [
    ...containerFlags(container), ...flag('stop-timeout', stopSeconds), ...flag('stop-signal', killSignal === 'SIGTERM' ? undefined : killSignal),
    // The journal has all of it through the client; a log of Docker's own would hold it twice, and grow for ever.
    ...flag('log-driver', container.logDriver ?? host.docker?.logDriver ?? 'none'), ...pairs('log-opt', container.logOptions),
    ...limitFlags(limits, container, warn), ...flag('cgroup-parent', cgroupParent(compilation)), ...variableFlags(variables, files),
    ...flag('env', role === 'slot-service' ? 'TASKFLOWS_SLOT' : undefined),
  ]
}

const imageOf = ({ image }: ContainerDefinition): string => (typeof image === 'string' ? image : image.tag)

const nameOf = ({ name }: ServiceDefinition, container: ContainerDefinition): string => containerName(name, container, isTemplate(name) ? '%i' : undefined)

/** `worker@` in each of its instances; names of containers hold no @. */
const instanceOf = (name: string, before: '@' | '-'): string => (isTemplate(name) ? `${name.slice(0, -1)}${before}%i` : name)

/** `%U` is the account of the manager, 0 for that of the machine. */
function ownerOf({ definition: { name }, host: { scope }, role }: Compilation): { readonly unit: UnitText } {
  return { unit: verbatim(`${scope}/%U/${instanceOf(name, '@')}${role === 'service' ? '' : '/%i'}`) }
}

/** Where the limits of a slice hold the container: only systemd's own manager of the machine can be told, by a Docker that asks it. */
function cgroupParent({ definition: { slice }, host, warn }: Compilation): string | undefined {
  if (host.scope === 'system' && host.docker?.cgroupDriver === 'systemd') return slice === undefined ? 'system-taskflows.slice' : sliceUnit(slice)
  if (slice !== undefined) warn(`slice ${slice} holds Docker's client alone, not the container${host.scope === 'user' ? ': that is possible in scope system' : `, since Docker ${host.docker?.cgroupDriver === undefined ? 'did not say that it uses' : 'does not use'} systemd for cgroups`}`)
  return undefined
}

function dockerProgram({ host, warn }: Compilation): string {
  if (host.docker === undefined) warn('the program docker is not there')
  return host.docker?.program ?? '/usr/bin/docker'
}

function warnOfClient({ definition: { hardening, workingDirectory, restartPolicy }, warn }: Compilation): void {
  if (hardening !== 'none') warn(`hardening ${hardening} holds Docker's client alone; capDrop and readOnlyRootfs of cgroupConfig, and securityOpt of the container, hold the container`)
  if (workingDirectory !== undefined) warn('workingDirectory is that of commands on the host; that of the container is its workingDir')
  const { condition } = restartPolicy ?? {}
  if (condition === 'on-abort' || condition === 'on-abnormal') warn(`restartPolicy ${condition} never sees a signal of the container: Docker tells of it by an exit code, which on-failure sees`)
}

const ignoringFailure = (line: UnitText): UnitText => verbatim(`-${line}`)
