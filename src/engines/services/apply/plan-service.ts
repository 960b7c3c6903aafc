/**
 * What applying one service would change. Pure: the disk, the manager and the
 * versions were read before. `apply-services.ts` does what it says.
 */
import { driftOf, isEnabled } from '../look/drift.ts'
import { judgeChange } from './judge-change.ts'
import { nextRunsOf, neverRuns } from '../look/next-runs.ts'
import type { CompiledService, InstalledUnit, UnitFile, UnitState } from '../service-manager.ts'
import type { ServiceScope } from '../service-definition.ts'
import { isTimer, unitsOf } from '../look/service-units.ts'
import type { ApplyOptions, FileChange, ServiceChange } from '../services.ts'
import { factsOf, firstOf } from '../look/unit-facts.ts'
import type { ContainerFacts } from './look-at-containers.ts'
import { imageSteps, imageWarnings, mustStopFirst, outdated } from './plan-container.ts'
import { unitDiff } from './unit-diff.ts'
import type { AppliedVersion } from '../versions.ts'

/** How a service stands before it is applied. */
export interface Situation {
  readonly name: string
  readonly scope: ServiceScope
  /** Its units on disk. */
  readonly installed: readonly InstalledUnit[]
  /** Of all units that the manager has loaded. */
  readonly states: ReadonlyMap<string, UnitState>
  readonly applied: AppliedVersion | undefined
  /** What the file of its secret values holds. */
  readonly secretText: string | null
  /** Its image and its containers; absent for one that never had any. */
  readonly container?: ContainerFacts
}

export type Step = ServiceChange['steps'][number]

/** A service with what is to become of it. */
export interface PlannedService {
  readonly change: ServiceChange
  /** As it will be; null for one that goes. */
  readonly compiled: CompiledService | null
  readonly situation: Situation
  /** Whether its files change, or an apply of them was cut short: systemd must read it again, and it is a new version. */
  readonly rewritten: boolean
}

const order = ['pull', 'build', 'stop', 'disable', 'enable', 'start', 'restart', 'reload', 'keep'] as const satisfies readonly Step['verb'][]

export function planService(compiled: CompiledService, situation: Situation, { start, nowMs }: Pick<ApplyOptions, 'start'> & { readonly nowMs: number }): PlannedService {
  const { definition } = compiled
  const files = fileChanges(compiled.units, situation.installed)
  const rewritten = files.length > 0 || isUnfinished(compiled, situation)
  const steps = [
    ...(situation.container ? imageSteps(situation.container) : []),
    ...leavingSteps(compiled, situation), ...enablementSteps(compiled, situation), ...timerSteps(compiled, situation, start),
    ...serviceSteps(compiled, situation, { changed: rewritten, start }),
  ].sort((one, other) => order.indexOf(one.verb) - order.indexOf(other.verb))
  const acts = steps.some(({ verb }) => verb !== 'keep')
  const change: ServiceChange = {
    name: definition.name, scope: definition.scope, files, steps,
    action: situation.installed.length === 0 ? 'create' : rewritten || acts ? 'update' : 'none',
    nextRuns: nextRunsOf(definition.startSchedule ?? [], 3, nowMs),
    drift: [...driftOf(situation.installed, situation.applied, new Map(compiled.units.map(({ unit, text }) => [unit, text]))), ...strangerDrift(situation)],
    warnings: [...compiled.warnings, ...(situation.container ? imageWarnings(situation.container) : []), ...pastSchedules(compiled, nowMs)],
  }
  return { change, compiled, situation, rewritten }
}

/** The end of a service: it stops, and its files go. */
export function planRemoval(situation: Situation, why: string): PlannedService {
  const { name, scope, installed, states, applied } = situation
  const units = installed.flatMap(({ unit, role }) => instancesOn(unit, states, applied).map((instance) => ({ unit: instance, role })))
  const steps = [
    ...units.filter(({ unit }) => states.has(unit)).map(({ unit }): Step => ({ verb: 'stop', unit, why })),
    ...units.filter(({ role }) => isEnabled(role, true)).map(({ unit }): Step => ({ verb: 'disable', unit, why })),
  ]
  const files = installed.map(({ unit, role, text }): FileChange => ({ unit, role, action: 'remove', diff: unitDiff(unit, text, null) }))
  const change: ServiceChange = { name, scope, action: 'remove', files, steps, nextRuns: [], drift: driftOf(installed, applied), warnings: [] }
  return { change, compiled: null, situation, rewritten: true }
}

