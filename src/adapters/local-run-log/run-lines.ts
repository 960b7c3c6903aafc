/**
 * The last log lines of each run that is under way, within bounds: what the
 * record of a run keeps of them.
 */

export interface RunLines {
  /** From now on lines of this run are kept. */
  begin(runId: string): void
  /** Lines of other runs, or of none, are passed over. */
  add(runId: string | undefined, line: string): void
  /** What was kept of the run, oldest first, and how many lines were not. Forgets it. */
  take(runId: string): { readonly lines: readonly string[]; readonly left: number }
}

const mostLines = 200
/** In characters. */
const mostOfRun = 64 * 1024
const mostOfAll = 16 * 1024 * 1024

interface Kept {
  readonly lines: string[]
  size: number
  left: number
}

export function createRunLines(): RunLines {
  const runs = new Map<string, Kept>()
  let sizeOfAll = 0
  const forgetOldest = (kept: Kept) => {
    const size = kept.lines.shift()!.length
    kept.size -= size
    sizeOfAll -= size
    kept.left += 1
  }
  return {
    begin: (runId) => { runs.set(runId, { lines: [], size: 0, left: 0 }) },
    add: (runId, line) => {
      const kept = runId === undefined ? undefined : runs.get(runId)
      if (kept === undefined) return
      kept.lines.push(line)
      kept.size += line.length
      sizeOfAll += line.length
      while (kept.lines.length > 0 && (kept.lines.length > mostLines || kept.size > mostOfRun || sizeOfAll > mostOfAll)) forgetOldest(kept)
    },
    take: (runId) => {
      const kept = runs.get(runId)
      if (kept === undefined) return { lines: [], left: 0 }
      runs.delete(runId)
      sizeOfAll -= kept.size
      return kept
    },
  }
}
