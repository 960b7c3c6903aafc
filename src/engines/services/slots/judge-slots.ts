/**
 * What became of the slots of a schedule: each is held against the runs there were. Pure.
 *
 * A run belongs to the last slot before it, if that has none yet; so one run after a boot makes up for the last slot that was
 * missed, and the earlier ones stay missed, as with Persistent= of systemd. What belongs to no slot was started by somebody,
 * or again by its restart policy.
 */
import type { ServiceRun } from '../ledger/service-run.ts'
import type { ServiceDefinition } from '../service-definition.ts'

/** `due`: it may still come on time, or waits for the run before. `overdue`: it did not come, and nothing tells why yet. */
export type SlotVerdict = 'due' | 'on_time' | 'late' | 'skipped' | 'missed' | 'overdue'

/** Why a slot had no run, or a late one, as one word. `none` of one on time. */
export type SlotCause = 'none' | 'overlap' | 'condition' | 'host_down' | 'systemd_down' | 'timer_off' | 'random_delay' | 'unknown'

export interface SlotFinding {
  /** Epoch milliseconds. */
  readonly slot: number
  readonly verdict: SlotVerdict
  readonly cause: SlotCause
  /** The run that belongs to it, or stood in its way. */
  readonly run: ServiceRun | null
  /** In words; empty for what is on time or due. */
  readonly reason: string
}

export interface Circumstances {
  /** Epoch milliseconds, as all times here. */
  readonly now: number
  readonly toleranceMs: number
  readonly overlap: ServiceDefinition['overlap']
  /** Since when its timer runs; `null`: it does not. */
  readonly timerSince: number | null
  /** Since when its systemd runs; `null` where that is not known. */
  readonly managerSince: number | null
  /** When the machine did not run, as far as it is known. */
  readonly outages: readonly Outage[]
}

export interface Outage {
  readonly from: number
  readonly until: number
}

/** @param slots ascending @param runs of the service, from before the first slot on, with slots that were judged before */
export function judgeSlots(slots: readonly number[], runs: readonly ServiceRun[], circumstances: Circumstances): SlotFinding[] {
  const judged = new Map(runs.flatMap((run) => (run.slot !== null && run.startedAt === null ? [[run.slot, run] as const] : [])))
  const invocations = runs.filter(({ startedAt }) => startedAt !== null).sort((one, other) => one.startedAt! - other.startedAt!)
  const bySlot = assign(slots, invocations)
  return slots.map((slot, at) => {
    const run = bySlot.get(slot)
    const next = slots[at + 1]
    const known = judged.get(slot)
    // A time that is made up for has been missed all the same.
    if (run !== undefined && !(known?.state === 'missed' && run.slot === slot)) return withRun(slot, run, invocations, circumstances)
    if (known?.state === 'missed' || known?.state === 'skipped') return { slot, verdict: known.state, run: null, ...readReason(known.reason ?? '') }
    return withoutRun(slot, next !== undefined && next <= circumstances.now, invocations, circumstances)
  })
}

/** The slots that have a run, each the first after it. */
function assign(slots: readonly number[], invocations: readonly ServiceRun[]): ReadonlyMap<number, ServiceRun> {
  const [all, found] = [new Set(slots), new Map<number, ServiceRun>()]
  let at = -1
  for (const run of invocations) {
    while (at + 1 < slots.length && slots[at + 1]! <= run.startedAt!) at += 1
    // Of one that was late before, or that made up for a time, only that one.
    const slot = run.slot ?? slots[at]
    if (slot !== undefined && all.has(slot) && !found.has(slot)) found.set(slot, run)
  }
  return found
}

function withRun(slot: number, run: ServiceRun, invocations: readonly ServiceRun[], circumstances: Circumstances): SlotFinding {
  if (run.state === 'skipped') return { slot, verdict: 'skipped', cause: 'condition', run, reason: run.reason ?? 'a condition was not met' }
  const lateMs = run.startedAt! - slot
  if (lateMs <= circumstances.toleranceMs) return { slot, verdict: 'on_time', cause: 'none', run, reason: '' }
  const { cause, reason } = hindrance(slot, invocations, circumstances)
  return { slot, verdict: 'late', cause, run, reason: reason === '' ? 'nothing tells why' : reason }
}

