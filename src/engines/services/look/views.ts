/** How a service is shown: one line of facts from the disk, the manager and the versions. Pure, and fast for thousands. */
import { nextRunsOf } from './next-runs.ts'
import { isActive, latest, sumOf } from './active-runs.ts'
import type { FoundService } from './match-services.ts'
import { describeSchedule } from './describe-schedule.ts'
import type { UnitDetails, UnitRole, UnitState } from '../service-manager.ts'
import { isTimer } from './service-units.ts'
import { serviceUnit } from '../run-units.ts'
import type { ServiceStatus, ServiceView } from '../services.ts'
import { factsOf, schedulesOf } from './unit-facts.ts'

export interface Seen {
  /** Of the units that the manager has loaded, by name. */
  readonly states: ReadonlyMap<string, UnitState>
  /** More of some of them; empty when nobody asked. */
  readonly details: ReadonlyMap<string, UnitDetails>
  /** When timers elapse next of which there are no details, as far as systemd was asked. */
  readonly elapses?: ReadonlyMap<string, number | null>
  /** Of this service: those that go on besides it. */
  readonly runs: readonly UnitState[]
  readonly drift: readonly string[]
  readonly nowMs: number
}

export function viewOf(service: FoundService, { states, details, elapses, runs, drift, nowMs }: Seen): ServiceView {
  const { name, scope, installed, units } = service
  const unit = units.get('service') ?? serviceUnit(name)
  const timer = units.get('timer')
  const fileOf = (role: UnitRole) => installed.find((file) => file.role === role)
  const known = details.get(unit)
  const own = known ?? states.get(unit)
  const active = [...(own !== undefined && isActive(own) ? [own] : []), ...runs]
  const state = own === undefined || isLoaded(own) ? active[0] ?? own : own
  const going = active.flatMap((each) => details.get(each.unit) ?? [])
  const timerState = timer === undefined ? undefined : details.get(timer) ?? states.get(timer)
  const timerText = fileOf('timer')?.text
  const schedules = timerText === undefined ? [] : schedulesOf(factsOf(timerText))
  return {
    name, scope, unit, drift,
    description: descriptionIn(fileOf('service')?.text) ?? name,
    status: statusOf(state, timerState),
    // systemd forgets a unit that does not run and that nothing refers to; it loads it for anybody who looks.
    loadState: state?.loadState ?? 'loaded',
    activeState: state?.activeState ?? 'inactive',
    subState: state?.subState ?? 'dead',
    activeRuns: active.length,
    serviceEnabled: fileOf('service')?.enabled ?? false,
    timerEnabled: fileOf('timer')?.enabled ?? null,
    schedules: schedules.map(describeSchedule),
    timers: [...units].filter(([role]) => isTimer(role)).map(([, timer]) => timer),
    // Of what a timer starts each time anew the manager keeps nothing in mind but when the timer did.
    lastStartAt: latest(known?.startedAt, ...going.map(({ startedAt }) => startedAt), units.has('run-service') ? details.get(timer ?? '')?.lastTriggerAt : null),
    lastFinishAt: known?.endedAt ?? null,
    activeSince: going[0]?.activeSince ?? null,
    nextStartAt: timerState?.activeState !== 'active' ? null : details.get(timer!)?.nextElapseAt ?? elapses?.get(timer!) ?? nextRunsOf(schedules, 1, nowMs)[0] ?? null,
    result: known?.result ?? null,
    exitCode: known?.exitCode ?? null,
    restarts: known?.restarts ?? null,
    mainPid: going.length > 1 ? null : going[0]?.mainPid ?? null,
    memoryBytes: sumOf(going, ({ memoryBytes }) => memoryBytes),
  }
}

/** Thousands are listed, and this is all that their units are read for. */
function descriptionIn(text = ''): string | undefined {
  return /^Description=(.*)$/m.exec(text)?.[1]?.trim().replaceAll('%%', '%')
}

function isLoaded({ loadState }: UnitState): boolean {
  return !['not-found', 'bad-setting', 'error', 'masked'].includes(loadState)
}

export function statusOf(state: UnitState | undefined, timer: UnitState | undefined): ServiceStatus {
  if (state !== undefined && !isLoaded(state)) return 'not_loaded'
  switch (state?.activeState) {
    case 'active': return state.subState === 'running' ? 'running' : 'active'
    case 'reloading': return 'running'
    case 'activating': return state.subState.startsWith('auto-restart') ? 'restarting' : 'starting'
    case 'deactivating': return 'stopping'
    case 'failed': return 'failed'
    default: return timer?.activeState === 'active' ? 'waiting' : 'inactive'
  }
}
