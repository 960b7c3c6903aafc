/**
 * Watches in a server that what is due also runs: a while after each slot it is held against the runs in the ledger, and
 * what was late, skipped, missed or is overdue is told, once. `judge-slots.ts` decides, this one keeps the time.
 *
 * Nothing is asked of systemd for a run that is on time: what signals tell is enough. There is one timer, for the next slot
 * of all; definitions are looked at again when it fires, when somebody says that they changed, and once a minute.
 */
import type { Clock } from '../../../kernel/clock.ts'
import { type Lifecycle, lifecycle } from '../../../kernel/lifecycle.ts'
import type { ServiceLedger, ServiceRun } from '../ledger/service-run.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { UnitDetails } from '../service-manager.ts'
import { nextSlotOf, periodicSlot, slotsBetween, toleranceOf } from './expected-slots.ts'
import { type Outage, type SlotFinding, judgeSlots, slotReason } from './judge-slots.ts'
import { type ScheduledService, lastRunOf, timerSince } from './scheduled-services.ts'

/** What became of a slot that is not as it should be, or of one that is (`on_time`), for counts alone. */
export interface ToldSlot extends SlotFinding {
  readonly service: string
  readonly scope: ServiceScope
  readonly unit: string
}

export interface SlotWatchParts {
  /** Name of the host in the ledger. */
  readonly host: string
  /** Who reads, for the place in time that is kept: such as `slots db1/1000`. */
  readonly reader: string
  readonly scheduled: () => Promise<readonly ScheduledService[]>
  readonly managerSince: (scope: ServiceScope) => Promise<number | null>
  /** When the machine was down, as far back as that moment. */
  readonly outages: (since: number) => Promise<readonly Outage[]>
  /** Resolves when what systemd wrote until that moment is in the ledger, or when it cannot be. Default: what it wrote while nobody listened. */
  readonly caughtUp: (moment?: number) => Promise<void>
  readonly ledger: Pick<ServiceLedger, 'record' | 'between' | 'position' | 'keepPosition'>
  readonly clock: Clock
  /** Each slot once with each verdict. */
  readonly onSlots: (slots: readonly ToldSlot[]) => void
  readonly onTrouble: (error: unknown) => void
}

export interface SlotWatch extends Lifecycle {
  /** Something happened to services, or to what they are to do: soon they are looked at again. */
  changed(): void
}

const lookMs = 60_000
const leastMs = 1_000
const longestPastMs = 7 * 86_400_000
/** How long the ledger may take to catch up with the journal, which may be long. */
const patienceMs = 60_000
/** Runs that began before the first slot and may stand in its way. */
const lookBackMs = 3_600_000

interface Moment {
  readonly now: number
  readonly toleranceMs: number
}

/** One service between two looks. */
interface Followed {
  /** Slots until then are settled, but for those in `open`. */
  until: number
  /** Slots that wait for something, and those that were told as overdue. */
  readonly open: Map<number, SlotFinding['verdict']>
  /** The last run that is known. */
  last: ServiceRun | undefined
  /** When there is something to judge. */
  dueAt: number
  /** The timer was off at the slot before. */
  isOff: boolean
  /** The invocation that was the last slot's; `undefined`: not known yet. */
  served: string | null | undefined
}

