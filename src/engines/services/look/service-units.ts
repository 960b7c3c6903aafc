/**
 * The units of a service, one by one: which there are of each instance of a
 * template, and which of them a verb is about.
 *
 * The unit of a template is `taskflows-worker@.service` on disk, and
 * `taskflows-worker@1.service` when it runs.
 */
import type { UnitRole } from '../service-manager.ts'

export const timerRoles = ['timer', 'stop-timer', 'restart-timer'] as const satisfies readonly UnitRole[]

export function isTimer(role: UnitRole): boolean {
  return role.endsWith('timer')
}

/** `worker@`: what has instances. */
export function isTemplate(name: string): boolean {
  return name.endsWith('@')
}

/** `taskflows-worker@.service`, `1` -> `taskflows-worker@1.service`. What is no template stays. */
export function instanceUnit(unit: string, instance: string): string {
  return unit.replace('@.', `@${instance}.`)
}

/** The template's unit, and the instance; undefined for what is no instance. */
export function splitInstance(unit: string): { readonly template: string; readonly instance: string } | undefined {
  const found = /^([^@]+)@(.+)(\.[a-z]+)$/.exec(unit)
  return found ? { template: `${found[1]}@${found[3]}`, instance: found[2]! } : undefined
}

/** What there is to start of a unit file: itself, or its instances. */
export function unitsOf(unit: string, instances: readonly string[]): string[] {
  return unit.includes('@.') ? instances.map((instance) => instanceUnit(unit, instance)) : [unit]
}
