/**
 * A process and everything that came of it, found and ended.
 *
 * The parent of a process is not enough to find it by: when that one ends it is
 * given another. So is its group, which it may leave. So each process of the
 * tree also carries a mark in its environment, which is inherited.
 */
import type { Clock } from '../../kernel/clock.ts'
import { type ProcessFacts, environmentHas, readProcess, readProcesses, seesProcesses } from './processes.ts'

export interface ProcessTree {
  /** Leads a process group of its own. */
  readonly root: number
  /** In the environment of each process below the root, unless one cleared it. */
  readonly mark: string
}

export interface WatchedTree {
  /** Who belongs to it now, as kill(2) takes them. What was seen as part of it once stays part of it. */
  members(): number[]
}

/** Begin while the root lives. */
export function watchTree({ root, mark }: ProcessTree): WatchedTree {
  // Where processes cannot be seen, the group is all there is to reach them by.
  if (!seesProcesses) return { members: () => (signal(-root, 0) ? [-root] : []) }
  const since = readProcess(root)?.startedAt ?? 0
  const known = new Map<number, number>()
  return {
    members: () => {
      const processes = readProcesses().filter(({ startedAt }) => startedAt >= since)
      const members = withDescendants(processes, ({ pid, group, startedAt }) => known.get(pid) === startedAt || pid === root || group === root || environmentHas(pid, mark))
      for (const { pid, startedAt } of members) known.set(pid, startedAt)
      return members.map(({ pid }) => pid)
    },
  }
}

/** Between SIGTERM and SIGKILL, in milliseconds. */
const patienceMs = 2_000
/** What survives SIGKILL for this long hangs in the kernel, and nobody can end it. */
const hopelessMs = 10_000
const longestPauseMs = 50

/**
 * Ends a tree: SIGTERM, after 2 s SIGKILL, also to what was started meanwhile. Resolves when nothing of it is left.
 * @param spare a process that is left alone
 */
export async function endTree(tree: WatchedTree, clock: Clock, spare?: number): Promise<void> {
  const told = new Set<number>()
  const began = clock.now()
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const members = tree.members().filter((pid) => pid !== spare)
    const waited = clock.now() - began
    if (members.length === 0 || waited > patienceMs + hopelessMs) return
    for (const pid of members) {
      if (waited > patienceMs) signal(pid, 'SIGKILL')
      else if (!told.has(pid)) signal(pid, 'SIGTERM')
      told.add(pid)
    }
    await clock.sleep(pauseMs)
  }
}

/** Whether there was somebody to tell. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

/** Those that `belongs` says, and all that descend from them. */
export function withDescendants(processes: readonly ProcessFacts[], belongs: (facts: ProcessFacts) => boolean): ProcessFacts[] {
  const children = Map.groupBy(processes, ({ parent }) => parent)
  const found = new Set<ProcessFacts>()
  const add = (facts: ProcessFacts): void => {
    if (found.has(facts)) return
    found.add(facts)
    children.get(facts.pid)?.forEach(add)
  }
  processes.filter(belongs).forEach(add)
  return [...found]
}
