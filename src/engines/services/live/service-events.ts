/**
 * What became of a service between two looks at its unit, as facts. Pure:
 * `live-services.ts` looks, and whoever it tells writes them down.
 *
 * A run is what systemd calls an invocation, and has an id of its own:
 *
 *   started ─────┬─► stopped     it ended well, or was stopped
 *   restarted ───┼─► crashed     it ended badly, and systemd starts it again ─► restarted, or failed when it gives up
 *                ├─► failed      it ended badly, and stays so
 *                └─► restarted   by command
 */
import { serviceOfUnit } from '../run-units.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { UnitDetails } from '../service-manager.ts'

/** Who or what began the run. `exited`: it ended well, and its restart policy wants it to run always. */
export type RestartReason = 'manual' | 'failed' | 'watchdog' | 'exited'

export interface ServiceEvent {
  readonly type: 'service.started' | 'service.restarted' | 'service.stopped' | 'service.crashed' | 'service.failed'
  readonly service: string
  readonly scope: ServiceScope
  readonly unit: string
  readonly invocationId: string
  /** States in systemd's words for services, such as `running`, `dead`, `failed` and `auto-restart`. */
  readonly from: string
  readonly to: string
  /** Restarts by systemd since somebody started it. */
  readonly restarts: number | null
  /** Of `restarted`. */
  readonly reason?: RestartReason
  /** Of those that end a run. */
  readonly end?: { readonly result: string | null; readonly exitCode: number | null; readonly exitSignal: string | null }
}

/**
 * Whatever happened in between. What began and ended within it is told of, too, if it was the last.
 * @param before `undefined`: the manager did not know it
 */
export function eventsBetween(scope: ServiceScope, before: UnitDetails | undefined, after: UnitDetails): ServiceEvent[] {
  const service = serviceOfUnit(after.unit)
  if (service === undefined) return []
  const { unit } = after
  const fact = (type: ServiceEvent['type'], invocationId: string, more: Partial<ServiceEvent> = {}): ServiceEvent =>
    ({ type, service, scope, unit, invocationId, from: before?.subState ?? 'dead', to: after.subState, restarts: after.restarts, ...more })
  const ranBefore = before?.invocationId ?? null
  const runsNow = after.invocationId
  // A unit that nothing refers to is forgotten when its run ends, and with it how it ended.
  if (runsNow === null) return ranBefore !== null && !isOver(before!) ? [fact('service.stopped', ranBefore, { end: noOutcome })] : []
  const began = runsNow === ranBefore ? [] : [beginning(before, after, (type, more) => fact(type, runsNow, more))]
  const ended = isOver(after) && (began.length > 0 || !isOver(before!) || gaveUp(before!, after)) ? [fact(endingOf(after), runsNow, { end: outcomeOf(after) })] : []
  return [...began, ...ended]
}

function beginning(before: UnitDetails | undefined, after: UnitDetails, fact: (type: ServiceEvent['type'], more?: Partial<ServiceEvent>) => ServiceEvent): ServiceEvent {
  // It counts the restart at some point between the two runs, and begins anew with a start by command.
  const bySystemd = (after.restarts ?? 0) > (before !== undefined && isWaiting(before) ? 0 : before?.restarts ?? 0)
  if (bySystemd) return fact('service.restarted', { reason: reasonOf(before) })
  // On a command to restart the start follows the stop so fast that the end between them is not seen.
  const byCommand = before !== undefined && before.invocationId !== null && !isOver(before)
  return byCommand ? fact('service.restarted', { reason: 'manual' }) : fact('service.started')
}

function reasonOf(before: UnitDetails | undefined): RestartReason {
  if (before === undefined || !isOver(before)) return 'failed'
  return before.result === 'success' ? 'exited' : before.result === 'watchdog' ? 'watchdog' : 'failed'
}

function endingOf({ activeState, result }: UnitDetails): ServiceEvent['type'] {
  if (activeState === 'failed') return 'service.failed'
  return activeState === 'activating' && result !== 'success' ? 'service.crashed' : 'service.stopped'
}

const noOutcome = { result: null, exitCode: null, exitSignal: null }

/** Whether its last run has ended. Between a crash and the next start systemd calls a unit activating. */
function isOver({ activeState, subState }: Pick<UnitDetails, 'activeState' | 'subState'>): boolean {
  return activeState === 'inactive' || activeState === 'failed' || isWaiting({ subState })
}

/** For its next start by systemd. */
function isWaiting({ subState }: Pick<UnitDetails, 'subState'>): boolean {
  return subState.startsWith('auto-restart')
}

function gaveUp(before: UnitDetails, after: UnitDetails): boolean {
  return after.activeState === 'failed' && before.activeState === 'activating'
}

function outcomeOf({ result, exitCode, exitSignal }: UnitDetails): NonNullable<ServiceEvent['end']> {
  return { result, exitCode, exitSignal }
}
