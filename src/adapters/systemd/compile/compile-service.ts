/**
 * Compiles a definition to the text of its units. The same definition gives the
 * same text, byte for byte, on the same machine: no clock, no bus, and of the disk
 * only where programs are (`CompileHost`). Each family of fields has a file
 * beside this one; `unit-text.ts` makes values safe.
 */
import type { ServiceDefinition } from '../../../engines/services/service-definition.ts'
import type { CompiledService, UnitFile, UnitRole } from '../../../engines/services/service-manager.ts'
import { isTemplate } from '../../../engines/services/look/service-units.ts'
import { ValidationError } from '../../../kernel/errors.ts'
import { accounting, cgroupDirectives } from './compile-cgroup.ts'
import { asClient, containerRun } from './compile-container.ts'
import { dependencyDirectives } from './compile-dependencies.ts'
import { withDirectives } from './compile-directives.ts'
import { environmentDirectives, secretEnvText } from './compile-environment.ts'
import { execDirectives } from './compile-exec.ts'
import type { CompileHost, Compilation } from './compile-host.ts'
import { definitionHash } from './definition-hash.ts'
import { ownershipKeys } from '../files/unit-ownership.ts'
import { requirementDirectives } from './compile-requirements.ts'
import { restartDirectives, startLimitDirectives, timeoutDirectives } from './compile-restart.ts'
import { withinScope } from './compile-scope.ts'
import { newRun, runsSideBySide, scheduledVerb, singleRun, startUnitDirectives } from './compile-overlap.ts'
import { timerDirectives } from './compile-timer.ts'
import { hardeningDirectives } from './hardening.ts'
import { sliceUnit, unitName } from '../files/unit-names.ts'
import { type UnitSection, type UnitSections, literal, renderUnit, timeSpan, verbatim } from './unit-text.ts'

/** @throws `service.invalid`, `service.unsafe` */
export function compileService(definition: ServiceDefinition, host: CompileHost): CompiledService {
  return compile(definition, host, (compilation) => [serviceUnit(compilation), ...runUnits(compilation), ...timerUnits(compilation)])
}

/** Only the template of runs that make up for times of its schedule: it is there while they run. @throws the same */
export function compileSlots(definition: ServiceDefinition, host: CompileHost): CompiledService {
  return compile(definition, host, (compilation) => [serviceUnit({ ...compilation, role: 'slot-service' })])
}

function compile(definition: ServiceDefinition, host: CompileHost, unitsOf: (compilation: Compilation) => readonly UnitFile[]): CompiledService {
  const warnings = new Set<string>()
  const container = containerRun(definition)
  const compilation: Compilation = {
    definition: container ? asClient(definition, container, host) : definition, ...(container && { container }),
    role: 'service', host, hash: definitionHash(definition), warn: (text) => warnings.add(text),
  }
  const units = unitsOf(compilation)
  const secretText = secretEnvText(compilation.definition, host)
  return {
    definition, units, warnings: [...warnings],
    ...(secretText !== undefined && { secretEnv: { path: host.secretEnvPath(definition.name), text: secretText } }),
  }
}

/** Of a service whose runs may go on side by side: the template of those that its schedule begins. */
function runUnits(compilation: Compilation): readonly UnitFile[] {
  return runsSideBySide(compilation.definition) ? [serviceUnit({ ...compilation, role: 'run-service' })] : []
}

