/** Services that are to begin by themselves, read from their units on disk and what the manager says of them. Pure. */
import type { FoundService } from '../look/match-services.ts'
import { factsOf, firstOf, schedulesOf } from '../look/unit-facts.ts'
import type { Schedule, ServiceDefinition, ServiceScope } from '../service-definition.ts'
import type { InstalledUnit, UnitDetails } from '../service-manager.ts'

export interface ScheduledService {
  /** `web`, or `worker@1`. */
  readonly name: string
  readonly scope: ServiceScope
  readonly unit: string
  readonly schedules: readonly Schedule[]
  readonly overlap: NonNullable<ServiceDefinition['overlap']>
  /** Since when this is its schedule, in epoch milliseconds; `null` when nobody kept that. */
  readonly since: number | null
  /** As they are right now; `undefined` where the manager has not loaded them. */
  readonly service: UnitDetails | undefined
  readonly timer: UnitDetails | undefined
}

/** @param appliedAt asked once for each file @returns `undefined` for what has no start schedule */
export function scheduledService({ name, scope, installed, units }: FoundService, details: ReadonlyMap<string, UnitDetails>, appliedAt: () => number | null): ScheduledService | undefined {
  const [unit, timer, file] = [units.get('service'), units.get('timer'), installed.find(({ role }) => role === 'timer')]
  if (unit === undefined || timer === undefined || file === undefined || unit.includes('@.')) return undefined
  return { name, scope, unit, ...readOnce(file, appliedAt), overlap: overlapOf(installed), service: details.get(unit), timer: details.get(timer) }
}

/** Since when its timer runs; `null`: it does not. */
export function timerSince({ timer }: ScheduledService): number | null {
  return timer?.activeState === 'active' ? timer.activeSince ?? 0 : null
}

/** Thousands are asked for again and again, and their files hardly ever change. */
const known = new WeakMap<InstalledUnit, Pick<ScheduledService, 'schedules' | 'since'>>()

function readOnce(file: InstalledUnit, appliedAt: () => number | null): Pick<ScheduledService, 'schedules' | 'since'> {
  const read = known.get(file) ?? { schedules: schedulesOf(factsOf(file.text)), since: appliedAt() }
  known.set(file, read)
  return read
}

export function overlapOf(installed: readonly InstalledUnit[]): ScheduledService['overlap'] {
  const through = installed.find(({ role }) => role === 'start-service')
  if (through === undefined) return 'queue'
  return / restart /.test(firstOf(factsOf(through.text), 'Service.ExecStart') ?? '') ? 'replace' : 'skip'
}
