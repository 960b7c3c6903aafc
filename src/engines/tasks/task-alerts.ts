/**
 * Which events of a task's runs go where. `task-messages.ts` makes the messages,
 * `tell-run.ts` calls it; the dispatcher of the runtime sends.
 */
import { isDestination } from '../../kernel/alerts/destination.ts'
import { describeValue, refuseUnknown } from './check-options.ts'
import type { AttemptFailure, RunEnd, RunFacts } from './run.ts'
import type { AlertDestination, ComposeAlert, TaskRuntime } from './runtime.ts'

export type AlertEvent = 'start' | 'error' | 'finish'

export interface AlertsOptions {
  readonly sendTo: AlertDestination | readonly AlertDestination[]
  /** Default: all three. */
  readonly sendOn?: AlertEvent | readonly AlertEvent[]
}

/** What the option `alerts` takes: a destination means all three events; several may be mixed. */
export type AlertsInput = Alerts | AlertsOptions | AlertDestination | readonly (Alerts | AlertsOptions | AlertDestination)[]

const events: readonly AlertEvent[] = ['start', 'error', 'finish']

/**
 * Where the alerts of a task go, and which.
 * @throws TypeError for events that do not exist, and for what is no destination
 */
export class Alerts {
  readonly sendTo: readonly AlertDestination[]
  readonly sendOn: readonly AlertEvent[]

  constructor(options: AlertsOptions) {
    if (typeof options !== 'object' || options === null) throw new TypeError(`Expected the options of \`Alerts\` to be such as { sendTo: new Slack('alerts') }, got ${describeValue(options)}`)
    refuseUnknown('alerts', options, ['sendTo', 'sendOn'])
    this.sendTo = readDestinations('alerts.sendTo', options.sendTo)
    this.sendOn = options.sendOn === undefined ? events : readEvents(options.sendOn)
  }
}

function readDestinations(name: string, given: unknown): readonly AlertDestination[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  const wrong = list.find((destination) => !isDestination(destination))
  if (list.length > 0 && wrong === undefined && list.every(isDestination)) return list
  throw new TypeError(`Expected \`${name}\` to be a destination such as new Slack('alerts'), or a list of them, got ${describeValue(list.length === 0 ? [] : wrong)}`)
}

function readEvents(given: unknown): readonly AlertEvent[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  const wrong = list.find((event) => !(events as readonly unknown[]).includes(event))
  if (list.length > 0 && wrong === undefined && !list.includes(undefined)) return list as readonly AlertEvent[]
  throw new TypeError(`Expected \`alerts.sendOn\` to be among ${events.join(', ')}, got ${describeValue(list.length === 0 ? [] : wrong)}`)
}

/** What a task keeps of its option `alerts`. */
export interface TaskAlerts {
  readonly onStart: ((run: RunFacts, runtime: TaskRuntime) => void) | undefined
  readonly onError: ((run: RunFacts, failure: AttemptFailure, runtime: TaskRuntime) => void) | undefined
  readonly onFinish: ((run: RunFacts, end: RunEnd, runtime: TaskRuntime) => void) | undefined
}

/** @throws TypeError when `alerts` has the wrong form */
export function alertsFor(alerts: unknown): TaskAlerts {
  const routes = readRoutes(alerts)
  const told = { start: destinationsOf(routes, 'start'), error: destinationsOf(routes, 'error'), finish: destinationsOf(routes, 'finish') }
  // A recovery note is asked for by the destination, whatever else it is told.
  const successes = [...new Set([...told.finish, ...routes.flatMap(({ sendTo }) => sendTo).filter((destination) => isDestination(destination) && destination.delivery.recovery)])]
  return {
    onStart: told.start.length === 0 ? undefined : (run, runtime) => tell(told.start, runtime, ({ startMessage }) => startMessage(run)),
    onError: told.error.length === 0 ? undefined : (run, failure, runtime) => tell(told.error, runtime, ({ errorMessage }) => errorMessage(run, failure, runtime.logLink)),
    onFinish: successes.length === 0 ? undefined : (run, end, runtime) => {
      const destinations = end.outcome === 'succeeded' ? successes : told.finish
      if (destinations.length > 0) tell(destinations, runtime, ({ finishMessage }) => finishMessage(run, end, runtime.logLink))
    },
  }
}

function tell(destinations: readonly AlertDestination[], { alerts }: TaskRuntime, compose: ComposeAlert): void {
  for (const destination of destinations) alerts.send(destination, compose)
}

function destinationsOf(routes: readonly Alerts[], event: AlertEvent): readonly AlertDestination[] {
  return routes.filter(({ sendOn }) => sendOn.includes(event)).flatMap(({ sendTo }) => sendTo)
}

/** Made by another copy of the package they are no instances of ours, but have the same two fields. */
function isRoute(value: unknown): value is AlertsOptions {
  return typeof value === 'object' && value !== null && ('sendTo' in value || 'sendOn' in value)
}

function readRoutes(alerts: unknown): readonly Alerts[] {
  const list: readonly unknown[] = Array.isArray(alerts) ? alerts : [alerts]
  if (!list.some(isRoute)) return [new Alerts({ sendTo: readDestinations('alerts', alerts) })]
  return list.map((each) => (each instanceof Alerts ? each : isRoute(each) ? new Alerts(each) : new Alerts({ sendTo: readDestinations('alerts', each) })))
}
