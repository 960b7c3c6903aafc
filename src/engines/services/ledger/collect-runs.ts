/**
 * Collects the runs of one manager for the ledger, from two witnesses.
 *
 * Signals tell of each step of each run at once, with when it ended and how, also of runs that systemd forgets with
 * their last breath. They tell nothing to who is not there. The journal is: what it has and signals had not is read
 * from a place of ours, when a server starts, when signals may have been missed, and a while after whatever happened.
 */
import type { Clock } from '../../../kernel/clock.ts'
import { createOutbox } from '../../../kernel/outbox.ts'
import type { ServiceManager, UnitDetails } from '../service-manager.ts'
import type { ManagerJournal } from './manager-journal.ts'
import { readJournal } from './read-journal.ts'
import type { ServiceLedger, ServiceRun } from './service-run.ts'
import { type RunPlace, type SeenRun, type Sight, seeRun } from './unit-runs.ts'
import { whoRuns } from './who-runs.ts'

export interface RunCollectorParts extends RunPlace {
  /** Such as `journal db1/user/1000`. */
  readonly reader: string
  readonly ledger: ServiceLedger
  readonly journal: ManagerJournal
  readonly clock: Clock
  readonly manager: Pick<ServiceManager, 'states' | 'details'>
  /** What it is known to say of its units, however old. */
  readonly known: () => ReadonlyMap<string, UnitDetails>
  readonly onError: (error: unknown) => void
}

export interface SeenUnits {
  /** What signals said themselves. */
  readonly signals?: readonly UnitDetails[]
  /** What the manager answered since. */
  readonly answers: readonly UnitDetails[]
  /** Those that it has forgotten by then. */
  readonly gone?: readonly string[]
}

export interface RunCollector extends AsyncDisposable {
  /** Units as they were seen, in order. */
  see(units: SeenUnits): void
  /** Compares with the journal, soon. */
  settle(): void
  /** Resolves when what systemd wrote until that moment is in the ledger, or when it cannot be. */
  caughtUp(moment: number): Promise<void>
}

/** From something that happened to the comparison. */
const afterwardsMs = 30_000
/** What a manager has written before it answered is in the journal by then. */
const journaldMs = 300

export function createRunCollector({ host, scope, bootId, reader, ledger, journal, clock, manager, known, onError }: RunCollectorParts): RunCollector {
  const place = { host, scope, bootId }
  // What is dropped while the database is away the journal has, too.
  const outbox = createOutbox<ServiceRun>({ write: (batch) => ledger.record(batch), clock, onError })
  const over = new AbortController()
  const seen = new Map<string, SeenRun>()

  /** What is news. */
  const look = (details: UnitDetails, by: Sight['by']): readonly ServiceRun[] => {
    const before = seen.get(details.unit)
    const after = seeRun(place, before, details, { by, now: clock.now() })
    if (after === undefined || after === before) return []
    seen.set(details.unit, after)
    return after.run === before?.run ? [] : [after.run]
  }
  const ask = async (runs: readonly ServiceRun[]) => {
    const running = await whoRuns(manager, runs, known())
    await clock.sleep(journaldMs, over.signal)
    return running
  }
  /** When the last comparison began that came to its end, and the last that did not. */
  let [comparedAt, failedAt] = [-Infinity, -Infinity]
  const compare = async (): Promise<void> => {
    const now = clock.now()
    try {
      await readJournal({ host, scope, reader, ledger, journal, bootId, whoRuns: ask, now, signal: over.signal })
      comparedAt = now
    } catch (error) {
      failedAt = now
      if (!over.signal.aborted) onError(error)
    }
  }

  /** One comparison at a time. One that is asked for meanwhile follows it. */
  let comparing: Promise<void> | undefined
  let again = false
  const settle = (): void => {
    again = true
    comparing ??= (async () => {
      while (again && !over.signal.aborted) {
        again = false
        await compare()
      }
    })().finally(() => { comparing = undefined })
  }
  const caughtUp = async (moment: number): Promise<void> => {
    // What could not be read a while ago is not asked for again and again.
    if (comparedAt >= moment || clock.now() < failedAt + afterwardsMs) return
    settle()
    await comparing
  }
  let later: Promise<void> | undefined
  const settleLater = (): void => {
    later ??= clock.sleep(afterwardsMs, over.signal).then(() => {
      later = undefined
      if (!over.signal.aborted) settle()
    })
  }

  return {
    see: ({ signals = [], answers, gone = [] }) => {
      const told = [...signals.flatMap((details) => look(details, 'signal')), ...answers.flatMap((details) => look(details, 'answer'))]
      for (const unit of gone) seen.delete(unit)
      // A start that a condition forbids is told by the journal alone.
      if (told.length > 0 || answers.some(({ conditionsMet }) => conditionsMet === false)) settleLater()
      if (told.length > 0) outbox.tell(told)
    },
    settle, caughtUp,
    [Symbol.asyncDispose]: async () => {
      over.abort()
      await Promise.all([outbox[Symbol.asyncDispose](), comparing, later])
    },
  }
}