function withoutRun(slot: number, nextIsPast: boolean, invocations: readonly ServiceRun[], circumstances: Circumstances): SlotFinding {
  const { now, toleranceMs, overlap = 'queue' } = circumstances
  const due: SlotFinding = { slot, verdict: 'due', cause: 'none', run: null, reason: '' }
  if (now < slot + toleranceMs) return due
  const found = hindrance(slot, invocations, circumstances)
  if (found.cause === 'overlap') {
    // Of those in a queue the last one waits.
    const waits = overlap === 'queue' && !nextIsPast && (found.run!.endedAt === null || now < found.run!.endedAt + toleranceMs)
    return waits ? due : { slot, verdict: 'skipped', ...found }
  }
  if (found.cause !== 'unknown') return { slot, verdict: 'missed', ...found }
  const after = invocations.find(({ startedAt }) => startedAt! > slot && startedAt! <= slot + toleranceMs)
  if (after !== undefined) return { slot, verdict: 'skipped', ...standIn(slot, after, overlap === 'allow' ? [] : invocations) }
  return nextIsPast ? { slot, verdict: 'missed', ...found, reason: 'nothing began, and nothing tells why' } : { slot, verdict: 'overdue', ...found, reason: 'nothing began' }
}

/** Why the run after a slot is that of the next one: the run before went on, though nobody may have seen when it ended. */
function standIn(slot: number, after: ServiceRun, invocations: readonly ServiceRun[]): Pick<SlotFinding, 'cause' | 'run' | 'reason'> {
  const before = invocations.findLast(({ startedAt, state }) => startedAt! < slot && state !== 'skipped')
  if (before?.endedAt === null) return { cause: 'overlap', run: before, reason: `the run before, from ${iso(before.startedAt!)}, went on, until nobody knows when` }
  return { cause: 'random_delay', run: after, reason: 'what began for it began after the next slot: by its random delay, or since the machine is busy' }
}

/** What kept a run from beginning at its slot. */
function hindrance(slot: number, invocations: readonly ServiceRun[], { overlap, timerSince, managerSince, outages }: Circumstances): Pick<SlotFinding, 'cause' | 'run' | 'reason'> {
  const before = overlap === 'allow' ? undefined : invocations.findLast(({ startedAt, endedAt, state }) => startedAt! < slot && (endedAt === null ? state === 'running' : endedAt > slot))
  if (before !== undefined) return { cause: 'overlap', run: before, reason: `the run before, from ${iso(before.startedAt!)}, went on${before.endedAt === null ? '' : ` until ${iso(before.endedAt)}`}` }
  const outage = outages.find(({ from, until }) => from <= slot && slot < until)
  if (outage !== undefined) return { cause: 'host_down', run: null, reason: `the machine was down from ${iso(outage.from)} to ${iso(outage.until)}` }
  if (managerSince !== null && slot < managerSince) return { cause: 'systemd_down', run: null, reason: `its systemd did not run then: it runs since ${iso(managerSince)}` }
  if (timerSince === null) return { cause: 'timer_off', run: null, reason: 'its timer does not run' }
  if (slot < timerSince) return { cause: 'timer_off', run: null, reason: `its timer did not run then: it runs since ${iso(timerSince)}` }
  return { cause: 'unknown', run: null, reason: '' }
}

/** As the ledger keeps both in one text. */
export function slotReason(cause: SlotCause, reason: string): string {
  return `${cause}: ${reason}`
}

/** Of one that was judged before, as the ledger has it. */
export function causeOf({ reason }: Pick<ServiceRun, 'reason'>): SlotCause {
  return readReason(reason ?? '').cause
}

function readReason(text: string): Pick<SlotFinding, 'cause' | 'reason'> {
  const [, cause, reason] = /^(overlap|condition|host_down|systemd_down|timer_off|random_delay|unknown): (.*)$/s.exec(text) ?? []
  return cause === undefined ? { cause: 'unknown', reason: text } : { cause: cause as SlotCause, reason: reason! }
}

const iso = (at: number): string => new Date(at).toISOString()
