/** The port to what units wrote. `adapters/journal/unit-journal.ts` fills it from journald. Times are epoch milliseconds. */
import type { ServiceScope } from '../service-definition.ts'

/** What a unit wrote, or systemd about it. A message may have several lines. */
export interface LogLine {
  /** Where it is in the journal: reading goes on from there. Opaque. */
  readonly cursor: string
  readonly at: number
  readonly hostname: string | null
  readonly scope: ServiceScope
  /** `taskflows-web.service`; `null` when nobody knows. */
  readonly unit: string | null
  readonly pid: number | null
  /** Of whom it is: who wrote it, or whom root wrote about. */
  readonly uid: number | null
  /** As in syslog(3): 0 is the worst, 7 for debugging. */
  readonly priority: number
  /** Bytes that are no UTF-8 became U+FFFD; control characters are there as they were written. */
  readonly message: string
  /** 32 hexadecimal digits. */
  readonly invocationId: string | null
  /** Systemd said it about the unit. */
  readonly bySystemd: boolean
}

/** Names of units, or patterns of them. */
export interface UnitNames {
  readonly user: readonly string[]
  readonly system: readonly string[]
}

/** Whose lines: of units; only what systemd said about units; only what it said about one run. */
export type LogSource =
  | { readonly kind: 'units'; readonly units: UnitNames }
  | { readonly kind: 'about'; readonly unit: string; readonly scope: ServiceScope }
  | { readonly kind: 'run'; readonly invocationId: string }

export interface JournalReading {
  readonly source: LogSource
  /** The latest first. */
  readonly reverse?: boolean
  /** Goes on with what comes. */
  readonly follow?: boolean
  /** Begins with the line there, or with the next one if that one is none of these. `sinceMs` and `untilMs` do not count then. */
  readonly cursor?: string
  /** Narrows the search: lines of the same second may come as well. */
  readonly sinceMs?: number
  readonly untilMs?: number
  /** Begins with so many of the last ones, without `cursor`, `sinceMs` and `untilMs`; for sources that it `counts`. */
  readonly lines?: number
  /** Only this bad or worse. */
  readonly priority?: number
}

export interface ServiceJournal {
  /** In batches, as they are read: nobody reads ahead of who asks. Ends when `signal` aborts. @throws `logs.unavailable` */
  read(reading: JournalReading, signal: AbortSignal): AsyncIterable<readonly LogLine[]>
  /** Whether it knows by itself where the last so many lines of this source begin. */
  counts(source: LogSource): boolean
  /** The cursor of the last line of all, whoever wrote it; `null` when there is none. @throws `logs.unavailable` */
  last(signal: AbortSignal): Promise<string | null>
  /** Whether the line at the cursor is still there. @throws `cursor.invalid`, `logs.unavailable` */
  holds(cursor: string, signal: AbortSignal): Promise<boolean>
}
