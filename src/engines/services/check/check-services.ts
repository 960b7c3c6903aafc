/**
 * Looks for all that is wrong with services before they are anywhere: what
 * `tf check` tells. Changes nothing and asks no manager; what needs the machine
 * (programs, units on disk, systemd-analyze) is asked through `CheckTools`, and
 * may be missing.
 */
import { TaskflowsError } from '../../../kernel/errors.ts'
import { checkCommands, checkEnvironment } from './check-commands.ts'
import { checkCircles, checkDependencies } from './check-dependencies.ts'
import { type Finding, bySeverity, findingOf, generalFinding } from './check-finding.ts'
import { type ShownSchedule, checkCalendars, checkCollisions, checkYear, durationOf, showSchedules } from './check-schedules.ts'
import { type Exposure, checkExposure, profileFor } from './check-security.ts'
import type { ServiceDefinition, ServiceScope } from '../service-definition.ts'
import type { CompiledService, UnitFile, VerifyFinding } from '../service-manager.ts'
import { isTemplate } from '../look/service-units.ts'
import { type Collision, type ServiceYear, type SimulatedYear, simulateYear } from './simulate-year.ts'

/** The machine, as far as it is there. */
export interface CheckTools {
  /** @throws `service.invalid`, `service.unsafe` */
  compile(definition: ServiceDefinition): CompiledService
  /** Names of services with units on disk. */
  installed(scope: ServiceScope): Promise<readonly string[]>
  /** Whether a manager of the scope would find the unit; `undefined` where that cannot be told. */
  unitExists(unit: string, scope: ServiceScope): boolean | undefined
  /** @throws `systemd.unavailable` */
  verify(units: readonly UnitFile[], scope: ServiceScope): Promise<readonly VerifyFinding[]>
  /** In the order of the units. @throws `systemd.unavailable` */
  exposures(units: readonly UnitFile[], scope: ServiceScope): Promise<readonly Exposure[]>
}

export interface CheckOptions {
  /** Defined in the same files, and not checked themselves. */
  readonly others?: readonly ServiceDefinition[]
  /** Names of services that are there, but could not be read. */
  readonly refused?: readonly string[]
  /** Epoch milliseconds: next runs are after it. */
  readonly now: number
  /** Of the simulated year. */
  readonly from: number
  readonly days: number
  /** For calendars that name none. */
  readonly zone: string
  /** Exposure above it is an error. */
  readonly maxScore?: number | undefined
}

export interface CheckedService {
  readonly definition: ServiceDefinition
  readonly schedules: readonly ShownSchedule[]
  /** `null` without a start schedule. */
  readonly year: ServiceYear | null
  /** `null` where it was not scored. */
  readonly exposure: Exposure | null
}

export interface CheckReport {
  readonly services: readonly CheckedService[]
  /** Of each service together, the worst first. */
  readonly findings: readonly Finding[]
  readonly year: Pick<SimulatedYear, 'from' | 'until' | 'crowdedMinutes'> & { readonly collisions: readonly Collision[] }
}

