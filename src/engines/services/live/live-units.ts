/**
 * What one manager of systemd knows of units of ours, kept up to date by its
 * signals: all is read once, then changes come by themselves. `live-services.ts`
 * makes services of it.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../../kernel/clock.ts'
import { type Lifecycle, lifecycle } from '../../../kernel/lifecycle.ts'
import type { SeenUnits } from '../ledger/collect-runs.ts'
import { isActive } from '../look/active-runs.ts'
import { isSingleRun } from '../run-units.ts'
import { type ServiceEvent, eventsBetween } from './service-events.ts'
import type { ServiceManager, UnitDetails, UnitState } from '../service-manager.ts'

export interface LiveUnitsParts {
  readonly manager: Pick<ServiceManager, 'scope' | 'states' | 'details' | 'watch'>
  readonly clock: Clock
  /**
   * Units on disk: the manager does not keep those loaded that nothing refers to. It would read each anew to answer for it,
   * which takes it 14 ms, and could only say what the files say.
   */
  readonly unitsOnDisk: () => Promise<readonly string[]>
  /** Units as they were seen, by signals and by questions, in order. */
  readonly onSeen: (units: SeenUnits) => void
  /** All were read, after something may have been missed. */
  readonly onRead: () => void
  /** What became of services since all were read for the first time. */
  readonly onEvents: (events: readonly ServiceEvent[]) => void
  /** It goes on by itself. */
  readonly onTrouble: (error: unknown) => void
}

export interface LiveUnits extends Lifecycle {
  /** By unit. Waits while they are read; `undefined` while the manager is away. What did not change stays the same object. */
  details(): Promise<ReadonlyMap<string, UnitDetails> | undefined>
  /** What is known, however old. */
  readonly known: ReadonlyMap<string, UnitDetails>
  /** From when on nothing was missed, in epoch milliseconds; 0 before anything was heard. */
  readonly since: number
  /** Another one whenever there are other units. */
  readonly generation: number
  /** Asks about these anew, for what comes without a signal, or before it. @throws `systemd.unavailable` */
  refresh(units: readonly string[]): Promise<void>
}

const firstDelayMs = 1_000
const longestDelayMs = 60_000
const unitsAtATime = 50

