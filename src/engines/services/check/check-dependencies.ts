/** Dependencies: on what is defined nowhere, and in circles. Pure; what is on the machine is asked through `Known`. */
import { type Finding, type Found, findingOf } from './check-finding.ts'
import type { ServiceDefinition, ServiceScope } from '../service-definition.ts'
import { isTemplate } from '../look/service-units.ts'

export interface Known {
  /** Whether there is such a service, in the files that are checked or on disk: `web`, `worker@`. */
  service(name: string, scope: ServiceScope): boolean
  /** Whether a manager of the scope finds such a unit; `undefined` where that cannot be told. */
  unit(name: string, scope: ServiceScope): boolean | undefined
}

/** Without what they name, the service does not start. */
const needing = ['requires', 'requisite', 'bindsTo'] as const
const others = ['startAfter', 'startBefore', 'wants', 'upholds', 'partOf', 'conflicts', 'onFailure', 'onSuccess', 'propagateStopTo', 'propagateStopFrom'] as const

export function checkDependencies(definition: ServiceDefinition, known: Known): Finding[] {
  const missing = [...needing, ...others].flatMap((field) => (definition[field] ?? []).flatMap((name) => {
    const found = problemOf(bareName(name), definition.scope, (needing as readonly string[]).includes(field), known)
    return found === undefined ? [] : [findingOf(definition, { check: 'dependency', field, ...found })]
  }))
  return [...missing, ...checkOrder(definition)]
}

function problemOf(name: string, scope: ServiceScope, needed: boolean, known: Known): Omit<Found, 'check' | 'field'> | undefined {
  const other = scope === 'user' ? 'system' : 'user'
  const severity = needed ? 'error' : 'warning'
  if (isWholeName(name)) {
    if (known.unit(name, scope) !== false) return undefined
    if (known.unit(name, other)) return { severity, message: `${name} is a unit of scope ${other}, and not known to that of scope ${scope}`, hint: scope === 'user' ? 'The systemd of an account starts after the machine has; leave it out, or use scope system.' : 'Use a unit of the machine.' }
    return { severity: 'warning', message: `there is no unit ${name} on this machine`, hint: 'Install what brings it, or correct the name.' }
  }
  if (known.service(name, scope) || known.service(templateOf(name), scope)) return undefined
  if (known.service(name, other) || known.service(templateOf(name), other)) return { severity, message: `${name} is a service of scope ${other}, and not known in scope ${scope}`, hint: 'Define both in one scope.' }
  return { severity, message: `the service ${name} is defined nowhere, neither in these files nor on this machine`, hint: 'Define it, correct the name, or write the whole name of a unit that is not of taskflows, such as postgresql.service.' }
}

/** systemd starts what needs each other at the same time, unless told. */
function checkOrder(definition: ServiceDefinition): Finding[] {
  const ordered = new Set([...definition.startAfter ?? [], ...definition.startBefore ?? []].map(bareName))
  const unordered = [...new Set([...definition.requires ?? [], ...definition.bindsTo ?? []])].filter((name) => !ordered.has(bareName(name)))
  if (unordered.length === 0) return []
  const names = unordered.join(', ')
  return [findingOf(definition, { severity: 'advice', check: 'dependency', field: 'startAfter', message: `${names} ${unordered.length === 1 ? 'is' : 'are'} required, but both start at the same time`, hint: `Add startAfter: ${names}.` })]
}

/**
 * A circle of order is an error, since systemd leaves out one of its jobs; one of needs is a warning.
 * @param all also those that are not checked themselves, of one scope
 */
export function checkCircles(definitions: readonly ServiceDefinition[], all: readonly ServiceDefinition[]): Finding[] {
  const byName = new Map(all.map((one) => [one.name, one]))
  const find = (name: string): ServiceDefinition | undefined => byName.get(name) ?? byName.get(templateOf(name))
  const before = Map.groupBy([...byName.values()].flatMap((one) => (one.startBefore ?? []).map((name) => ({ earlier: one.name, later: bareName(name) }))), ({ later }) => later)
  const earlier = (name: string): string[] => [...(find(name)?.startAfter ?? []).map(bareName), ...(before.get(name) ?? []).map((edge) => edge.earlier)]
  const needed = (name: string): string[] => needing.flatMap((field) => (find(name)?.[field] ?? []).map(bareName))
  const tell = (circle: readonly string[], found: Omit<Found, 'check' | 'message'>, what: string): Finding =>
    findingOf(circle.map(find).find((one) => one !== undefined)!, { check: 'dependency', ...found, message: `${what}: ${[...circle, circle[0]].join(' -> ')}` })
  const names = definitions.map(({ name }) => name)
  return [
    ...circlesIn(names, earlier).map((circle) => tell(circle, { severity: 'error', field: 'startAfter', hint: 'Leave out one startAfter or startBefore: systemd leaves out one of the services instead.' }, 'each starts after the other')),
    ...circlesIn(names, needed).map((circle) => tell(circle, { severity: 'warning', field: 'requires', hint: 'One that stops takes the others along. Use wants for what should be there but need not.' }, 'each requires the other')),
  ]
}

/** One circle for each group of names that lead to each other. */
function circlesIn(names: readonly string[], next: (name: string) => readonly string[]): string[][] {
  const done = new Set<string>()
  const circles: string[][] = []
  for (const start of names) {
    /** The way from `start`, each with what is left to be looked at. */
    const way: { readonly name: string; readonly left: string[] }[] = done.has(start) ? [] : [{ name: start, left: [...new Set(next(start))] }]
    while (way.length > 0) {
      const step = way.at(-1)!.left.shift()
      const at = way.findIndex(({ name }) => name === step)
      if (step === undefined) done.add(way.pop()!.name)
      else if (at >= 0) circles.push(way.slice(at).map(({ name }) => name))
      else if (!done.has(step)) way.push({ name: step, left: [...new Set(next(step))] })
    }
  }
  return circles
}

const ownUnit = /^taskflows-(.+)\.service$/
const wholeName = /\.(?:service|socket|target|timer|path|mount|automount|swap|slice|scope|device)$/

/** `taskflows-web.service` is `web`. */
function bareName(name: string): string {
  return ownUnit.exec(name)?.[1] ?? name
}

function isWholeName(name: string): boolean {
  return wholeName.test(name)
}

/** `worker@1` is one of `worker@`. */
function templateOf(name: string): string {
  return isTemplate(name) ? name : name.replace(/@.*$/, '@')
}
