/** How a run ended, in systemd's word for it (systemd.exec(5), $SERVICE_RESULT), as a state and in words. Pure. */
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
  const how = exitSignal !== null ? `killed by ${exitSignal}` : `exit code ${exitCode}`
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
