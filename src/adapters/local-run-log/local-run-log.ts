/**
 * Writes down the runs of this process that ended, with the last lines that they
 * logged, in TASKFLOWS_HOME/runs: for `tf history` and `tf logs` where there is
 * neither a server nor a journal. `read-local-runs.ts` reads them back.
 */
import type { RunReport } from '../../engines/tasks/run-report.ts'
import type { Clock } from '../../kernel/clock.ts'
import { messageOf } from '../../kernel/errors.ts'
import type { LogLine } from '../../kernel/observe/log-line.ts'
import type { Log } from '../../kernel/observe/log.ts'
import { appendLines, removeOldFiles } from './run-files.ts'
import { createRunLines } from './run-lines.ts'

export interface LocalRunLogParts {
  /** `TASKFLOWS_HOME/runs` */
  readonly directory: string
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}

export interface LocalRunLog {
  /** Its lines are kept from now on. */
  begin(runId: string): void
  /** Written a little later, so that what is logged about the end itself is kept, too. */
  end(report: RunReport): void
  /** For every line that the process logs. */
  lineLogged(line: LogLine): void
  /** Writes what waits. */
  save(): void
}

const batchMs = 500
/** At so many that wait a batch is written at once. */
const mostWaiting = 2000

export function createLocalRunLog({ directory, clock, log }: LocalRunLogParts): LocalRunLog {
  const lines = createRunLines()
  let waiting: RunReport[] = []
  let timer: NodeJS.Timeout | undefined
  let tidiedOn = ''
  let complained = false

  const save = () => {
    clearTimeout(timer)
    timer = undefined
    const ended = waiting
    waiting = []
    try {
      for (const [day, ofDay] of Map.groupBy(ended, ({ ended_at }) => ended_at!.slice(0, 10))) {
        const full = appendLines(directory, day, ofDay.map((report) => recordOf(report, lines.take(report.id))), clock.now())
        if (full || day !== tidiedOn) removeOldFiles(directory, clock.now())
        tidiedOn = day
      }
    } catch (error) {
      for (const { id } of ended) lines.take(id)
      if (!complained) log.warn({ directory, reason: messageOf(error) }, 'runs cannot be written down in the home directory')
      complained = true
    }
  }
  return {
    begin: lines.begin,
    end: (report) => {
      waiting.push(report)
      if (waiting.length >= mostWaiting) save()
      else timer ??= setTimeout(save, batchMs).unref()
    },
    lineLogged: ({ ids, text }: LogLine) => lines.add(ids.task_id, text),
    save,
  }
}

/** The lines are JSON already: they are put in as they are. */
function recordOf(report: RunReport, { lines, left }: { readonly lines: readonly string[]; readonly left: number }): string {
  return `${JSON.stringify(report).slice(0, -1)},"lines_left_out":${left},"lines":[${lines.join(',')}]}`
}