export function createLiveUnits({ manager, clock, unitsOnDisk, onSeen, onRead, onEvents, onTrouble }: LiveUnitsParts): LiveUnits {
  const known = new Map<string, UnitDetails>()
  /** When each was last told of by a signal: the answer to an older question must not undo that. */
  const heard = new Map<string, number>()
  let moment = 0
  let generation = 0
  /** Nothing happened before the first look: what is found then has begun at some time. */
  let isBaseline = true
  /** Resolves with whether everything is known. */
  let reading = Promise.withResolvers<boolean>()
  let isAway = false
  let isLost = false
  let since = 0

  const take = (answers: readonly UnitDetails[], gone: readonly string[] = []): void => {
    const present = [...answers.filter(isThere), ...gone.flatMap((unit) => known.get(unit) ?? []).map(unloaded)]
    if (!isBaseline) {
      const events = present.flatMap((after) => eventsBetween(manager.scope, known.get(after.unit), after))
      if (events.length > 0) onEvents(events)
    }
    for (const details of present) {
      if (!known.has(details.unit) && !isSingleRun(details.unit)) generation += 1
      known.set(details.unit, remembering(known.get(details.unit), details))
    }
    for (const { unit } of answers.filter(({ loadState }) => loadState === 'not-found')) if (known.delete(unit)) generation += 1
    for (const unit of gone) if (isSingleRun(unit)) known.delete(unit)
  }

  const hear = (units: readonly UnitDetails[], gone: readonly string[]): void => {
    moment += 1
    for (const unit of [...units.map(({ unit }) => unit), ...gone]) heard.set(unit, moment)
    take(units, gone)
    if (questions === 0) forget(gone)
  }
  /** Of a single run signals tell all, step by step. What is asked about afterwards systemd has only read anew. */
  const hearOfRun = (details: UnitDetails): void => {
    if (isSingleRun(details.unit) && (known.has(details.unit) || isActive(details))) hear([details], [])
  }

  let questions = 0
  const ask = async (units: readonly string[]): Promise<void> => {
    if (units.length === 0) return
    const since = moment
    questions += 1
    try {
      const answers = await manager.details(units)
      const fresh = answers.filter(({ unit }) => (heard.get(unit) ?? 0) <= since)
      onSeen({ answers: fresh })
      take(fresh)
    } finally {
      questions -= 1
      if (questions === 0) forget([...heard.keys()])
    }
  }
  /** No answer can come any more to what was asked before these were gone. */
  const forget = (units: readonly string[]): void => {
    for (const unit of units) if (isSingleRun(unit) && !known.has(unit)) heard.delete(unit)
  }

  /** First those whose states differ, which is one question, so that what is asked meanwhile is answered soon. */
  const readAll = async (): Promise<void> => {
    isLost = false
    const states = await manager.states()
    const loaded = new Set(states.map(({ unit }) => unit))
    const gone = [...known.keys()].filter((unit) => !loaded.has(unit))
    onSeen({ answers: [], gone: gone.filter(isSingleRun) })
    if (!isBaseline) take([], gone.filter((unit) => isSingleRun(unit) || isActive(known.get(unit)!)))
    const differing = states.filter((state) => differs(known.get(state.unit), state)).map(({ unit }) => unit)
    const onDisk = new Set(await unitsOnDisk())
    take([...onDisk].filter((unit) => !loaded.has(unit) && !known.has(unit)).map(neverRun))
    const first = new Set(differing)
    await askInParts(differing)
    isBaseline = isAway = false
    reading.resolve(true)
    await askInParts([...known.keys()].filter((unit) => !first.has(unit) && (loaded.has(unit) || !onDisk.has(unit))), () => isLost)
    onRead()
  }

  /** Few at a time, so that those of which signals tell need not queue behind thousands. */
  const askInParts = async (units: readonly string[], isOver = () => false): Promise<void> => {
    for (let at = 0; at < units.length && !isOver(); at += unitsAtATime) await ask(units.slice(at, at + unitsAtATime))
  }

  /** One that begins while the one before goes on waits for it; it does not go on for long then. */
  let turn: Promise<void> = Promise.resolve()
  const readAgain = (): Promise<void> => {
    isLost = true
    const before = reading
    reading = Promise.withResolvers()
    void reading.promise.then(before.resolve)
    return (turn = turn.catch(() => {}).then(() => (isLost ? readAll() : undefined)))
  }

  const goneAway = (): void => {
    isAway = true
    reading.resolve(false)
  }

  /** Until it breaks, or `over` aborts. @param onWell all was read */
  const follow = async (over: AbortSignal, onWell: () => void): Promise<void> => {
    const broken = new AbortController()
    let trouble: unknown
    for await (const change of manager.watch(AbortSignal.any([over, broken.signal]))) {
      if (change.kind === 'changed') {
        onSeen({ signals: change.seen, answers: change.units, gone: change.gone })
        change.seen.forEach(hearOfRun)
        hear(change.units, change.gone)
        continue
      }
      since = clock.now()
      // Signals are taken meanwhile, so that a change is told at once also while thousands are read.
      readAgain().then(onWell, (error: unknown) => {
        trouble = error
        broken.abort()
      })
    }
    if (trouble !== undefined) throw trouble
  }

  const run = async (over: AbortSignal): Promise<void> => {
    for (let delay = firstDelayMs; !over.aborted; delay = Math.min(delay * 2, longestDelayMs)) {
      try {
        await follow(over, () => { delay = firstDelayMs })
      } catch (error) {
        if (!over.aborted) onTrouble(error)
      }
      goneAway()
      await clock.sleep(delay, over)
    }
  }

  let over = new AbortController()
  let running: Promise<void> = Promise.resolve()
  return {
    ...lifecycle({
      start: async () => {
        over = new AbortController()
        // Whoever waits for the server need not wait for systemd.
        running = run(over.signal)
      },
      stop: async () => {
        over.abort()
        await running
      },
    }),
    details: async () => (!isAway && (await reading.promise) ? known : undefined),
    known,
    get since() {
      return since
    },
    get generation() {
      return generation
    },
    refresh: ask,
  }
}

function differs(known: UnitDetails | undefined, { activeState, subState, loadState }: UnitState): boolean {
  return known === undefined || known.activeState !== activeState || known.subState !== subState || known.loadState !== loadState
}

/** A single run without an invocation is none: its unit was read anew for the question. */
function isThere({ unit, loadState, invocationId }: UnitDetails): boolean {
  return loadState !== 'not-found' && (invocationId !== null || !isSingleRun(unit))
}

/** What systemd would say of a unit that it does not keep in mind. */
function neverRun(unit: string): UnitDetails {
  return {
    unit, description: unit, loadState: 'loaded', activeState: 'inactive', subState: 'dead', unitFileState: '', result: null, mainPid: null,
    exitCode: null, exitSignal: null, restarts: null, statusText: null, invocationId: null, startedAt: null, endedAt: null, activeSince: null,
    nextElapseAt: null, lastTriggerAt: null, memoryBytes: null, memoryPeakBytes: null, cpuSeconds: null, tasks: null, conditionsMet: null,
    needsReload: false, dropIns: [],
  }
}

/** As a unit is that the manager does not keep in mind: its run, if there was one, is over. */
function unloaded(details: UnitDetails): UnitDetails {
  return { ...details, activeState: 'inactive', subState: 'dead', invocationId: null, mainPid: null, activeSince: null, nextElapseAt: null, memoryBytes: null, tasks: null }
}

/** The manager forgets the last run of a unit together with the unit; we do not. */
function remembering(before: UnitDetails | undefined, after: UnitDetails): UnitDetails {
  if (before === undefined) return after
  const { invocationId, result, exitCode, exitSignal, startedAt, endedAt, restarts } = before
  const whole = after.invocationId === null && invocationId !== null ? { ...after, invocationId, result, exitCode, exitSignal, startedAt, endedAt, restarts } : after
  return isDeepStrictEqual(before, whole) ? before : whole
}