function fileChanges(units: readonly UnitFile[], installed: readonly InstalledUnit[]): FileChange[] {
  const onDisk = new Map(installed.map((file) => [file.unit, file]))
  const meant = new Set(units.map(({ unit }) => unit))
  return [
    ...units.flatMap(({ unit, role, text }): FileChange[] => {
      const now = onDisk.get(unit)?.text ?? null
      return now === text ? [] : [{ unit, role, action: now === null ? 'create' : 'update', diff: unitDiff(unit, now, text) }]
    }),
    ...installed.filter(({ unit }) => !meant.has(unit)).map(({ unit, role, text }): FileChange => ({ unit, role, action: 'remove', diff: unitDiff(unit, text, null) })),
  ]
}

/** The disk may be as it should be, and yet the manager not know of it, when an apply was cut short. */
function isUnfinished({ units, secretEnv }: CompiledService, { applied, secretText }: Situation): boolean {
  if (applied === undefined || (secretEnv?.text ?? null) !== secretText) return true
  const then = new Map(applied.units.map(({ unit, text }) => [unit, text]))
  return units.length !== then.size || units.some(({ unit, text }) => then.get(unit) !== text)
}

function strangerDrift({ installed, applied }: Situation): string[] {
  return installed.length > 0 && applied === undefined ? ['no version of it is kept here: it was applied from another home, or an apply did not come to its end'] : []
}

/** Timers and instances that there are no more. */
function leavingSteps({ definition, units }: CompiledService, { installed, states, applied }: Situation): Step[] {
  const meant = new Set(units.map(({ unit }) => unit))
  const before = applied?.definition.instances ?? []
  const timers = installed.filter(({ unit, role }) => isTimer(role) && !meant.has(unit)).flatMap(({ unit }) => unitsOf(unit, before))
  const left = before.filter((instance) => !definition.instances?.includes(instance))
  const instances = units.filter(({ role }) => role === 'service' || isTimer(role)).flatMap(({ unit }) => (unit.includes('@.') ? unitsOf(unit, left) : []))
  const steps = (gone: readonly string[], why: string): Step[] => gone.flatMap((unit): Step[] => [
    ...(states.has(unit) ? [{ verb: 'stop', unit, why } as const] : []), { verb: 'disable', unit, why },
  ])
  return [...steps(timers, 'the schedule is no more'), ...steps(instances, 'the instance is no more')]
}

function enablementSteps({ definition, units }: CompiledService, { installed, applied }: Situation): Step[] {
  const onDisk = new Map(installed.map((file) => [file.unit, file]))
  const newInstances = (definition.instances ?? []).some((instance) => !applied?.definition.instances?.includes(instance))
  return units.flatMap(({ unit, role }): Step[] => {
    const wanted = isEnabled(role, definition.enabled)
    const is = onDisk.get(unit)?.enabled ?? false
    if (wanted === undefined || (wanted === is && !(wanted && newInstances && unit.includes('@.')))) return []
    const isNew = !onDisk.has(unit)
    const byHand = applied !== undefined && !isNew && isEnabled(role, applied.definition.enabled) === wanted && wanted !== is
    const why = byHand ? `is ${is ? 'enabled' : 'disabled'} now` : !wanted ? 'does not start at boot any more' : isTimer(role) ? 'keeps its schedule after a boot' : 'starts at boot'
    return unitsOf(unit, definition.instances ?? []).map((each) => ({ verb: wanted ? 'enable' : 'disable', unit: each, why }))
  })
}

function timerSteps({ definition, units }: CompiledService, { installed, states }: Situation, start: boolean | undefined): Step[] {
  const onDisk = new Map(installed.map((file) => [file.unit, file]))
  return units.filter(({ role }) => isTimer(role)).flatMap(({ unit, text }) => unitsOf(unit, definition.instances ?? []).flatMap((each): Step[] => {
    const before = onDisk.get(unit)
    if (states.get(each)?.activeState !== 'active') return start === false ? [] : [{ verb: 'start', unit: each, why: before ? 'does not run' : 'begins its schedule' }]
    if (before === undefined || before.text === text) return []
    // systemd would have it wait for the end of what it started before, without looking.
    if (triggered(before.text) !== triggered(text)) return [{ verb: 'restart', unit: each, why: 'starts another unit' }]
    return [{ verb: 'keep', unit: each, why: judgeChange(before.text, text).why.replace(/ changed$/, ' changed: the timer goes by it without a restart') }]
  }))
}

