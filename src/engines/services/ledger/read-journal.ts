/** One reading of a manager's journal, from where the last one was to its end, with what comes of it recorded on the way. */
import { TaskflowsError } from '../../../kernel/errors.ts'
import { type JournalRuns, type Present, createJournalRuns, settleUnwritten } from './journal-runs.ts'
import type { ManagerJournal } from './manager-journal.ts'
import type { ServiceLedger, ServiceRun, ServiceRunKey } from './service-run.ts'

export interface JournalReading extends Omit<ServiceRunKey, 'service'> {
  readonly reader: string
  readonly ledger: ServiceLedger
  readonly journal: ManagerJournal
  readonly bootId: string
  /** Epoch milliseconds. */
  readonly now: number
  /**
   * Asked when the journal is read, before what was written meanwhile is read too.
   * @returns the invocations of those that go on, by their manager's word; `undefined`: it does not answer
   */
  readonly whoRuns: (runs: readonly ServiceRun[]) => Promise<ReadonlySet<string> | undefined>
  readonly signal: AbortSignal
}

/** Where a reader was, at what time that was written, and which manager had written last. */
interface Position {
  readonly cursor: string
  readonly at: number
  readonly manager: string | null
  /** Of runs that were under way: `JournalRunsParts.units`. */
  readonly units?: Readonly<Record<string, string>>
}

/** How far back the first reading goes. */
const firstLookMs = 30 * 86_400_000
/** Runs that are written at once, however long the journal is. */
const atOnce = 500
/** A beginning has one time in the journal and another on the bus. */
const slackMs = 1_000

/** Tells the ledger all that the journal knows more. What is read twice is told once. @throws `logs.unavailable`, and what the ledger throws */
export async function readJournal({ host, scope, reader, ledger, journal, bootId, now, whoRuns, signal }: JournalReading): Promise<void> {
  const before = parsePosition(await ledger.position(reader))
  const underWay = await ledger.running({ host, scope })
  // The others began behind the place of the reader: the reading comes to them.
  const open = underWay.filter(({ startedAt }) => before !== undefined && (startedAt ?? 0) <= before.at + slackMs)
  const unwritten = new Map(underWay.filter((run) => !open.includes(run)).map((run) => [run.invocationId, run]))
  let [cursor, at] = [before?.cursor, before?.at ?? 0]
  let runs: JournalRuns | undefined
  let told: ServiceRun[] = []

  const start = (isWhole: boolean) => createJournalRuns({ host, scope, open, manager: before?.manager ?? null, isWhole, ...(before?.units && { units: before.units }) })
  const write = async (): Promise<void> => {
    await ledger.record(told)
    told = []
  }
  const readOn = async (): Promise<void> => {
    for await (const entry of journal.read(cursor === undefined ? { sinceMs: now - firstLookMs } : { cursor }, signal)) {
      runs ??= start(before === undefined || entry.cursor === before.cursor)
      if (entry.cursor === cursor) continue
      cursor = entry.cursor
      if (entry.message === undefined) continue
      at = entry.message.at
      unwritten.delete(entry.message.invocationId)
      told.push(...runs.take(entry.message))
      if (told.length >= atOnce) await write()
    }
  }
  /** Whether runs go on: those that nobody asked about began since. */
  const ask = async (): Promise<Present> => {
    const asked = [...(runs ??= start(false)).open(), ...unwritten.values()]
    const running = await whoRuns(asked)
    const ids = new Set(asked.map(({ invocationId }) => invocationId))
    return { bootId, now, isRunning: running && (({ invocationId }) => !ids.has(invocationId) || running.has(invocationId!)) }
  }
  const settle = async (present: Present): Promise<void> => {
    told.push(...runs!.settle(present), ...settleUnwritten([...unwritten.values()], present))
    await write()
  }

  try {
    await readOn()
  } catch (error) {
    // What runs, and what ran when the machine went down, is known without it.
    if (isUnreadable(error)) await settle(await ask())
    throw error
  }
  const present = await ask()
  await readOn()
  if (signal.aborted) return
  await settle(present)
  if (cursor !== undefined && cursor !== before?.cursor) await ledger.keepPosition(reader, JSON.stringify({ cursor, at, manager: runs!.manager, units: runs!.units() } satisfies Position))
}

function isUnreadable(error: unknown): boolean {
  return error instanceof TaskflowsError && error.code === 'logs.unavailable'
}

function parsePosition(text: string | null): Position | undefined {
  return text === null ? undefined : JSON.parse(text) as Position
}