/** @throws what `verify` and `exposures` throw, but for `systemd.unavailable`, which is a finding */
export async function checkServices(definitions: readonly ServiceDefinition[], tools: CheckTools, options: CheckOptions): Promise<CheckReport> {
  const { now, zone } = options
  const compiled = definitions.map((definition) => tryCompile(definition, tools))
  const ofSystemd = Promise.all(scopesOf(definitions).map((scope) => askSystemd(compiled.flatMap(({ done }) => (done?.definition.scope === scope ? [done] : [])), scope, tools, options.maxScore)))
  // Handled below; until then the year is computed while systemd-analyze works.
  ofSystemd.catch(() => {})
  const known = await knownServices(definitions, compiled.flatMap(({ done }) => done?.units ?? []), tools, options)
  const { simulated, years } = simulate(definitions, options)
  const systemd = await ofSystemd
  const exposures = new Map(systemd.flatMap(({ exposures }) => [...exposures]))
  const findings = [
    ...compiled.flatMap(({ findings }) => findings),
    ...systemd.flatMap(({ findings }) => findings),
    ...definitions.flatMap((definition) => [
      ...checkCalendars(definition, now, zone), ...checkCommands(definition), ...checkEnvironment(definition), ...checkDependencies(definition, known),
    ]),
    ...years.flatMap(({ definition, year }) => checkYear(definition, year, simulated)),
    ...scopesOf(definitions).flatMap((scope) => checkCircles(inScope(definitions, scope), inScope([...definitions, ...options.others ?? []], scope))),
    ...checkCollisions(simulated),
  ]
  const yearOf = new Map(years.map(({ definition, year }) => [definition, year]))
  return {
    services: definitions.map((definition) => ({
      definition, schedules: showSchedules(definition, now, zone), year: yearOf.get(definition) ?? null, exposure: exposures.get(definition) ?? null,
    })),
    findings: findings.sort(bySeverity),
    year: simulated,
  }
}

interface Compilation {
  readonly done: CompiledService | undefined
  readonly findings: readonly Finding[]
}

function tryCompile(definition: ServiceDefinition, tools: CheckTools): Compilation {
  try {
    const done = tools.compile(definition)
    return { done, findings: done.warnings.map((message) => findingOf(definition, { severity: 'warning', check: 'unit', message })) }
  } catch (error) {
    if (!(error instanceof TaskflowsError)) throw error
    const { field } = error.details
    return { done: undefined, findings: [findingOf(definition, { severity: 'error', check: 'definition', message: error.message, hint: error.hint ?? null, ...typeof field === 'string' && { field } })] }
  }
}

interface OfSystemd {
  readonly findings: readonly Finding[]
  readonly exposures: ReadonlyMap<ServiceDefinition, Exposure>
}

/** What it says of services of one scope: of their units, and how exposed they are. */
async function askSystemd(services: readonly CompiledService[], scope: ServiceScope, tools: CheckTools, maxScore: number | undefined): Promise<OfSystemd> {
  const [verified, scored] = await Promise.all([
    orUnavailable('the units are not verified', async () => verifyAll(services, scope, tools)),
    orUnavailable('exposure is not scored', async () => scoreAll(services, scope, tools)),
  ])
  const findings = 'missing' in scored ? [scored.missing] : scored.done.flatMap(({ definition, exposure, hardened }) => checkExposure(definition, exposure, { hardened, maxScore }))
  return {
    findings: [...'missing' in verified ? [verified.missing] : verified.done, ...findings],
    exposures: new Map('missing' in scored ? [] : scored.done.map(({ definition, exposure }) => [definition, exposure])),
  }
}

async function orUnavailable<T>(what: string, ask: () => Promise<T>): Promise<{ readonly done: T } | { readonly missing: Finding }> {
  try {
    return { done: await ask() }
  } catch (error) {
    if (!(error instanceof TaskflowsError) || error.code !== 'systemd.unavailable') throw error
    return { missing: generalFinding({ severity: 'warning', check: 'tool', message: `${what}: ${error.message}`, hint: error.hint ?? null }) }
  }
}

/** Told here by name and field already: programs by the compiler, dependencies by `check-dependencies.ts`. */
const toldBetter = [/is not executable/, /^Unit \S+ not found\.$/, /ordering cycle|^Found dependency on/]

async function verifyAll(services: readonly CompiledService[], scope: ServiceScope, tools: CheckTools): Promise<Finding[]> {
  const owners = new Map(services.flatMap(({ definition, units }) => units.map(({ unit }) => [unit, definition])))
  const found = await tools.verify(services.flatMap(({ units }) => units), scope)
  return found.filter(({ message }) => !toldBetter.some((pattern) => pattern.test(message))).map(({ unit, line, severity, message }) => {
    const said = { severity, check: 'unit', message: `systemd says of ${unit}${line === undefined ? '' : `:${line}`}: ${message}` } as const
    const owner = owners.get(unit)
    return owner === undefined ? generalFinding(said) : findingOf(owner, said)
  })
}

