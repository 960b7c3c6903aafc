/** The processes of this machine, read from /proc (proc(5)). Without it there are none to see. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'

export interface ProcessFacts {
  readonly pid: number
  readonly parent: number
  /** Process group. */
  readonly group: number
  /** Clock ticks since the machine started: with it a number that was used again is told apart. */
  readonly startedAt: number
}

/** Whether this system lets us see processes. */
export const seesProcesses = existsSync('/proc/self/stat')

/** Those that live. One that has ended and waits for its parent to notice does not. */
export function readProcesses(): ProcessFacts[] {
  if (!seesProcesses) return []
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((name) => readProcess(Number(name))).filter((facts) => facts !== undefined)
}

/** `undefined`: it has ended. */
export function readProcess(pid: number): ProcessFacts | undefined {
  return parseStat(textOf(`/proc/${pid}/stat`))
}

/** Of /proc/PID/stat. The name, in parentheses, may hold parentheses and blanks. */
export function parseStat(text: string): ProcessFacts | undefined {
  const [state, parent, group, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  if (text === '' || state === 'Z' || state === 'X') return undefined
  return { pid: Number.parseInt(text, 10), parent: Number(parent), group: Number(group), startedAt: Number(rest[16]) }
}

/** Whether the environment that a process was started with holds this text. Those of other accounts are not readable. */
export function environmentHas(pid: number, text: string): boolean {
  return textOf(`/proc/${pid}/environ`).includes(text)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