const triggered = (timer: string): string | undefined => firstOf(factsOf(timer), 'Timer.Unit')

function serviceSteps(compiled: CompiledService, situation: Situation, { changed, start }: { readonly changed: boolean; readonly start: boolean | undefined }): Step[] {
  const file = compiled.units.find(({ role }) => role === 'service')
  if (file === undefined) return []
  return unitsOf(file.unit, compiled.definition.instances ?? []).flatMap((unit): Step[] => {
    const step = isRunning(situation.states.get(unit)) ? runningStep(compiled, situation, file, unit) : startStep(compiled, situation, unit, { changed, start })
    if (step === undefined) return []
    return step.verb === 'restart' && situation.container && mustStopFirst(compiled, situation.container) ? [{ ...step, verb: 'stop' }, { ...step, verb: 'start' }] : [step]
  })
}

export function isRunning(state: UnitState | undefined): boolean {
  return ['active', 'activating', 'reloading'].includes(state?.activeState ?? '')
}

export function isScheduled({ definition }: CompiledService): boolean {
  return (definition.startSchedule ?? []).length > 0
}

function runningStep(compiled: CompiledService, situation: Situation, file: UnitFile, unit: string): Step | undefined {
  const { definition } = compiled
  const verdict = verdictOn(compiled, situation, file)
  if (verdict === undefined) return undefined
  const keep = (why: string): Step => ({ verb: 'keep', unit, why })
  if (!verdict.restart) return keep(verdict.why)
  if (isScheduled(compiled)) return keep(`${verdict.why}, and it runs now as a scheduled job: the change holds from its next run`)
  if (definition.type === 'oneshot') return keep(`${verdict.why}, and it runs now: the change holds from its next run`)
  if (definition.onChange === 'keep') return keep(`${verdict.why}, and onChange is keep: the change holds from its next start`)
  return { verb: definition.onChange === 'reload' ? 'reload' : 'restart', unit, why: verdict.why }
}

/** By what is on disk, and by what was applied: after an apply that was cut short what runs is still the version before. */
function verdictOn(compiled: CompiledService, { installed, applied, secretText, container }: Situation, file: UnitFile): { restart: boolean; why: string } | undefined {
  const texts = [installed, applied?.units ?? []].flatMap((units) => units.filter(({ unit }) => unit === file.unit).map(({ text }) => text))
  const verdicts = texts.filter((text) => text !== file.text).map((text) => judgeChange(text, file.text))
  if (verdicts.some(({ restart }) => restart)) return verdicts.find(({ restart }) => restart)
  if ((compiled.secretEnv?.text ?? null) !== secretText) return { restart: true, why: 'a secret value changed' }
  const why = container && outdated(compiled, container)
  return why === undefined ? verdicts[0] : { restart: true, why }
}

function startStep(compiled: CompiledService, { installed, states }: Situation, unit: string, { changed, start }: { readonly changed: boolean; readonly start: boolean | undefined }): Step | undefined {
  const { definition } = compiled
  if (start === true) return { verb: 'start', unit, why: 'was asked for' }
  if (start === false || !definition.enabled || isScheduled(compiled)) return undefined
  if (installed.length === 0) return { verb: 'start', unit, why: 'is new' }
  // What ran and ended by itself is left alone, and so is what a person stopped, until it changes.
  if (!changed || (definition.type === 'oneshot' && states.get(unit)?.activeState !== 'failed')) return undefined
  return { verb: 'start', unit, why: 'does not run' }
}

/** The units that an installed file stands for: those of a template are what was applied, and what the manager has. */
function instancesOn(unit: string, states: ReadonlyMap<string, UnitState>, applied: AppliedVersion | undefined): string[] {
  if (!unit.includes('@.')) return [unit]
  const [head, tail] = unit.split('@') as [string, string]
  const loaded = [...states.keys()].filter((each) => each.startsWith(`${head}@`) && each.endsWith(tail) && each !== unit)
  return [...new Set([...unitsOf(unit, applied?.definition.instances ?? []), ...loaded])]
}

function pastSchedules({ definition }: CompiledService, nowMs: number): string[] {
  const schedules = { startSchedule: definition.startSchedule, stopSchedule: definition.stopSchedule, restartSchedule: definition.restartSchedule }
  return Object.entries(schedules).flatMap(([field, list]) => (list ?? []).filter((schedule) => neverRuns(schedule, nowMs)).map((schedule) => (
    `${field}: ${schedule.kind === 'calendar' ? schedule.schedule : ''} is in the past: this never fires`
  )))
}
