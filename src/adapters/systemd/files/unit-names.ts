/**
 * Names of units: those that a service has, whose they are, and what the bare
 * names in dependencies mean. By systemd.unit(5): letters, digits and `:-_.\`,
 * with one `@` in templates and their instances, up to 255 characters.
 */
import type { UnitRole } from '../../../engines/services/service-manager.ts'
import { ValidationError } from '../../../kernel/errors.ts'

const shapes = {
  'service': ['taskflows-', '.service'],
  'timer': ['taskflows-', '.timer'],
  'start-service': ['start-taskflows-', '.service'],
  'run-service': ['run-taskflows-', '@.service'],
  'slot-service': ['slot-taskflows-', '@.service'],
  'stop-service': ['stop-taskflows-', '.service'],
  'stop-timer': ['stop-taskflows-', '.timer'],
  'restart-service': ['restart-taskflows-', '.service'],
  'restart-timer': ['restart-taskflows-', '.timer'],
} as const satisfies Record<UnitRole, readonly [string, string]>

const unitSuffix = /\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/
const namePart = /^[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\-]*)?$/

/**
 * `unitName('web', 'timer')` is `taskflows-web.timer`; `worker@` gives the template, `worker@1` an instance.
 * @throws `service.invalid` for a name that no unit can have
 */
export function unitName(service: string, role: UnitRole): string {
  const [prefix, suffix] = shapes[role]
  const unit = `${prefix}${service}${suffix}`
  if (!namePart.test(service) || unit.length > 255) {
    throw new ValidationError('service.invalid', `name: ${JSON.stringify(service)} cannot be part of a unit's name: expected letters, digits and : _ . - up to 255 in all`, { details: { field: 'name', value: service } })
  }
  return unit
}

/**
 * Whose unit it is by its name; `service` of an instance holds the instance: `worker@1`. Instances of `run-service` and
 * `slot-service` are runs of their service: `run-taskflows-report@ID.service` is one of `report`.
 */
export function parseUnitName(unit: string): { readonly service: string; readonly role: UnitRole } | undefined {
  const [, kind, of] = /^(run|slot)-taskflows-([A-Za-z0-9:_.\\-]+)@[A-Za-z0-9:_.\\-]*\.service$/.exec(unit) ?? []
  if (of !== undefined) return { service: of, role: `${kind as 'run' | 'slot'}-service` }
  const [, verb = '', service, type] = /^(start-(?=.+\.service$)|stop-|restart-)?taskflows-(.+)\.(service|timer)$/.exec(unit) ?? []
  return service === undefined || !namePart.test(service) ? undefined : { service, role: `${verb}${type}` as UnitRole }
}

/**
 * What a dependency names: a whole name of a unit is kept, a bare one is a service of ours.
 * A template needs its instance (`worker@1`), since systemd cannot start a template.
 */
export function dependencyUnit(name: string, field: string): string {
  const unit = unitSuffix.test(name) ? name : unitName(name, 'service')
  if (!namePart.test(unit) || unit.length > 255) throw new ValidationError('service.invalid', `${field}: ${JSON.stringify(name)} is no name of a service or a unit`, { details: { field, value: name } })
  if (unit.includes('@.')) {
    throw new ValidationError('service.invalid', `${field}: ${JSON.stringify(name)} is a template, which cannot run`, { details: { field, value: name }, hint: `Name an instance: ${name.replace('@', '@1')}.` })
  }
  return unit
}

/** `batch` and `batch.slice` are `batch.slice`. */
export function sliceUnit(name: string): string {
  const unit = name.endsWith('.slice') ? name : `${name}.slice`
  if (!/^[A-Za-z0-9:_.\\-]+$/.test(unit) || unit.length > 255) throw new ValidationError('service.invalid', `slice: ${JSON.stringify(name)} is no name of a slice`, { details: { field: 'slice', value: name } })
  return unit
}