function serviceUnit(compilation: Compilation): UnitFile {
  const { definition, host, role } = compilation
  const isService = role === 'service'
  const profile = hardeningDirectives(definition, host.scope)
  warnOfHiddenProgram(compilation, profile)
  const sections: UnitSections = {
    Unit: {
      Description: description(definition.description ?? definition.name),
      ...ownershipKeys(definition, role, compilation.hash),
      ...(!isService && singleRun),
      ...dependencyDirectives(definition),
      ...requirementDirectives(definition.startupRequirements),
      ...startLimitDirectives(compilation),
    },
    Service: {
      ...typeDirectives(definition),
      ...accountDirectives(definition),
      ...environmentDirectives(compilation),
      ...execDirectives(compilation),
      ...endDirectives(definition),
      ...timeoutDirectives(compilation),
      ...restartDirectives(compilation),
      ...outputDirectives(definition),
      ...profile,
      ...cgroupDirectives(compilation),
    },
    Install: isService ? { WantedBy: verbatim(host.scope === 'system' ? 'multi-user.target' : 'default.target') } : {},
  }
  const { Timer: _, Install, ...inBoth } = definition.directives ?? {}
  const extra = isService && Install ? { ...inBoth, Install } : inBoth
  return unitFile(definition, role, withDirectives(unitName(definition.name, role), withinScope(sections, compilation), extra, { ...profile, ...chosenFor(definition), ...sections.Install }))
}

