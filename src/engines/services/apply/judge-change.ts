/**
 * What a changed unit asks of a service that runs: nothing, or a restart.
 *
 * systemd takes most of a unit anew with a reload: timers, limits of the control
 * group, time-outs, and whatever it looks at only when something starts or ends.
 * What the process itself was started with needs a new process.
 */
import { changedKeys, factsOf } from '../look/unit-facts.ts'

export interface Verdict {
  readonly restart: boolean
  /** In words, such as `ExecStart and Environment changed`. */
  readonly why: string
}

/** For people alone, or for the next boot. */
const told = /^(Unit\.(Description|Documentation|X-.*)|Install\..*)$/

/** Control group and time-outs: they hold for the running process as soon as the unit is read again. */
const limits = /^Service\.(Memory(Max|High|Low|Min|SwapMax|Accounting)|CPU(Quota|QuotaPeriodSec|Weight|Accounting)|AllowedCPUs|IO(Weight|Accounting|(Read|Write)(Bandwidth|IOPS)Max)|Tasks(Max|Accounting)|ManagedOOM.*|DeviceAllow|RuntimeMaxSec)$/

/** Looked at when something starts, ends or is stopped. */
const later = /^(Unit\.(After|Before|Wants|Requires|Requisite|Upholds|BindsTo|PartOf|Conflicts|OnFailure.*|OnSuccess.*|PropagatesStopTo|StopPropagatedFrom|Condition.*|Assert.*|StartLimit.*)|Service\.(ExecCondition|ExecStartPre|ExecStartPost|ExecReload|ExecStop|ExecStopPost|Restart|RestartSec|Timeout.*Sec|KillSignal|KillMode|SuccessExitStatus|RestartPreventExitStatus|OOMPolicy))$/

/** @param before texts as they run, by unit @param after as they will be; both of the service's own unit */
export function judgeChange(before: string, after: string): Verdict {
  const changed = changedKeys(factsOf(before), factsOf(after))
  const real = changed.filter((key) => !told.test(key))
  const hard = real.filter((key) => !limits.test(key) && (!later.test(key) || (key === 'Service.ExecStartPre' && makesContainer(after))))
  if (hard.length > 0) return { restart: true, why: `${listed(hard)} changed` }
  if (real.length === 0) return { restart: false, why: changed.length === 0 ? 'nothing changed' : `only ${listed(changed)} changed` }
  const lasting = real.filter((key) => limits.test(key))
  if (lasting.length === real.length) return { restart: false, why: `only limits changed (${listed(real)}): they hold at once, without a restart` }
  return { restart: false, why: `${listed(real)} changed: systemd goes by ${real.length === 1 ? 'it' : 'them'} without a restart` }
}

/** What a container that is kept between runs is like stands where it is made, not where it is started. */
function makesContainer(text: string): boolean {
  return text.includes('taskflows.hash=')
}

/** `ExecStart, Environment and User`, without what is only for us. */
export function listed(keys: readonly string[]): string {
  const named = keys.map((key) => key.slice(key.indexOf('.') + 1))
  const words = named.filter((key) => !key.startsWith('X-Taskflows-'))
  const shown = words.length === 0 ? ['the definition'] : words
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}
