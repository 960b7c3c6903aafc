/** How a service stands to others. Bare names are services of ours. */
import type { ServiceDefinition } from '../../../engines/services/service-definition.ts'
import { dependencyUnit } from '../files/unit-names.ts'
import { type UnitSection, verbatim } from './unit-text.ts'

const directives = {
  startAfter: 'After',
  startBefore: 'Before',
  wants: 'Wants',
  upholds: 'Upholds',
  requires: 'Requires',
  requisite: 'Requisite',
  bindsTo: 'BindsTo',
  partOf: 'PartOf',
  conflicts: 'Conflicts',
  onFailure: 'OnFailure',
  onSuccess: 'OnSuccess',
  propagateStopTo: 'PropagatesStopTo',
  propagateStopFrom: 'StopPropagatedFrom',
} as const satisfies Partial<Record<keyof ServiceDefinition, string>>

/** One line each, in the order of the list above. */
export function dependencyDirectives(definition: ServiceDefinition): UnitSection {
  return Object.fromEntries(Object.entries(directives).map(([field, directive]) => {
    const names = definition[field as keyof typeof directives] ?? []
    const units = new Set(names.map((name) => dependencyUnit(name, field)))
    return [directive, units.size === 0 ? undefined : verbatim([...units].join(' '))]
  }))
}
