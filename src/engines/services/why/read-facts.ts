/** Looks at everything that may tell why a service is as it is: its units, its systemd, runs of before, and what the machine has. */
import { activeRuns, isActive } from '../look/active-runs.ts'
import { describeSchedule } from '../look/describe-schedule.ts'
import { driftIn } from '../look/drift.ts'
import type { ServicesHost } from '../host.ts'
import { findService } from '../look/inventory.ts'
import type { FoundService } from '../look/match-services.ts'
import { type UnitFacts, factsOf, firstOf } from '../look/unit-facts.ts'
import { viewOf } from '../look/views.ts'
import type { ServiceRun } from '../ledger/service-run.ts'
import { serviceUnit } from '../run-units.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { ServiceManager, UnitDetails } from '../service-manager.ts'
import { slotsBetween, toleranceOf } from '../slots/expected-slots.ts'
import { type SlotFinding, judgeSlots } from '../slots/judge-slots.ts'
import { type ScheduledService, scheduledService, timerSince } from '../slots/scheduled-services.ts'
import { type Dependency, type WhyFacts, type WhyReport, explainService } from './explain-service.ts'
import { unheldConditions } from './weigh-conditions.ts'
import type { WitnessedService } from './witness.ts'

const weekMs = 7 * 86_400_000
const linesShown = 10

/** @throws `service.not_found`, `service.ambiguous`, `systemd.unavailable` */
export async function explain(host: ServicesHost, name: string, scope: ServiceScope | undefined): Promise<WhyReport> {
  return explainService(await readFacts(host, name, scope))
}

async function readFacts(host: ServicesHost, name: string, scope: ServiceScope | undefined): Promise<WhyFacts> {
  const { inventory: { manager, states }, service: found } = await findService(host, name, scope)
  const now = host.clock.now()
  const text = factsOf(found.installed.find(({ role }) => role === 'service')?.text ?? '')
  const runs = activeRuns(states.values()).get(found.name) ?? []
  const details = new Map((await manager.details([...[...found.units.values()].filter((unit) => !unit.includes('@.')), ...runs.map(({ unit }) => unit)])).map((each) => [each.unit, each]))
  const applied = host.versions.latest(found.scope, found.definedAs)
  const scheduled = scheduledService(found, details, () => applied)
  const view = viewOf(found, { states, details, runs, drift: driftIn(found, details, applied), nowMs: now })
  const service = details.get(view.unit)
  const own = runs.length === 0 || (service !== undefined && isActive(service)) ? service : details.get(runs[0]!.unit)
  const [past, conditions, load, dependencies, missing] = await Promise.all([
    readPast(host, manager, found, scheduled, own, now), manager.conditions(view.unit).catch(() => ({ lookedAt: null, unmet: [] })), host.witness.load(), readDependencies(manager, text, found.name), findMissing(host, text),
  ])
  const witnessed = witnessedAs(found, view.unit)
  const [lines, tooOften] = await Promise.all([
    linesOf(host, witnessed, past.lastRun, now), own?.activeState === 'failed' && host.witness.wasStartedTooOften(witnessed).catch(() => false),
  ])
  return {
    name: found.name, scope: found.scope, unit: view.unit, now, service: own, activeRuns: view.activeRuns, missing, dependencies, ...past,
    timer: scheduled?.timer, timerEnabled: view.timerEnabled ?? false, serviceEnabled: view.serviceEnabled, drift: view.drift, nextRun: view.nextStartAt,
    schedules: (scheduled?.schedules ?? []).map(describeSchedule), overlap: scheduled?.overlap ?? 'queue',
    unheld: unheldConditions(text, load), unmet: own?.conditionsMet === false ? conditions.unmet : [],
    lines, tooOften: tooOften || own?.result === 'start-limit-hit',
  }
}

function witnessedAs({ scope, name, units }: FoundService, unit: string): WitnessedService {
  return { scope, name, unit, sideBySide: units.has('run-service') }
}

/** Of a run that failed. */
async function linesOf({ witness }: ServicesHost, service: WitnessedService, run: ServiceRun | undefined, now: number): Promise<readonly string[]> {
  if (run === undefined || run.startedAt === null || !['failed', 'timed_out', 'lost'].includes(run.state)) return []
  return witness.lines(service, { from: run.startedAt, until: run.endedAt ?? now, invocationId: run.invocationId }, linesShown).catch(() => [])
}

type Past = Pick<WhyFacts, 'lastRun' | 'slots' | 'unknown'>

