/**
 * Who holds a data directory: the judgement, given the facts.
 *
 * PostgreSQL believes a `postmaster.pid` whose process number is alive, whatever
 * that process is, so a recycled number blocks the start for good. We believe
 * what the kernel says of the process: PostgreSQL's processes stand in their
 * data directory (ChangeToDataDir) and run a program named `postgres`. That is
 * an identity; a start time, which the file also has, is wall-clock time and
 * moves when the clock is set. `processes.ts` collects the facts.
 */
import { basename } from 'node:path'

/** What /proc tells of a process (proc(5)); null where the kernel has nothing to tell. */
export interface ProcessFacts {
  readonly pid: number
  /** Its program. `(deleted)` behind it means that the file was replaced, as an upgrade does. */
  readonly program: string | null
  readonly workingDirectory: string | null
}

/**
 * Whether the process is PostgreSQL's on this data directory (a real path).
 * A process that is about to end has lost its program but still holds the shared memory, so it counts.
 */
export function isPostgresOn(dataDirectory: string, { program, workingDirectory }: ProcessFacts): boolean {
  return workingDirectory === dataDirectory && (program === null || basename(program.replace(/ \(deleted\)$/, '')) === 'postgres')
}

/** The process number in a `postmaster.pid`: its first line, negative for a single-user backend. */
export function pidIn(pidFile: string): number | null {
  const line = /^-?(\d{1,10})(?=\s|$)/.exec(pidFile)
  return line && Number(line[1]) > 0 ? Number(line[1]) : null
}

/** What the postmaster says it does, in the eighth line: `starting`, `ready`, `stopping` and others (miscadmin.h). */
function statusIn(pidFile: string): string | undefined {
  return pidFile.split('\n')[7]?.trim()
}

/**
 * `running`: a postmaster is up or starting. `stopping`: it was told to end. `orphans`: its children have outlived it; PostgreSQL refuses
 * to start beside them ("pre-existing shared memory block is still in use"). `free`: nobody is there.
 */
export type Occupation = 'running' | 'stopping' | 'orphans' | 'free'

/** @param pidFile the text of `postmaster.pid`, null when there is none. @param processes those that {@link isPostgresOn} found. */
export function judgeOccupation(pidFile: string | null, processes: readonly ProcessFacts[]): Occupation {
  if (processes.length === 0) return 'free'
  const named = pidFile === null ? null : pidIn(pidFile)
  if (!processes.some(({ pid }) => pid === named)) return 'orphans'
  return statusIn(pidFile!) === 'stopping' ? 'stopping' : 'running'
}
