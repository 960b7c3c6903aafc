/** What went wrong with a unit, in words: of its details, or of the job that a person asked for. Pure. */
import type { UnitDetails } from '../../../engines/services/service-manager.ts'
import { explainExit } from './exit-codes.ts'

type Ending = Pick<UnitDetails, 'loadState' | 'activeState' | 'subState' | 'result' | 'exitCode' | 'exitSignal' | 'conditionsMet'>

const jobResults: Readonly<Record<string, string>> = {
  canceled: 'its job was cancelled by another one',
  timeout: 'it did not start or stop in time',
  dependency: 'something that it requires failed',
  assert: 'what it requires of the machine does not hold (its assertions)',
  unsupported: 'this system does not support its kind of unit',
  collected: 'it ended before the job did',
  once: 'it was started once already, and does not start again',
  invalid: 'it cannot be reloaded',
}

/** systemd's words for how a run ended: `Result` of org.freedesktop.systemd1(5). */
const results: Readonly<Record<string, string>> = {
  'protocol': 'it did not keep to its type: no readiness was told, or no main process was left',
  'timeout': 'it took longer than it may',
  'watchdog': 'it did not tell its watchdog in time that it lives',
  'start-limit-hit': 'it failed so often in a short time that systemd gave up',
  'oom-kill': 'the kernel ended it, or a part of it, for want of memory',
  'exec-condition': 'its condition program said no',
  'resources': 'systemd lacked what it needs to start it, such as a file that it names (tf logs)',
  'unset': '',
}

/** @param result of the job, as in `JobRemoved` */
export function problemOf(result: string, details: Ending): string {
  if (details.loadState === 'masked') return 'it is masked (systemctl unmask)'
  if (result === 'failed' || result === 'done') return endingOf(details) ?? 'it failed'
  return jobResults[result] ?? `systemd says ${result}`
}

/** `undefined` when nothing went wrong. */
function endingOf({ result, exitCode, exitSignal }: Ending): string | undefined {
  if (result === null || result === 'success') return undefined
  if (result === 'exit-code' && exitCode !== null) return explainExit(exitCode)
  if ((result === 'signal' || result === 'core-dump') && exitSignal !== null) return `ended by ${exitSignal}${result === 'core-dump' ? ', with a core dump' : ''}`
  return results[result] ?? `systemd says ${result}`
}