/** Whoever tries a profile out often does so below /tmp. */
function warnOfHiddenProgram({ definition: { name, hardening, startCommand }, container, warn }: Compilation, profile: UnitSection): void {
  if (container || startCommand.kind === 'image') return
  const program = startCommand.kind === 'program' ? startCommand.argv[0] : startCommand.file
  if (profile['PrivateTmp'] === true && /^\/(?:var\/)?tmp\//.test(program)) warn(`hardening ${hardening} gives ${name} a /tmp of its own, in which ${program} is not`)
}

function typeDirectives({ name, type, watchdog, pidFile, environment }: ServiceDefinition): UnitSection {
  if (watchdog && (type === 'forking' || type === 'oneshot')) {
    throw new ValidationError('service.invalid', `watchdog of ${name}: a service of type ${type} cannot say that it lives`, { details: { field: 'watchdog' }, hint: 'Use type notify, or leave out the type.' })
  }
  const effective = watchdog ? 'notify' : type
  return {
    Type: verbatim(effective),
    // systemd-notify(1), and what an environment runs, are not the main process.
    NotifyAccess: effective === 'notify' ? verbatim(environment ? 'all' : watchdog?.notifyAccess ?? 'all') : undefined,
    WatchdogSec: watchdog && timeSpan(watchdog.interval),
    PIDFile: pidFile === undefined ? undefined : literal(pidFile),
  }
}

function accountDirectives({ user, group, workingDirectory, slice, cgroupConfig = {} }: ServiceDefinition): UnitSection {
  const text = (value: string | undefined) => (value === undefined ? undefined : literal(value))
  return {
    User: text(user ?? cgroupConfig.user),
    Group: text(group ?? cgroupConfig.group),
    WorkingDirectory: text(workingDirectory ?? cgroupConfig.workingDir),
    Slice: slice === undefined ? undefined : verbatim(sliceUnit(slice)),
  }
}

function endDirectives({ killSignal, successExitStatus = [] }: ServiceDefinition): UnitSection {
  return {
    KillSignal: verbatim(killSignal),
    SuccessExitStatus: successExitStatus.length === 0 ? undefined : verbatim(successExitStatus.join(' ')),
  }
}

/** What no field says, so that `directives` may. */
function chosenFor(definition: ServiceDefinition): UnitSection {
  const { NotifyAccess } = typeDirectives(definition)
  return { ...accounting, ...outputDirectives(definition), ...(definition.watchdog === undefined && { NotifyAccess }) }
}

function outputDirectives({ name }: ServiceDefinition): UnitSection {
  return {
    StandardOutput: verbatim('journal'),
    StandardError: verbatim('journal'),
    SyslogIdentifier: verbatim(instanceName(name)),
  }
}

/** The pairs of a service that has schedules. */
function timerUnits(compilation: Compilation): readonly UnitFile[] {
  const { definition } = compilation
  const { startSchedule = [], stopSchedule = [], restartSchedule = [] } = definition
  if (startSchedule.length === 0 && definition.directives?.Timer) {
    throw new ValidationError('service.invalid', `directives: [Timer] of ${definition.name} has no timer to be in, since there is no startSchedule`, { details: { field: 'directives.Timer' } })
  }
  const through = scheduledVerb(definition)
  return [
    ...(startSchedule.length === 0 ? [] : [...(through === undefined ? [] : [verbUnit(compilation, 'start')]), timerUnit(compilation, 'timer', startSchedule)]),
    ...(stopSchedule.length === 0 ? [] : [verbUnit(compilation, 'stop'), timerUnit(compilation, 'stop-timer', stopSchedule)]),
    ...(restartSchedule.length === 0 ? [] : [verbUnit(compilation, 'restart'), timerUnit(compilation, 'restart-timer', restartSchedule)]),
  ]
}

const timers = {
  'timer': { title: 'Starts', triggers: 'service' },
  'stop-timer': { title: 'Timer that stops', triggers: 'stop-service' },
  'restart-timer': { title: 'Timer that restarts', triggers: 'restart-service' },
} as const satisfies Partial<Record<UnitRole, { readonly title: string; readonly triggers: UnitRole }>>

function timerUnit(compilation: Compilation, role: keyof typeof timers, schedules: NonNullable<ServiceDefinition['startSchedule']>): UnitFile {
  const { definition } = compilation
  const { title, triggers } = timers[role]
  const sections: UnitSections = {
    Unit: { Description: description(`${title} ${definition.name}`), ...ownershipKeys(definition, role, compilation.hash) },
    Timer: timerDirectives(schedules, { unit: reference(definition.name, role === 'timer' && scheduledVerb(definition) ? 'start-service' : triggers), atOnce: role === 'timer' }, compilation),
    Install: { WantedBy: verbatim('timers.target') },
  }
  const { Timer } = definition.directives ?? {}
  return unitFile(definition, role, withDirectives(unitName(definition.name, role), sections, role === 'timer' && Timer ? { Timer } : {}))
}

const deeds = { start: 'Starts', stop: 'Stops', restart: 'Restarts' } as const

/** What a timer starts that does not start the service itself: it asks the same systemd. */
function verbUnit({ definition, host, hash }: Compilation, role: keyof typeof deeds): UnitFile {
  const target = reference(definition.name, 'service')
  const argv = [host.systemctl, ...(host.scope === 'user' ? ['--user'] : []), ...deedOf(definition, role, target)]
  return unitFile(definition, `${role}-service`, {
    Unit: {
      Description: description(`${deeds[role]} ${definition.name}${role === 'start' ? ' by its schedule' : ''}`),
      ...ownershipKeys(definition, `${role}-service`, hash),
      ...(role === 'start' && startUnitDirectives(target)),
    },
    // Of a template the target holds %i, so it is no literal; names of units need no quotes.
    Service: { Type: verbatim('oneshot'), ExecStart: verbatim(argv.join(' ')) },
  })
}

function deedOf(definition: ServiceDefinition, role: keyof typeof deeds, target: string): readonly string[] {
  const runsOf = (instance: string): string => unitName(definition.name, 'run-service').replace('@.', `@${instance}.`)
  switch (role) {
    case 'start': return runsSideBySide(definition) ? ['--no-block', 'start', runsOf(newRun)] : ['--no-block', scheduledVerb(definition)!, target]
    case 'stop': return runsSideBySide(definition) ? ['stop', target, runsOf('*')] : ['stop', target]
    case 'restart': return ['restart', target]
    default: return role satisfies never
  }
}

function unitFile(definition: ServiceDefinition, role: UnitRole, sections: UnitSections): UnitFile {
  const unit = unitName(definition.name, role)
  return { unit, service: definition.name, role, text: renderUnit(unit, sections) }
}

/** A unit as the others of its service name it: those of a template mean their own instance. */
const reference = (name: string, role: UnitRole): string => unitName(name, role).replace('@.', '@%i.')

/** `worker@` as an instance of it knows itself. */
const instanceName = (name: string): string => (isTemplate(name) ? `${name}%i` : name)

const description = (text: string) => literal(text.trim())