export function createSlotWatch({ host, reader, scheduled, caughtUp, managerSince, outages, ledger, clock, onSlots, onTrouble }: SlotWatchParts): SlotWatch {
  const followed = new Map<string, Followed>()
  let over = new AbortController()
  let running: Promise<void> = Promise.resolve()
  let wake: () => void = () => {}
  let isTold = false
  let begin = 0
  let down: readonly Outage[] = []
  let keptAt = 0

  const followedOf = (service: ScheduledService): Followed => {
    const key = `${service.scope} ${service.name}`
    const one = followed.get(key) ?? { until: Math.max(begin, service.since ?? clock.now()), open: new Map(), last: undefined, dueAt: 0, isOff: false, served: undefined }
    followed.set(key, one)
    if (service.since !== null && service.since > one.until) {
      one.until = service.since
      one.dueAt = 0
      one.open.clear()
    }
    return one
  }

  /** Those that are not settled, until now: a run belongs to the last one before it, also if that is not to be judged yet. */
  const unsettled = (scheduled: ScheduledService, one: Followed, now: number): number[] => {
    const { schedules, service, timer } = scheduled
    const period = timer?.activeState === 'active' && isOver(service) ? periodicSlot(schedules, lastRunOf(scheduled)) : undefined
    const periods = period !== undefined && period > one.until && period <= now ? [period] : []
    return [...new Set([...one.open.keys(), ...slotsBetween(schedules, one.until, now), ...periods])].sort((a, b) => a - b)
  }

  const judge = async (service: ScheduledService, one: Followed): Promise<ToldSlot[]> => {
    const [now, toleranceMs] = [clock.now(), toleranceOf(service.schedules)]
    const slots = unsettled(service, one, now)
    const isRipe = (slot: number): boolean => slot <= now - toleranceMs
    const judged = slots.some(isRipe) ? onTimeByItself(service, one, slots, isRipe, toleranceMs) ?? await judgeByAll(service, one, slots, { now, toleranceMs }) : []
    const findings = judged.filter(({ slot }) => isRipe(slot))
    const told = findings.filter((finding, at) => finding.verdict !== 'due' && one.open.get(finding.slot) !== finding.verdict && !isRepeated(finding, findings[at - 1], one))
    const news = await write(service, told)
    settle(one, findings, service.service)
    const next = nextDue(service, one, toleranceMs)
    one.dueAt = one.open.size > 0 || next <= now ? now + lookMs : next
    return news.map((finding) => ({ ...finding, service: service.name, scope: service.scope, unit: service.unit }))
  }

  /** What nothing in the ledger explains may have been written to the journal alone, as a start that a condition forbade is. */
  const judgeByAll = async (service: ScheduledService, one: Followed, slots: readonly number[], moment: Moment): Promise<SlotFinding[]> => {
    const findings = await judgeByLedger(service, one, slots, moment)
    const unexplained = findings.findLast((finding) => hasNoRun(finding) && one.open.get(finding.slot) !== finding.verdict && !(one.isOff && finding.cause === 'timer_off'))
    if (unexplained === undefined) return findings
    await ledgerHas(unexplained.slot + moment.toleranceMs)
    return judgeByLedger(service, one, slots, moment)
  }

  const judgeByLedger = async (service: ScheduledService, one: Followed, slots: readonly number[], { now, toleranceMs }: Moment): Promise<SlotFinding[]> => {
    const from = Math.min(slots[0]!, one.last?.startedAt ?? slots[0]! - lookBackMs)
    const runs = await ledger.between({ host, scope: service.scope, service: service.name }, from, now + 1)
    one.last = runs.findLast(({ startedAt }) => startedAt !== null) ?? one.last
    return judgeSlots(slots, runs, {
      now, toleranceMs, overlap: service.overlap, timerSince: timerSince(service), outages: down,
      managerSince: await managerSince(service.scope),
    })
  }

  /** What does not answer must not keep the server from stopping. No race with a promise that stays: that would remember each. */
  const orStopped = async <T>(work: Promise<T>, ms: number): Promise<T | undefined> => {
    const enough = new AbortController()
    const leave = () => enough.abort()
    const { signal } = over
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted) leave()
    try {
      return await Promise.race([work, clock.sleep(ms, enough.signal).then(() => undefined)])
    } finally {
      signal.removeEventListener('abort', leave)
      leave()
    }
  }
  const ledgerHas = (moment?: number): Promise<void> => orStopped(caughtUp(moment), patienceMs)

  /** In the ledger, which also tells what another server was first to say. */
  const write = async ({ name, scope }: ScheduledService, told: readonly SlotFinding[]): Promise<SlotFinding[]> => {
    const rows = told.flatMap((finding): ServiceRun[] => {
      const { slot, verdict, run, cause, reason } = finding
      if (verdict === 'late') return [{ ...run!, slot, reason: run!.reason ?? `late: ${reason}` }]
      if (verdict === 'skipped' && run?.state === 'skipped') return [{ ...run, slot }]
      return hasRowOfItsOwn(finding) ? [slotRow({ host, scope, service: name }, { state: verdict as 'missed' | 'skipped', slot, reason: slotReason(cause, reason) })] : []
    })
    const news = new Set((await ledger.record(rows)).flatMap(({ slot, invocationId }) => (invocationId === null ? [slot] : [])))
    return told.filter((finding) => !hasRowOfItsOwn(finding) || news.has(finding.slot))
  }

  const nextDue = (scheduled: ScheduledService, { until }: Followed, toleranceMs: number): number => {
    const moments = [nextSlotOf(scheduled.schedules)(until), periodicSlot(scheduled.schedules, lastRunOf(scheduled))].filter((slot) => slot !== undefined && slot > until) as number[]
    return moments.length === 0 ? Infinity : Math.min(...moments) + toleranceMs
  }

  /** @returns when there is something to do again */
  const look = async (isTold: boolean): Promise<number> => {
    const services = await orStopped(scheduled(), Infinity) ?? []
    await ledgerHas()
    if (over.signal.aborted) return Infinity
    const present = new Set(services.map(({ name, scope }) => `${scope} ${name}`))
    for (const key of followed.keys()) if (!present.has(key)) followed.delete(key)
    let next = clock.now() + lookMs
    for (const service of services) {
      if (over.signal.aborted) return next
      const one = followedOf(service)
      if (one.dueAt === Infinity || one.dueAt === 0) one.dueAt = nextDue(service, one, toleranceOf(service.schedules))
      if (one.dueAt <= clock.now() || isTold && one.open.size > 0) {
        try {
          onSlots(await judge(service, one))
        } catch (error) {
          // Its slots stay unsettled, and are looked at again.
          one.dueAt = clock.now() + lookMs
          onTrouble(error)
        }
      }
      next = Math.min(next, one.dueAt)
    }
    await keepPlace()
    return next
  }

  /** What was settled for all services need not be looked at again after a restart of the server. */
  const keepPlace = async (isLast = false): Promise<void> => {
    if (followed.size === 0 || !isLast && clock.now() - keptAt < lookMs) return
    keptAt = clock.now()
    const settled = Math.min(clock.now() - lookMs, ...[...followed.values()].map(({ open, until }) => (open.size > 0 ? Math.min(...open.keys()) - 1 : Math.max(until, clock.now() - lookMs))))
    await ledger.keepPosition(reader, String(Math.floor(settled)))
  }

  /** Or until somebody says that something happened, which may have been during the last look. */
  const untilDue = (next: number): Promise<void> => new Promise((resolve) => {
    const timer = clock.timer(Math.max(leastMs, next - clock.now()), resolve)
    wake = () => {
      timer[Symbol.dispose]()
      resolve()
    }
    if (isTold || over.signal.aborted) wake()
  })

  const run = async (): Promise<void> => {
    const kept = await ledger.position(reader)
    begin = Math.max(Number(kept ?? clock.now()), clock.now() - longestPastMs)
    // The next server begins here, too, if this one is killed before it has settled anything.
    if (kept === null) await ledger.keepPosition(reader, String(begin))
    down = await outages(begin)
    while (!over.signal.aborted) {
      const wasTold = isTold
      isTold = false
      await untilDue(await look(wasTold))
      // What came together is looked at together.
      if (isTold) await clock.sleep(leastMs, over.signal)
    }
    await keepPlace(true)
  }

  return {
    changed: () => {
      isTold = true
      wake()
    },
    ...lifecycle({
      start: async () => {
        over = new AbortController()
        followed.clear()
        running = untilItWorks(run, clock, over.signal, onTrouble)
      },
      stop: async () => {
        over.abort()
        wake()
        await running
      },
    }),
  }
}

