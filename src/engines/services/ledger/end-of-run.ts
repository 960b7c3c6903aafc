/** How a run ended, in systemd's word for it (systemd.exec(5), $SERVICE_RESULT), as a state and in words. Pure. */
import { signalName } from '../define/signals.ts'
import type { ServiceRun, ServiceRunState } from './service-run.ts'

export interface RunEnd {
  readonly result: string
  readonly exitCode: number | null
  readonly exitSignal: string | null
  /** Somebody had stopped it, or restarted it, by command. */
  readonly stopped: boolean
}

/** A program that was told to stop may end with whatever code it likes: it was cancelled all the same. */
export function stateOfEnd({ result, stopped }: Pick<RunEnd, 'result' | 'stopped'>): ServiceRunState {
  if (stopped) return 'cancelled'
  if (result === 'success') return 'succeeded'
  if (result === 'timeout' || result === 'watchdog') return 'timed_out'
  return result === 'exec-condition' ? 'skipped' : 'failed'
}

/** `null`: there is nothing to explain. */
export function reasonOfEnd({ result, exitCode, exitSignal, stopped }: RunEnd): string | null {
  const how = exitSignal !== null ? `killed by ${exitSignal}` : exitInWords(exitCode)
  switch (result) {
    case 'success': return stopped ? 'stopped by command' : null
    case 'exit-code': return stopped ? `stopped by command, with ${how}` : how
    case 'signal': return stopped ? `stopped by command, ${how}` : how
    case 'core-dump': return `${how}, and left a core dump`
    case 'timeout': return stopped ? 'stopped by command, and killed since it took too long to end' : 'it took longer than it may'
    case 'watchdog': return 'it gave no sign of life for longer than its watchdog allows'
    case 'oom-kill': return 'the kernel killed it for want of memory'
    case 'resources': return 'systemd could not give it what it needs to start'
    case 'protocol': return 'it did not tell systemd what its type promises'
    case 'start-limit-hit': return 'it was started too often in a short time'
    case 'exec-condition': return 'its condition command said no'
    default: return result
  }
}

/** Those of shells and Docker's client, and of systemd where it could not begin (systemd.exec(5), Process Exit Codes). */
const meanings: Readonly<Record<number, string>> = {
  126: 'what it should run cannot be executed', 127: 'what it should run was not found',
  200: 'systemd could not enter its working directory', 203: 'systemd could not execute it', 216: 'systemd could not become its group', 217: 'systemd could not become its account',
  226: 'systemd could not set up its namespaces', 243: 'systemd could not hand over its credentials',
}

function exitInWords(code: number | null): string {
  // A shell, and so Docker's client, ends with 128 and the number of the signal that ended what it ran.
  const signal = code !== null && code > 128 && code < 160 ? signalName(code - 128) : undefined
  const meaning = signal === undefined ? meanings[code ?? 0] : `what it ran was ended by ${signal}`
  return `exit code ${code}${meaning === undefined ? '' : `: ${meaning}`}`
}

/** The part of a run that its end decides. */
export function endedRun(run: ServiceRun, end: RunEnd, endedAt: number | null): ServiceRun {
  const { result, exitCode, exitSignal } = end
  // A clock that was set back while it ran must not make it end before it began.
  const at = endedAt === null || run.startedAt === null ? endedAt : Math.max(endedAt, run.startedAt)
  return { ...run, state: stateOfEnd(end), endedAt: at, result, exitCode, exitSignal, reason: reasonOfEnd(end) }
}

export function lostRun(run: ServiceRun, reason: string): ServiceRun {
  return { ...run, state: 'lost', reason }
}
