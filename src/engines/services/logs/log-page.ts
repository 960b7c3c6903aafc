/** Lines put together to a page: so many, and not too much. Pure. */
import type { LogLine } from './service-journal.ts'
import type { Sieve } from './sift-lines.ts'

export interface LogPageBuilder {
  /** Takes what is wanted of a batch; `true` when no more is to be read. */
  take(batch: readonly LogLine[]): boolean
  readonly lines: readonly LogLine[]
  /** The cursor of the last line that was looked at, wanted or not. */
  readonly scanned: string | null
  /** Whether there are more than fit. */
  readonly full: boolean
}

/** @param longest of all messages together, in characters; one line is always taken */
export function logPage(limit: number, longest: number, { sift, isBeyond }: Sieve): LogPageBuilder {
  const lines: LogLine[] = []
  let [length, full] = [0, false]
  let scanned: string | null = null
  return {
    lines,
    get scanned() { return scanned },
    get full() { return full },
    take: (batch) => {
      for (const line of sift(batch)) {
        length += line.message.length
        full = lines.length === limit || (lines.length > 0 && length > longest)
        if (full) return true
        lines.push(line)
      }
      scanned = batch.at(-1)?.cursor ?? scanned
      return batch.some(isBeyond)
    },
  }
}
