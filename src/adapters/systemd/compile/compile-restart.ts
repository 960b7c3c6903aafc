/** When systemd starts a service again, how long each step may take, and how it is ended. */
import { hasFastPace } from '../../../engines/services/look/next-runs.ts'
import { withWindow } from '../../../engines/services/define/object-rules.ts'
import { ValidationError } from '../../../kernel/errors.ts'
import type { Compilation } from './compile-host.ts'
import { type UnitSection, timeSpan, verbatim } from './unit-text.ts'

/**
 * systemd performs restarts in [Service] and limits them in [Unit]. Its own limit, 5 starts in 10 s, would end
 * a service that is to be restarted always, and one whose schedule is faster than that; without `maxAttempts` there is none.
 */
export function startLimitDirectives({ definition: { restartPolicy, startSchedule = [] } }: Compilation): UnitSection {
  if (restartPolicy === undefined || restartPolicy.condition === 'no') return startSchedule.some(hasFastPace) ? { StartLimitIntervalSec: 0 } : {}
  const { maxAttempts, window } = withWindow(restartPolicy)
  if (maxAttempts === undefined) return { StartLimitIntervalSec: 0 }
  return { StartLimitIntervalSec: window === undefined ? undefined : timeSpan(window), StartLimitBurst: maxAttempts }
}

export function restartDirectives({ definition, role, warn }: Compilation): UnitSection {
  const { name, type, restartPolicy, watchdog } = definition
  const said = restartPolicy?.condition ?? 'no'
  const condition = said === 'no' && watchdog?.restartOnHang ? 'on-watchdog' : said
  if (type === 'oneshot' && (condition === 'always' || condition === 'on-success')) {
    throw new ValidationError('service.invalid', `restartPolicy of ${name} is ${condition}, which systemd refuses for type oneshot: what ends well would start again at once, for ever`, {
      details: { field: 'restartPolicy', value: condition }, hint: 'Use on-failure, a Periodic schedule relative to finish, or another type.',
    })
  }
  // A time that is made up for has one run, whose end somebody waits for.
  if (role === 'slot-service') return {}
  if (watchdog?.restartOnHang && (condition === 'on-success' || condition === 'on-abort')) warn(`a service that hangs is not restarted by restartPolicy ${condition}`)
  return {
    Restart: condition === 'no' ? undefined : verbatim(condition),
    RestartSec: condition === 'no' || restartPolicy?.delay === undefined ? undefined : timeSpan(restartPolicy.delay),
  }
}

export function timeoutDirectives({ definition }: Compilation): UnitSection {
  const { type, timeout, stopTimeout, cgroupConfig } = definition
  const startTimeout = definition.startTimeout ?? cgroupConfig?.timeoutStart
  // The whole run of a oneshot is its start: systemd ignores RuntimeMaxSec= there.
  const start = type === 'oneshot' ? smallest(startTimeout, timeout) : startTimeout
  return {
    TimeoutStartSec: start === undefined ? undefined : timeSpan(start),
    TimeoutStopSec: timeSpan(cgroupConfig?.timeoutStop ?? stopTimeout),
    RuntimeMaxSec: timeout === undefined || type === 'oneshot' ? undefined : timeSpan(timeout),
  }
}

function smallest(...given: readonly (number | undefined)[]): number | undefined {
  const known = given.filter((one) => one !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
