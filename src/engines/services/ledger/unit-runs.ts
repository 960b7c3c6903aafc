/**
 * Runs out of what signals tell of a unit: each says its state, its invocation and how its main process fares, and they
 * come in order. Pure. `journal-runs.ts` makes the same runs of what systemd wrote down.
 */
import { type RunUnit, runUnitOf } from '../run-units.ts'
import type { UnitDetails } from '../service-manager.ts'
import { endedRun } from './end-of-run.ts'
import type { ServiceRun, ServiceRunKey } from './service-run.ts'

export interface RunPlace extends Omit<ServiceRunKey, 'service'> {
  readonly bootId: string
}

/** The last run of a unit that was seen. */
export interface SeenRun {
  readonly run: ServiceRun
  /** It was seen doing something. */
  readonly wasUp: boolean
  readonly stopped: boolean
  /** When its main process began. */
  readonly mainAt: number | null
  /** When that of the run before did: a unit goes on telling of it until there is another. */
  readonly formerMainAt: number | null
}

export interface Sight {
  /** `signal`: sent in the midst of a change; `answer`: to a question, between two changes. */
  readonly by: 'signal' | 'answer'
  /** When it was seen, for what systemd has no time of; epoch milliseconds. */
  readonly now: number
}

/** @returns `before` itself where this tells nothing new of it */
export function seeRun(place: RunPlace, before: SeenRun | undefined, details: UnitDetails, { by, now }: Sight): SeenRun | undefined {
  const unit = runUnitOf(details.unit)
  if (unit === undefined || details.invocationId === null || isTorn(details)) return before
  const known = before?.run.invocationId === details.invocationId ? before : undefined
  if (known !== undefined && known.run.state !== 'running') return measured(known, details)
  // A start tells of itself before it has begun.
  const wasUp = by === 'answer' || (known?.wasUp ?? false) || isUp(details)
  if (!wasUp && details.mainPid === null && details.result === 'success') return before
  const formerMainAt = known === undefined ? before?.mainAt ?? null : known.formerMainAt
  const isOwnMain = (details.mainPid !== null || !isUp(details)) && details.startedAt !== formerMainAt
  const mainAt = known?.mainAt ?? (isOwnMain ? details.startedAt : null)
  const stopped = (known?.stopped ?? false) || isToldToStop(details)
  const run = known?.run ?? begun(place, unit, details, mainAt ?? now)
  if (!isRunOver(details, wasUp)) return known !== undefined && known.wasUp === wasUp && known.stopped === stopped && known.mainAt === mainAt ? known : { run, wasUp, stopped, mainAt, formerMainAt }
  const ofMain = mainAt !== null && details.startedAt === mainAt ? details : { exitCode: null, exitSignal: null, endedAt: null }
  const over = endedRun(run, { result: details.result ?? 'success', exitCode: ofMain.exitCode, exitSignal: ofMain.exitSignal, stopped }, ofMain.endedAt ?? now)
  return measured({ run: over, wasUp, stopped, mainAt, formerMainAt }, details)
}

function begun({ host, scope, bootId }: RunPlace, { service, slot }: RunUnit, { invocationId }: UnitDetails, startedAt: number): ServiceRun {
  return {
    host, scope, service, bootId, invocationId, state: 'running', startedAt, endedAt: null, result: null, exitCode: null, exitSignal: null,
    cpuSeconds: null, memoryPeakBytes: null, slot, reason: null,
  }
}

/** What it used counts once it is over, and comes with the answer to a question: a signal does not tell of it. */
function measured(seen: SeenRun, { startedAt, cpuSeconds, memoryPeakBytes }: UnitDetails): SeenRun {
  const { run, mainAt } = seen
  if (startedAt !== mainAt) return seen
  const [cpu, memory] = [run.cpuSeconds ?? cpuSeconds, run.memoryPeakBytes ?? memoryPeakBytes]
  return cpu === run.cpuSeconds && memory === run.memoryPeakBytes ? seen : { ...seen, run: { ...run, cpuSeconds: cpu, memoryPeakBytes: memory } }
}

/** An answer is put together of two, and the second may be of the run after the first. */
function isTorn({ activeState, result }: UnitDetails): boolean {
  return activeState === 'failed' && result === 'success'
}

function isUp({ activeState, subState }: UnitDetails): boolean {
  return activeState !== 'inactive' && activeState !== 'failed' && !subState.startsWith('auto-restart')
}

/** While its main process lives: what is left of a service whose main process ended by itself is stopped, too. */
function isToldToStop({ activeState, subState, mainPid, result }: UnitDetails): boolean {
  return activeState === 'deactivating' && subState.startsWith('stop') && mainPid !== null && result === 'success'
}

/**
 * A unit that stays up after its processes have ended (RemainAfterExit=) has run, and so has one that waits for its restart.
 * @param wasUp it was seen doing something, or nothing changes right now: else `inactive` may be the moment before its beginning
 */
export function isRunOver({ activeState, subState, mainPid, result }: UnitDetails, wasUp: boolean): boolean {
  if (activeState === 'failed' || subState.startsWith('auto-restart') || subState === 'exited') return true
  return activeState === 'inactive' && mainPid === null && (wasUp || result !== 'success')
}
