/** Services that are to begin by themselves, read from their units on disk and what the manager says of them. Pure. */
import type { FoundService } from '../look/match-services.ts'
import { factsOf, firstOf, schedulesOf } from '../look/unit-facts.ts'
import type { Schedule, ServiceDefinition, ServiceScope } from '../service-definition.ts'
import type { InstalledUnit, UnitDetails } from '../service-manager.ts'
import type { AppliedVersion } from '../versions.ts'

export interface ScheduledService {
  /** `web`, or `worker@1`. */
  readonly name: string
  readonly scope: ServiceScope
  readonly unit: string
  readonly schedules: readonly Schedule[]
  readonly overlap: NonNullable<ServiceDefinition['overlap']>
  /** Since when this is its schedule, in epoch milliseconds; `null` when nobody kept that. */
  readonly since: number | null
  /** How far back each time that was missed is made up for, in milliseconds; `null`: none is, by us. */
  readonly catchUpMs: number | null
  /** As they are right now; `undefined` where the manager has not loaded them. */
  readonly service: UnitDetails | undefined
  readonly timer: UnitDetails | undefined
}

/** @param applied asked once for each file @returns `undefined` for what has no start schedule */
export function scheduledService({ name, scope, installed, units }: FoundService, details: ReadonlyMap<string, UnitDetails>, applied: () => AppliedVersion | undefined): ScheduledService | undefined {
  const [unit, timer, file] = [units.get('service'), units.get('timer'), installed.find(({ role }) => role === 'timer')]
  if (unit === undefined || timer === undefined || file === undefined || unit.includes('@.')) return undefined
  return { name, scope, unit, ...readOnce(file, applied), overlap: overlapOf(installed), service: details.get(unit), timer: details.get(timer) }
}

/** Since when its timer runs; `null`: it does not. */
export function timerSince({ timer }: ScheduledService): number | null {
  return timer?.activeState === 'active' ? timer.activeSince ?? 0 : null
}

/** What follows from one file, and the version that it is of. */
type Plan = Pick<ScheduledService, 'schedules' | 'since' | 'catchUpMs'>

/** Thousands are asked for again and again, and their files hardly ever change. */
const known = new WeakMap<InstalledUnit, Plan>()

function readOnce(file: InstalledUnit, applied: () => AppliedVersion | undefined): Plan {
  const read = known.get(file) ?? planOf(file, applied())
  known.set(file, read)
  return read
}

const dayMs = 86_400_000

function planOf(file: InstalledUnit, applied: AppliedVersion | undefined): Plan {
  const { catchUp, catchUpWindow } = applied?.definition ?? {}
  const catchUpMs = catchUp !== 'all' ? null : catchUpWindow === undefined ? dayMs : catchUpWindow * 1000
  return { schedules: schedulesOf(factsOf(file.text)), since: applied?.at ?? null, catchUpMs }
}

/** What its periods count from. Runs side by side are forgotten with their ends, but not when their timer began the last. */
export function lastRunOf({ overlap, service, timer }: ScheduledService): Pick<UnitDetails, 'startedAt' | 'endedAt'> | undefined {
  return overlap === 'allow' && timer !== undefined ? { startedAt: timer.lastTriggerAt, endedAt: null } : service
}

export function overlapOf(installed: readonly InstalledUnit[]): ScheduledService['overlap'] {
  if (installed.some(({ role }) => role === 'run-service')) return 'allow'
  const through = installed.find(({ role }) => role === 'start-service')
  if (through === undefined) return 'queue'
  return / restart /.test(firstOf(factsOf(through.text), 'Service.ExecStart') ?? '') ? 'replace' : 'skip'
}
