/**
 * A unit of systemd, with its timer, as a definition. Each directive that a field
 * covers is claimed for that field, all others stay directives; what the reader of
 * definitions, the compiler or the comparison with the source refuses of a claim
 * becomes a directive again. What is different in the end is told.
 */
import { readDefinition } from '../../../engines/services/define/read-definition.ts'
import type { ServiceDefinition, ServiceScope } from '../../../engines/services/service-definition.ts'
import type { CompiledService } from '../../../engines/services/service-manager.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { type Claim, claimsOf, commandClaims, optionsOf } from './import-claims.ts'
import { type ComparePlace, type Difference, compareUnits, isSingle } from './compare-units.ts'
import { importTimer } from './import-timer.ts'
import type { UnitSettings } from './read-unit-file.ts'
import { rewriteUnit } from './rewrite-unit.ts'

export interface UnitSource {
  /** `web.service`. */
  readonly unit: string
  /** Drop-ins included. */
  readonly settings: UnitSettings
  readonly timer?: { readonly unit: string; readonly settings: UnitSettings } | undefined
  readonly enabled: boolean
}

export interface ImportUnitOptions extends ComparePlace {
  readonly name: string
  readonly scope: ServiceScope
  readonly compile: (definition: ServiceDefinition) => CompiledService
}

export type ImportedUnit =
  | { readonly definition: ServiceDefinition; readonly differences: readonly Difference[]; readonly notes: readonly string[]; /** Of what the same definition became meanwhile. */ readonly compare: (definition: ServiceDefinition) => readonly Difference[] }
  | { readonly refused: string }

export function importUnit({ unit, settings: given, timer: givenTimer, enabled }: UnitSource, options: ImportUnitOptions): ImportedUnit {
  const rewritten = rewriteUnit(unit, given)
  const timer = givenTimer && rewriteUnit(givenTimer.unit, givenTimer.settings)
  if ('refused' in rewritten) return rewritten
  if (timer && 'refused' in timer) return timer
  const { settings } = rewritten
  const schedules = timer && importTimer(timer.settings)
  if (timer && !schedules) return { refused: `${givenTimer.unit} starts it once and never again, which no schedule can say` }
  const command = commandClaims(settings, options)
  if ('refused' in command) return command
  const fixed = { name: options.name, scope: options.scope, enabled, ...(schedules && { startSchedule: schedules.startSchedule }) }
  const compare = (definition: ServiceDefinition) => compareUnits({ service: settings, ...(timer && { timer: timer.settings }) }, options.compile(definition), options)
  const settled = settle({ settings, claims: [...command.claims, ...claimsOf(settings, options)], fixed, timerDirectives: schedules?.directives ?? {}, compare })
  return 'refused' in settled ? settled : { ...settled, notes: command.notes, compare }
}

interface Draft {
  readonly settings: UnitSettings
  readonly claims: readonly Claim[]
  readonly fixed: Readonly<Record<string, unknown>>
  readonly timerDirectives: Readonly<Record<string, readonly string[]>>
  readonly compare: (definition: ServiceDefinition) => readonly Difference[]
}

/** Each round takes back a claim or a directive, so it comes to an end. */
function settle(draft: Draft, lost: readonly string[] = []): { readonly definition: ServiceDefinition; readonly differences: readonly Difference[] } | { readonly refused: string } {
  const { settings, claims, fixed, timerDirectives, compare } = draft
  try {
    const definition = readDefinition({ ...optionsOf(claims), ...fixed, ...directivesOf(settings, claims, timerDirectives, lost) })
    const differences = compare(definition)
    const wrong = claims.filter(({ optional, keys }) => optional && differences.some(({ key }) => keys.includes(key)))
    return wrong.length === 0 ? { definition, differences } : settle({ ...draft, claims: without(claims, wrong) }, lost)
  } catch (error) {
    if (!(error instanceof TaskflowsError)) throw error
    const fields = fieldsIn(error)
    const conflicts = fields.flatMap((field) => /^directives\.(\w+\.[\w-]+)/.exec(field)?.[1] ?? []).filter((key) => !lost.includes(key))
    if (conflicts.length > 0) return settle(draft, [...lost, ...conflicts])
    const wrong = claims.filter(({ optional, field }) => optional && fields.some((one) => one === field || one.startsWith(`${field}.`) || one.startsWith(`${field}[`)))
    return wrong.length === 0 ? { refused: error.message } : settle({ ...draft, claims: without(claims, wrong) }, lost)
  }
}

/** Fields that say one directive together go together. */
function without(claims: readonly Claim[], wrong: readonly Claim[]): readonly Claim[] {
  const keys = new Set(wrong.flatMap((claim) => claim.keys))
  return claims.filter((claim) => !claim.keys.some((key) => keys.has(key)))
}

function fieldsIn({ details }: TaskflowsError): readonly string[] {
  const { fields = [], field } = details as { readonly fields?: readonly { readonly path: string }[]; readonly field?: string }
  return [...fields.map(({ path }) => path), ...(field === undefined ? [] : [field])]
}

const sections = ['Unit', 'Service', 'Install'] as const

/** What no claim covers, as it stands. What was lost cannot be: a field of every service says it already. */
function directivesOf(settings: UnitSettings, claims: readonly Claim[], timer: Draft['timerDirectives'], lost: readonly string[]): { readonly directives?: Record<string, Record<string, readonly string[]>> } {
  const claimed = new Set([...claims.flatMap(({ keys }) => keys), ...lost])
  const left = [...settings].filter(([key]) => !claimed.has(key) && !/^\w+\.(?:X-|Documentation$|SourcePath$|DefaultInstance$)/.test(key))
  const of = (section: string) => Object.fromEntries(left.filter(([key]) => key.startsWith(`${section}.`)).map(([key, values]) => [key.slice(section.length + 1), isSingle(key) ? values.slice(-1) : values] as const))
  const own = { ...Object.fromEntries(sections.map((section) => [section, of(section)])), Timer: Object.fromEntries(Object.entries(timer).filter(([name]) => !lost.includes(`Timer.${name}`))) }
  const said = Object.entries(own).filter(([, directives]) => Object.keys(directives).length > 0)
  return said.length === 0 ? {} : { directives: Object.fromEntries(said) }
}
