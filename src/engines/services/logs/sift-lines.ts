/** Which lines of a reading are wanted, and when no more will come. Pure, but for the time that a pattern takes. */
import { lineMatcher } from './match-lines.ts'
import type { LogLine } from './service-journal.ts'

export interface LineFilter {
  /** Epoch milliseconds; a line of that moment is wanted. */
  readonly sinceMs?: number
  /** The same; `until` is inclusive. */
  readonly untilMs?: number
  /** A regular expression of JavaScript. */
  readonly grep?: string
}

export interface Sieve {
  /** Those that are wanted, in their order. @throws `request.invalid` when the pattern takes too long */
  sift(lines: readonly LogLine[]): readonly LogLine[]
  /** Whether the line, and so all behind it, is beyond the end. */
  isBeyond(line: LogLine): boolean
}

/** @throws `request.invalid` when `grep` is no pattern */
export function createSieve({ sinceMs = -Infinity, untilMs = Infinity, grep }: LineFilter, reverse: boolean, belongs: (line: LogLine) => boolean): Sieve {
  const match = grep === undefined ? undefined : lineMatcher(grep)
  // A line has microseconds, a limit has not.
  const isWithin = (line: LogLine) => Math.floor(line.at) >= sinceMs && Math.floor(line.at) <= untilMs && belongs(line)
  return {
    sift: (lines) => {
      const within = lines.filter(isWithin)
      if (match === undefined || within.length === 0) return within
      const matches = match(within.map(({ message }) => message))
      return within.filter((_line, at) => matches[at])
    },
    isBeyond: ({ at }) => (reverse ? Math.floor(at) < sinceMs : Math.floor(at) > untilMs),
  }
}
