/**
 * CPU time of processes, from /proc (Linux). On a machine that is shared with other work it is steadier than
 * wall-clock time: it moves by 5 to 15 % from run to run where rates move by a factor of 2.
 */
import { readFileSync, readdirSync } from 'node:fs'

interface ProcessTimes {
  readonly parent: number
  /** Seconds, its own. */
  readonly own: number
  /** Seconds, of its children that ended. */
  readonly ended: number
}

/** Linux counts in hundredths of a second (USER_HZ) on every architecture that Node runs on. */
const ticksPerSecond = 100

/** proc_pid_stat(5): the fields after the command name, which may hold anything. */
function timesOf(pid: number | string): ProcessTimes | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ').map(Number)
    return { parent: fields[1]!, own: (fields[11]! + fields[12]!) / ticksPerSecond, ended: (fields[13]! + fields[14]!) / ticksPerSecond }
  } catch {
    // It ended between the listing and the look.
    return undefined
  }
}

/**
 * Seconds that a server has used: its first process, the children of that which live, those that ended.
 * A child that ends during the look moves from one sum to the other, so we look until none does.
 */
export function serverCpuSeconds(pid: number): number {
  for (;;) {
    const before = timesOf(pid)
    const living = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(timesOf)
      .reduce((sum, child) => (child?.parent === pid ? sum + child.own : sum), 0)
    const after = timesOf(pid)
    if (before === undefined || after === undefined) throw new Error(`process ${pid}, the server, is gone`)
    if (before.ended === after.ended) return after.own + after.ended + living
  }
}

/** Seconds that this process has used, all of its threads. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
