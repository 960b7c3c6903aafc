/** What must hold at the start: Condition*= skips it in silence, Assert*= fails it. By systemd.unit(5). */
import type { Requirement } from '../../../engines/services/service-definition.ts'
import { type UnitSection, type UnitText, percent, verbatim } from './unit-text.ts'

const words = { memory: 'Memory', cpus: 'CPUs', cpu_pressure: 'CPUPressure', memory_pressure: 'MemoryPressure', io_pressure: 'IOPressure' } as const satisfies Record<Requirement['kind'], string>

/** Several must all hold. */
export function requirementDirectives(requirements: readonly Requirement[] = []): UnitSection {
  const section: Record<string, UnitText[]> = {}
  for (const requirement of requirements) {
    const directive = `${requirement.silent ? 'Condition' : 'Assert'}${words[requirement.kind]}`
    const values = section[directive] ??= []
    values.push(threshold(requirement))
  }
  return section
}

function threshold(requirement: Requirement): UnitText {
  switch (requirement.kind) {
    case 'memory':
    case 'cpus':
      return verbatim(`${requirement.constraint}${BigInt(Math.floor(requirement.amount))}`)
    case 'cpu_pressure':
    case 'memory_pressure':
    case 'io_pressure':
      return verbatim(`${percent(requirement.maxPercent)}/${requirement.timespan}`)
    default:
      return requirement satisfies never
  }
}