/** Without a server runs are as old as the journal, and why a slot was left out may be in the ledger alone. */
async function readPast(host: ServicesHost, manager: ServiceManager, found: FoundService, scheduled: ScheduledService | undefined, own: UnitDetails | undefined, now: number): Promise<Past> {
  const unknown: string[] = []
  const since = Math.max(now - weekMs, scheduled?.since ?? 0)
  const told = await host.witness.runs(witnessedAs(found, serviceUnit(found.name)), now - weekMs).catch((error: unknown) => {
    unknown.push(`its earlier runs: ${error instanceof Error ? error.message : String(error)}`)
    return { runs: [] as readonly ServiceRun[], from: 'journal' as const }
  })
  const runs = withPresent(told.runs, own, found)
  if (told.from === 'journal' && unknown.length === 0) unknown.push('what the journal does not hold any more: a server (tf serve) writes it down')
  const lastRun = runs.findLast(({ startedAt }) => startedAt !== null)
  if (scheduled === undefined || !scheduled.schedules.some(({ kind }) => kind === 'calendar')) return { lastRun, slots: [], unknown }
  if (scheduled.since === null) return { lastRun, slots: [], unknown: [...unknown, 'what its schedule missed: it was applied from another home, nobody knows when'] }
  return { lastRun, slots: await judgePast(host, manager, scheduled, runs, since, now), unknown }
}

/** What systemd says of the last run counts where nobody wrote down that there was one, or that it is over. */
function withPresent(runs: readonly ServiceRun[], own: UnitDetails | undefined, { name, scope }: Pick<FoundService, 'name' | 'scope'>): readonly ServiceRun[] {
  if (own === undefined || own.startedAt === null) return runs
  const known = runs.find(({ invocationId }) => invocationId !== null && invocationId === own.invocationId)
  if (known !== undefined && known.state !== 'running') return runs
  const isOver = own.activeState === 'inactive' || own.activeState === 'failed' || own.subState.startsWith('auto-restart')
  const state = !isOver ? 'running' : own.result === 'success' ? 'succeeded' : own.result === 'timeout' || own.result === 'watchdog' ? 'timed_out' : 'failed'
  const present: ServiceRun = {
    host: '', scope, service: name, invocationId: own.invocationId, state, startedAt: known?.startedAt ?? own.startedAt, endedAt: isOver ? own.endedAt : null, result: isOver ? own.result : null, exitCode: own.exitCode,
    exitSignal: own.exitSignal, cpuSeconds: own.cpuSeconds, memoryPeakBytes: own.memoryPeakBytes, slot: known?.slot ?? null, reason: null,
  }
  return [...runs.filter((run) => run !== known), present].sort((one, other) => (one.startedAt ?? one.slot ?? 0) - (other.startedAt ?? other.slot ?? 0))
}

async function judgePast({ witness }: ServicesHost, manager: ServiceManager, scheduled: ScheduledService, runs: readonly ServiceRun[], since: number, now: number): Promise<SlotFinding[]> {
  const [outages, managerSince] = await Promise.all([witness.outages(since), manager.since().catch(() => null)])
  return judgeSlots(slotsBetween(scheduled.schedules, since, now), runs, {
    now, outages, managerSince, toleranceMs: toleranceOf(scheduled.schedules), overlap: scheduled.overlap, timerSince: timerSince(scheduled),
  })
}

const needs = ['Requires', 'Requisite', 'BindsTo'] as const

async function readDependencies(manager: ServiceManager, text: UnitFacts, name: string): Promise<Dependency[]> {
  const instance = name.includes('@') ? name.slice(name.indexOf('@') + 1) : ''
  const found = [...needs, 'Wants' as const].flatMap((directive) => (text.get(`Unit.${directive}`) ?? []).flatMap((value) => value.split(/\s+/)).filter((unit) => unit !== '')
    .map((unit) => ({ unit: unit.replaceAll('%i', instance), needed: directive !== 'Wants', mustRun: directive === 'Requisite' })))
  const details = found.length === 0 ? [] : await manager.details(found.map(({ unit }) => unit))
  return found.flatMap((dependency, at) => (details[at] === undefined ? [] : [{ ...dependency, details: details[at] }]))
}

/** Absolute paths only: where others lead depends on the program. */
async function findMissing({ witness }: ServicesHost, text: UnitFacts): Promise<string[]> {
  const named = [
    ...(text.get('Service.ExecStart') ?? []).map((line) => ({ what: 'its program', path: programIn(line), executable: true })),
    ...(text.get('Service.EnvironmentFile') ?? []).filter((path) => !path.startsWith('-')).map((path) => ({ what: 'its file of variables', path: plain(path), executable: false })),
    { what: 'its working directory', path: plain((firstOf(text, 'Service.WorkingDirectory') ?? '').replace(/^-.*/, '')), executable: false },
  ]
  const found = await Promise.all(named.map(async ({ what, path, executable }) => (!path.startsWith('/') || await witness.exists(path, executable) ? [] : [`${what} ${path} is not there${executable ? ', or may not be executed' : ''}`])))
  return found.flat()
}

/** The first word of an Exec line, by systemd.syntax(7). */
function programIn(line: string): string {
  const [, quoted, bare] = /^[@\-:+!|]*(?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(line) ?? []
  return plain(quoted ?? bare ?? '')
}

/** Other specifiers are for systemd to fill in. */
function plain(text: string): string {
  const word = text.replaceAll('%%', '\0')
  return word.includes('%') ? '' : word.replaceAll('\0', '%').replaceAll('\\\\', '\\').replaceAll('\\"', '"').replaceAll('$$', '$')
}
