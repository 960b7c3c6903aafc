/**
 * How a user's process shows its metrics: at a port of its own, or in a file.
 * `metrics-export.ts` does it where settings ask for it, and the server has its
 * own `/metrics`. Loads nothing before it is used.
 */
import type { MetricsServer } from './adapters/metrics-endpoint/endpoint.ts'
import type { MetricsRegistry } from './kernel/observe/metrics-text.ts'

export type { MetricsRegistry, MetricsServer }

export interface MetricsOptions {
  /** Registries of prom-client to show besides its default one, of any copy; one inside a bundle is not found by itself. */
  readonly registries?: readonly MetricsRegistry[]
}

export interface ServeMetricsOptions extends MetricsOptions {
  /** 0 takes any free port; `url` of the answer tells which. */
  readonly port: number
  /** Default `127.0.0.1`. Anybody who reaches another address may read the metrics. */
  readonly host?: string
}

/**
 * Serves the metrics of this process at `/metrics`: the runs of its tasks, what it registered with prom-client, and the
 * process itself. It does not keep the process alive.
 *
 * @throws `server.port_in_use`, `server.cannot_listen`; TypeError for options of the wrong form
 * @example
 * const metrics = await serveMetrics({ port: 9464 })
 * console.error(`metrics at ${metrics.url}`)
 */
export async function serveMetrics({ port, host = '127.0.0.1', registries = [] }: ServeMetricsOptions): Promise<MetricsServer> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new TypeError(`Expected \`port\` to be a whole number from 0 to 65535, got ${String(port)}`)
  if (typeof host !== 'string' || host === '') throw new TypeError(`Expected \`host\` to be a host name or an address, got ${JSON.stringify(host)}`)
  checkRegistries(registries)
  const { openEndpoint } = await import('./adapters/metrics-endpoint/endpoint.ts')
  return openEndpoint({ port, host, scrape: () => textOf(registries) })
}

/**
 * Writes the same metrics to a file for the textfile collector of node_exporter: for scripts that end before anybody
 * scrapes them. The file is replaced as a whole.
 *
 * @param path ends in `.prom`, in the directory that the collector reads
 * @throws `metrics.not_written`; TypeError for another name
 */
export async function writeMetricsFile(path: string, { registries = [] }: MetricsOptions = {}): Promise<void> {
  if (typeof path !== 'string' || !path.endsWith('.prom')) throw new TypeError(`Expected the file's name to end in .prom, which is what the collector reads, got ${JSON.stringify(path)}`)
  checkRegistries(registries)
  const { writeTextfile } = await import('./adapters/metrics-endpoint/textfile.ts')
  writeTextfile(path, await textOf(registries))
}

async function textOf(registries: readonly MetricsRegistry[]): Promise<string> {
  const { scrapeProcess } = await import('./kernel/observe/scrape-process.ts')
  const { renderFamilies } = await import('./kernel/observe/metrics-text.ts')
  return renderFamilies(await scrapeProcess({ registries }))
}

function checkRegistries(registries: readonly MetricsRegistry[]): void {
  if (Array.isArray(registries) && registries.every((registry) => typeof registry?.getMetricsAsJSON === 'function')) return
  throw new TypeError('Expected `registries` to be a list of registries of prom-client')
}
