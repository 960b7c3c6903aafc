/** Conditions and assertions of a unit on memory, CPUs and pressure, held against what the machine has now. By systemd.unit(5). Pure. */
import type { UnitFacts } from '../look/unit-facts.ts'
import type { HostLoad } from './witness.ts'

const compare: Readonly<Record<string, (have: number, limit: number) => boolean>> = {
  '<': (have, limit) => have < limit, '<=': (have, limit) => have <= limit, '=': (have, limit) => have === limit, '!=': (have, limit) => have !== limit,
  '>=': (have, limit) => have >= limit, '>': (have, limit) => have > limit,
}

/** Those that would keep it from starting right now, each with what there is: `ConditionCPUs=>=64 does not hold: there are 2`. */
export function unheldConditions(unit: UnitFacts, load: HostLoad): string[] {
  return [...unit].flatMap(([key, values]) => {
    const [, name, kind, of] = /^Unit\.((Condition|Assert)(Memory|CPUs|CPUPressure|MemoryPressure|IOPressure))$/.exec(key) ?? []
    if (name === undefined) return []
    return values.flatMap((value) => {
      const present = presentFor(of!, value, load)
      return present === undefined ? [] : [`${name}=${value} does not hold: ${present}${kind === 'Assert' ? ', so its start fails' : ', so its start is skipped'}`]
    })
  })
}

/** What there is, where that is not enough. */
function presentFor(of: string, value: string, load: HostLoad): string | undefined {
  if (of.endsWith('Pressure')) {
    const [, percent, timespan = '5min'] = /^(?:[^:]*:)?([\d.]+)%(?:\/(10sec|1min|5min))?$/.exec(value) ?? []
    const have = load.pressure(of.replace('Pressure', '').toLowerCase() as 'cpu' | 'memory' | 'io', timespan as '5min')
    return percent === undefined || have === null || have <= Number(percent) ? undefined : `it was ${have} % over ${timespan}`
  }
  const [, operator = '>=', amount] = /^(<=|>=|!=|=|<|>)?\s*(\d+)$/.exec(value) ?? []
  const have = of === 'Memory' ? load.memoryBytes : load.cpus
  if (amount === undefined || compare[operator]!(have, Number(amount))) return undefined
  return of === 'Memory' ? `the machine has ${have} bytes` : `there are ${have}`
}