async function untilItWorks(run: () => Promise<void>, clock: Clock, signal: AbortSignal, onTrouble: (error: unknown) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      return await run()
    } catch (error) {
      onTrouble(error)
      await clock.sleep(lookMs, signal)
    }
  }
}

/** The usual case: the last run is that of the only slot, not that of the one before, and it came on time. */
function onTimeByItself({ service }: ScheduledService, { served }: Followed, [slot, next = Infinity]: readonly number[], isRipe: (slot: number) => boolean, toleranceMs: number): SlotFinding[] | undefined {
  const startedAt = service?.startedAt
  if (slot === undefined || isRipe(next) || startedAt === null || startedAt === undefined || service!.result === 'exec-condition') return undefined
  if (served === undefined || service!.invocationId === served) return undefined
  const isIts = startedAt >= slot && startedAt < next && startedAt <= slot + toleranceMs
  return isIts ? [{ slot, verdict: 'on_time', cause: 'none', run: null, reason: '' }] : undefined
}

/** A start that was forbidden is in the ledger already. */
function hasRowOfItsOwn({ verdict, run }: SlotFinding): boolean {
  return verdict === 'missed' || (verdict === 'skipped' && run?.state !== 'skipped')
}

function hasNoRun({ verdict, run }: SlotFinding): boolean {
  return run === null && (verdict === 'missed' || verdict === 'overdue')
}

/** While its timer is off each slot would be missed: the first tells it. */
function isRepeated({ cause }: SlotFinding, before: SlotFinding | undefined, { isOff }: Followed): boolean {
  return cause === 'timer_off' && (before === undefined ? isOff : before.cause === 'timer_off')
}

function settle(one: Followed, findings: readonly SlotFinding[], service: UnitDetails | undefined): void {
  for (const { slot, verdict, cause, run } of findings) {
    if (verdict === 'due' || verdict === 'overdue') one.open.set(slot, verdict)
    else one.open.delete(slot)
    one.until = Math.max(one.until, slot)
    one.isOff = cause === 'timer_off'
    if (verdict === 'on_time' || verdict === 'late') one.served = (run ?? service)?.invocationId
  }
}

function isOver(service: UnitDetails | undefined): boolean {
  return service?.activeState === 'inactive' || service?.activeState === 'failed'
}

function slotRow(key: Pick<ServiceRun, 'host' | 'scope' | 'service'>, changes: Partial<ServiceRun> & Pick<ServiceRun, 'state'>): ServiceRun {
  return {
    ...key, invocationId: null, startedAt: null, endedAt: null, result: null, exitCode: null, exitSignal: null, cpuSeconds: null, memoryPeakBytes: null, slot: null, reason: null, ...changes,
  }
}
