/**
 * Finds the default registry of every copy of prom-client that this process has
 * loaded: ours, and those that users' modules resolved. Looked for by where
 * packages lie; a copy inside a bundle is not found, and its registry must be
 * handed in.
 */
import { createRequire } from 'node:module'
import type { MetricsRegistry } from './metrics-text.ts'

const copy = /[\\/]node_modules[\\/]prom-client[\\/]index\.js$/

export function loadedRegistries(): MetricsRegistry[] {
  // prom-client is CommonJS, so an import of it leaves it in this cache as well.
  return Object.values(createRequire(import.meta.url).cache).flatMap((loaded) => (loaded && copy.test(loaded.filename) ? registryOf(loaded.exports) : []))
}

function registryOf(exported: unknown): MetricsRegistry[] {
  const { register } = exported as { readonly register?: Partial<MetricsRegistry> }
  return typeof register?.getMetricsAsJSON === 'function' ? [register as MetricsRegistry] : []
}
