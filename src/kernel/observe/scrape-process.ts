/**
 * All that a process tells Prometheus, as text: its own metrics, those that
 * users registered with prom-client, and prom-client's of the process itself.
 */
import { defaultRegistry } from './instruments.ts'
import { loadedRegistries } from './loaded-registries.ts'
import { type MetricFamily, type MetricsRegistry, mergeFamilies } from './metrics-text.ts'
import { type FamilySource, addedMetrics, ownFamilies } from './process-metrics.ts'

export interface ScrapeOptions {
  /** What only some processes have. */
  readonly first?: readonly FamilySource[]
  /** Besides those that are found. */
  readonly registries?: readonly MetricsRegistry[]
}

/**
 * Where two have a metric of one name, the first stands: what the caller has, then what is ours, then users' own.
 * A source that fails or takes longer than two seconds is left out: the others are needed most when something is wrong.
 */
export async function scrapeProcess({ first = [], registries = [] }: ScrapeOptions = {}): Promise<MetricFamily[]> {
  const foreign = [...registries, ...loadedRegistries(), defaultRegistry()].map(sourceOf)
  const families = await Promise.all([...first, ownFamilies, ...addedMetrics(), ...foreign].map(patiently))
  return mergeFamilies(families.flat())
}

/** A registry of prom-client as a source. */
export function sourceOf(registry: MetricsRegistry): FamilySource {
  return async () => (await registry.getMetricsAsJSON()) as MetricFamily[]
}

const patienceMs = 2_000

async function patiently(source: FamilySource): Promise<readonly MetricFamily[]> {
  const late = Promise.withResolvers<readonly MetricFamily[]>()
  const timer = setTimeout(late.resolve, patienceMs, [])
  const families = (async () => source())().catch(() => [])
  return Promise.race([families, late.promise]).finally(() => clearTimeout(timer))
}

