/**
 * Shows the metrics of a process where its settings say: a worker, or any other
 * process that runs tasks. Part of the composition root; `metrics.ts` is for
 * users who do it themselves.
 */
import { writeTextfile } from './adapters/metrics-endpoint/textfile.ts'
import { backgroundClock } from './kernel/clock.ts'
import { messageOf } from './kernel/errors.ts'
import type { Log } from './kernel/observe/log.ts'
import { type MetricFamily, mergeFamilies, renderFamilies } from './kernel/observe/metrics-text.ts'
import { ownFamilies } from './kernel/observe/process-metrics.ts'
import { scrapeProcess } from './kernel/observe/scrape-process.ts'
import { serveMetrics } from './metrics.ts'

export interface MetricsSettings {
  readonly metricsPort: number | null
  readonly metricsFile: string | null
}

const key = Symbol.for('taskflows.metrics-export')
const shared = globalThis as { [key]?: boolean }

/**
 * Shows the metrics once, however many parts of the process ask for it. Trouble is logged and fails nothing: a second
 * process with the same settings finds the port taken.
 */
export async function exportMetrics({ metricsPort, metricsFile }: MetricsSettings, log: Log): Promise<AsyncDisposable> {
  const stack = new AsyncDisposableStack()
  if (shared[key] || (metricsPort === null && metricsFile === null)) return stack
  shared[key] = true
  stack.defer(() => { delete shared[key] })
  if (metricsPort !== null) {
    try {
      const { url } = stack.use(await serveMetrics({ port: metricsPort }))
      log.debug({ url }, 'metrics are served')
    } catch (error) {
      log.warn({}, messageOf(error))
    }
  }
  if (metricsFile !== null) stack.use(keepFile(metricsFile, log))
  return stack
}

const fileEveryMs = 15_000

/** Writes the file now and then, and when the process ends. */
function keepFile(path: string, log: Log): AsyncDisposable {
  let told: string | undefined
  const put = (families: readonly MetricFamily[]): void => {
    try {
      writeTextfile(path, renderFamilies(families))
    } catch (error) {
      if (told !== (told = messageOf(error))) log.warn({}, told)
    }
  }
  let seen: readonly MetricFamily[] = []
  const write = async (): Promise<void> => put((seen = await scrapeProcess()))
  // At an exit nothing can be waited for: ours are counted to the end, users' are as they were seen last.
  const writeAtExit = () => put(mergeFamilies([...ownFamilies(), ...seen]))
  const writeBefore = () => void write()
  process.once('beforeExit', writeBefore).once('exit', writeAtExit)
  const over = new AbortController()
  const writing = (async () => {
    for (; !over.signal.aborted; await backgroundClock.sleep(fileEveryMs, over.signal)) await write()
  })()
  return {
    [Symbol.asyncDispose]: async () => {
      process.off('beforeExit', writeBefore).off('exit', writeAtExit)
      over.abort()
      await writing
      await write()
    },
  }
}
