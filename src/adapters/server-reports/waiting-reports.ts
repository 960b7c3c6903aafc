/** Reports that wait to be sent, oldest first, one per run: its end takes the place of its start. */
import type { RunReport } from '../../engines/tasks/run-report.ts'

/** Starts are only made when they are sent: most runs have ended by then. */
export type MakeReport = () => RunReport

export interface WaitingReports {
  readonly size: number
  add(runId: string, make: MakeReport): void
  /** Takes the oldest away, `most` of them at most. */
  take(most?: number): RunReport[]
  /** Puts what was taken in front again, except where something newer is known of the run by now. */
  putBack(reports: readonly RunReport[]): void
}

export function createWaitingReports(): WaitingReports {
  let waiting = new Map<string, MakeReport>()
  return {
    get size() {
      return waiting.size
    },
    add: (runId, make) => { waiting.set(runId, make) },
    take: (most = Infinity) => {
      const taken: RunReport[] = []
      for (const [id, make] of waiting) {
        if (taken.length >= most) break
        taken.push(make())
        waiting.delete(id)
      }
      return taken
    },
    putBack: (reports) => {
      waiting = new Map([...reports.map((report) => [report.id, () => report] as const), ...waiting])
    },
  }
}
