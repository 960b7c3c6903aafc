/**
 * The metrics that every process of ours has: the runs of its tasks, its alerts
 * and whatever a part of it adds. `scrape-process.ts` puts them together with
 * those of users. The state hangs on globalThis, so that a module that resolved
 * another copy of this package counts here, too.
 */
import { hostname } from 'node:os'
import { alertCounts } from '../alerts/alert-counts.ts'
import { packageVersion } from '../version.ts'
import { boundedLabel } from './bounded-label.ts'
import { type MetricFamily, familyOf } from './metrics-text.ts'
import { type TaskMetrics, createTaskMetrics } from './task-metrics.ts'

export type FamilySource = () => readonly MetricFamily[] | Promise<readonly MetricFamily[]>

interface Shared {
  readonly tasks: TaskMetrics
  readonly sources: Set<FamilySource>
}

const key = Symbol.for('taskflows.metrics')
const shared: Shared = ((globalThis as Record<symbol, unknown>)[key] ??= { tasks: createTaskMetrics(), sources: new Set() } satisfies Shared) as Shared

/** Of the tasks that run in this process. */
export const taskMetrics: TaskMetrics = shared.tasks

/** Shows more metrics wherever this process tells its own. Returns what takes them away again. */
export function addMetrics(source: FamilySource): () => void {
  shared.sources.add(source)
  return () => { shared.sources.delete(source) }
}

/** What was added, by whichever copy. */
export function addedMetrics(): readonly FamilySource[] {
  return [...shared.sources]
}

/** What is ours in any process, as it is at this moment. */
export function ownFamilies(): MetricFamily[] {
  return [...taskMetrics.families(), alertFamily(), systemFamily()]
}

/** Users make up kinds of destinations. */
const channelLabel = boundedLabel(20)

function alertFamily(): MetricFamily {
  const counts = new Map<string, { readonly labels: { readonly channel: string; readonly outcome: string }; value: number }>()
  for (const { channel: kind, outcome, count } of alertCounts()) {
    const channel = channelLabel(kind)
    const sum = counts.get(`${channel} ${outcome}`) ?? { labels: { channel, outcome }, value: 0 }
    sum.value += count
    counts.set(`${channel} ${outcome}`, sum)
  }
  return familyOf('taskflows_alerts_total', [...counts.values()])
}

let version: string | undefined

function systemFamily(): MetricFamily {
  const labels = { hostname: hostname(), platform: process.platform, node_version: process.versions.node, version: (version ??= packageVersion()) }
  return familyOf('taskflows_system_info', [{ labels, value: 1 }])
}
