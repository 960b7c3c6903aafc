/**
 * What the server knows of the services of its host, as metrics: their states
 * when Prometheus asks, and their restarts as they come.
 */
import type { LabelOf } from './metric-names.ts'
import { type MetricFamily, familyOf } from './metrics-text.ts'

const states = ['failed', 'inactive', 'active'] as const
type State = (typeof states)[number]

/** A service, or an instance of a template, as it is right now. */
export interface MeasuredService {
  readonly name: string
  /** In systemd's words. */
  readonly activeState: string
  readonly subState: string
  /** Epoch milliseconds; `null` while it is not active. */
  readonly activeSince: number | null
}

export interface ServiceMetrics {
  restarted(service: string, reason: string): void
  /** What became of a time at which a schedule wanted a service to run. */
  slotJudged(verdict: string, reason: string): void
  families(services: readonly MeasuredService[], now: number): MetricFamily[]
}

/** Reasons that are 0 before their first time, so that the first is an increase. */
const usualReasons = ['failed', 'manual'] as const
/** The same of slots, once there are any. */
const usualSlots = [['on_time', 'none'], ['late', 'overlap'], ['late', 'unknown'], ['skipped', 'overlap'], ['skipped', 'condition'], ['missed', 'host_down'], ['missed', 'timer_off'], ['missed', 'unknown'], ['overdue', 'unknown']] as const

/** Of more services than this those that are well are left out. */
const mostServices = 2_000

export function createServiceMetrics(): ServiceMetrics {
  const restarts = new Map<string, Map<string, number>>()
  const slots = new Map<string, number>()
  return {
    slotJudged: (verdict, reason) => {
      if (slots.size === 0) for (const usual of usualSlots) slots.set(usual.join(' '), 0)
      slots.set(`${verdict} ${reason}`, (slots.get(`${verdict} ${reason}`) ?? 0) + 1)
    },
    restarted: (service, reason) => {
      const counts = restarts.get(service) ?? new Map<string, number>()
      restarts.set(service, counts.set(reason, (counts.get(reason) ?? 0) + 1))
    },
    families: (services, now) => {
      const shown = byName(services)
      // A service that was removed takes its counts along.
      for (const name of restarts.keys()) if (!shown.has(name)) restarts.delete(name)
      return [...familiesOf([...shown.values()].sort(worstFirst).slice(0, mostServices), restarts, now), slotsFamily(slots)]
    },
  }
}

interface Shown {
  readonly service_name: string
  readonly state: State
  readonly activeSince: number | null
}

/** Of two services of one name, one in each scope, the one that is worse. */
function byName(services: readonly MeasuredService[]): ReadonlyMap<string, Shown> {
  const shown = new Map<string, Shown>()
  for (const { name, activeSince, ...unit } of services) {
    const one = { service_name: name, state: stateOf(unit), activeSince }
    const other = shown.get(name)
    if (other === undefined || worstFirst(one, other) < 0) shown.set(name, one)
  }
  return shown
}

/** What waits to be restarted is activating for systemd, and does nothing. */
function stateOf({ activeState, subState }: Pick<MeasuredService, 'activeState' | 'subState'>): State {
  if (activeState === 'failed') return 'failed'
  return ['active', 'activating', 'reloading', 'refreshing'].includes(activeState) && !subState.startsWith('auto-restart') ? 'active' : 'inactive'
}

function worstFirst(one: Shown, other: Shown): number {
  return states.indexOf(one.state) - states.indexOf(other.state)
}

type Restart = { readonly labels: Readonly<Record<LabelOf<'taskflows_service_restarts_total'>, string>>; readonly value: number }

function familiesOf(services: readonly Shown[], restarts: ReadonlyMap<string, ReadonlyMap<string, number>>, now: number): MetricFamily[] {
  return [
    familyOf('taskflows_service_state', services.flatMap(({ service_name, state: present }) =>
      states.map((state) => ({ labels: { service_name, state }, value: state === present ? 1 : 0 })))),
    familyOf('taskflows_service_restarts_total', services.flatMap(({ service_name }): Restart[] => {
      const counts = restarts.get(service_name) ?? new Map<string, number>()
      return [...new Set([...usualReasons, ...counts.keys()])].map((reason) => ({ labels: { service_name, reason }, value: counts.get(reason) ?? 0 }))
    })),
    familyOf('taskflows_service_uptime_seconds', services.map(({ service_name, state, activeSince }) =>
      ({ labels: { service_name }, value: state === 'active' && activeSince !== null ? Math.max(now - activeSince, 0) / 1000 : 0 }))),
  ]
}

function slotsFamily(slots: ReadonlyMap<string, number>): MetricFamily {
  return familyOf('taskflows_service_slots_total', [...slots].map(([key, value]) => {
    const [verdict, reason] = key.split(' ') as [string, string]
    return { labels: { verdict, reason }, value }
  }))
}