/** What has no profile is scored once more as it would be with one. */
async function scoreAll(services: readonly CompiledService[], scope: ServiceScope, tools: CheckTools): Promise<{ readonly definition: ServiceDefinition; readonly exposure: Exposure; readonly hardened: Exposure | undefined }[]> {
  const plain = services.filter(({ definition }) => definition.hardening === 'none')
  const mainUnit = ({ units }: CompiledService): UnitFile => units.find(({ role }) => role === 'service')!
  const better = plain.map(({ definition }) => mainUnit(tools.compile({ ...definition, hardening: profileFor(definition) })))
  const scores = await tools.exposures([...services.map(mainUnit), ...better], scope)
  const hardened = new Map(plain.map(({ definition }, index) => [definition, scores[services.length + index]!]))
  return services.map(({ definition }, index) => ({ definition, exposure: scores[index]!, hardened: hardened.get(definition) }))
}

async function knownServices(definitions: readonly ServiceDefinition[], units: readonly UnitFile[], tools: CheckTools, { others = [], refused = [] }: CheckOptions) {
  const key = (name: string, scope: ServiceScope): string => `${scope} ${name}`
  const names = new Set([...definitions, ...others].map(({ name, scope }) => key(name, scope)))
  for (const scope of ['user', 'system'] as const) for (const name of await tools.installed(scope)) names.add(key(name, scope))
  const unread = new Set(refused)
  const own = new Set(units.map(({ unit }) => unit))
  return {
    service: (name: string, scope: ServiceScope) => names.has(key(name, scope)) || unread.has(name),
    unit: (name: string, scope: ServiceScope) => own.has(name) || tools.unitExists(name, scope),
  }
}

interface YearOf {
  readonly definition: ServiceDefinition
  readonly year: ServiceYear
}

/** A random delay spreads runs, so those that have one meet nobody. */
function simulate(definitions: readonly ServiceDefinition[], options: CheckOptions): { readonly simulated: SimulatedYear; readonly years: readonly YearOf[] } {
  const scheduled = definitions.filter(({ startSchedule }) => startSchedule !== undefined)
  const isSpread = ({ startSchedule = [] }: ServiceDefinition): boolean => startSchedule.some(({ randomizedDelay = 0 }) => randomizedDelay >= 60)
  const { spread = [], exact = [] } = Object.groupBy(scheduled, (definition) => (isSpread(definition) ? 'spread' : 'exact'))
  const simulated = simulateSome(exact, options)
  return { simulated: simulated.year, years: [...simulated.years, ...simulateSome(spread, options).years] }
}

/** Each instance of a template runs by itself, and all of them alike. */
function simulateSome(definitions: readonly ServiceDefinition[], { from, days, zone }: CheckOptions): { readonly year: SimulatedYear; readonly years: YearOf[] } {
  const each = definitions.flatMap((definition) => (isTemplate(definition.name) ? definition.instances ?? [''] : ['']).map((instance) => ({ definition, name: definition.name + instance })))
  const year = simulateYear(each.map(({ definition, name }) => {
    const duration = durationOf(definition)
    return { name, schedules: definition.startSchedule!, ...duration === undefined ? {} : { duration } }
  }), { from, days, zone })
  const firsts = new Map(year.services.map((one, index) => [each[index]!.definition, one]))
  return { year, years: [...firsts].map(([definition, one]) => ({ definition, year: one })) }
}

function scopesOf(definitions: readonly ServiceDefinition[]): ServiceScope[] {
  return [...new Set(definitions.map(({ scope }) => scope))]
}

function inScope(definitions: readonly ServiceDefinition[], scope: ServiceScope): ServiceDefinition[] {
  return definitions.filter((definition) => definition.scope === scope)
}
