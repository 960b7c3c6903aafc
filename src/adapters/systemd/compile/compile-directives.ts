/** What a person said beyond all fields, added to what the fields became. */
import type { Directives } from '../../../engines/services/service-definition.ts'
import { ValidationError } from '../../../kernel/errors.ts'
import { type SectionName, type UnitSection, type UnitSections, verbatim } from './unit-text.ts'

/**
 * They replace what `chosen` holds, and nothing else: a directive with two authors would mean what neither said.
 * @param chosen what no field said but the compiler or a hardening profile chose, which a person may choose otherwise
 * @throws `service.invalid`
 */
export function withDirectives(unit: string, sections: UnitSections, given: Partial<Directives> = {}, chosen: UnitSection = {}): UnitSections {
  const named = Object.entries(given) as readonly [SectionName, Readonly<Record<string, readonly string[]>>][]
  return named.reduce((all, [section, extra]) => ({ ...all, [section]: withExtra(unit, section, all[section] ?? {}, extra, chosen) }), sections)
}

function withExtra(unit: string, section: SectionName, ours: UnitSection, extra: Readonly<Record<string, readonly string[]>>, chosen: UnitSection): UnitSection {
  const names = Object.keys(extra).sort()
  for (const name of names) {
    if (!/^[A-Z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$/.test(name)) refuse(unit, section, name, 'is no name of a directive')
    if (name.startsWith('X-Taskflows-')) refuse(unit, section, name, 'is ours')
    if (isSet(ours[name]) && ours[name] !== chosen[name]) refuse(unit, section, name, 'is set by a field of the service')
  }
  return { ...ours, ...Object.fromEntries(names.map((name) => [name, (extra[name] ?? []).map(verbatim)])) }
}

const isSet = (value: UnitSection[string]): boolean => value !== undefined && !(Array.isArray(value) && value.length === 0)

function refuse(unit: string, section: string, name: string, why: string): never {
  throw new ValidationError('service.invalid', `directives: ${JSON.stringify(name)} of [${section}] in ${unit} ${why}`, {
    details: { field: `directives.${section}.${name}`, unit }, hint: 'Use the field of the service that stands for it, or a drop-in of systemd (systemctl edit).',
  })
}
