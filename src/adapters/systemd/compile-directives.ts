/** What a person said beyond all fields, added to what the fields became. */
import type { Directives } from '../../engines/services/service-definition.ts'
import { ValidationError } from '../../kernel/errors.ts'
import { type SectionName, type UnitSection, type UnitSections, verbatim } from './unit-text.ts'

/**
 * They replace what `profile` set, and nothing else: a directive with two authors would mean what neither said.
 * @param profile directives that a hardening profile chose, which a person may choose otherwise
 * @throws `service.invalid`
 */
export function withDirectives(unit: string, sections: UnitSections, given: Partial<Directives> = {}, profile: UnitSection = {}): UnitSections {
  const named = Object.entries(given) as readonly [SectionName, Readonly<Record<string, readonly string[]>>][]
  return named.reduce((all, [section, extra]) => ({ ...all, [section]: withExtra(unit, section, all[section] ?? {}, extra, profile) }), sections)
}

function withExtra(unit: string, section: SectionName, ours: UnitSection, extra: Readonly<Record<string, readonly string[]>>, profile: UnitSection): UnitSection {
  const names = Object.keys(extra).sort()
  for (const name of names) {
    if (!/^[A-Z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$/.test(name)) refuse(unit, section, name, 'is no name of a directive')
    if (name.startsWith('X-Taskflows-')) refuse(unit, section, name, 'is ours')
    if (ours[name] !== undefined && ours[name] !== profile[name]) refuse(unit, section, name, 'is set by a field of the service')
  }
  return { ...ours, ...Object.fromEntries(names.map((name) => [name, (extra[name] ?? []).map(verbatim)])) }
}

function refuse(unit: string, section: string, name: string, why: string): never {
  throw new ValidationError('service.invalid', `directives: ${JSON.stringify(name)} of [${section}] in ${unit} ${why}`, {
    details: { field: `directives.${section}.${name}`, unit }, hint: 'Use the field of the service that stands for it, or a drop-in of systemd (systemctl edit).',
  })
}
