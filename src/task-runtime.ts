/**
 * Composition root of tasks: what they use from outside, in a process that calls
 * them. Loaded when the first task runs, so that defining tasks loads nothing;
 * what few tasks need is loaded when one does.
 */
import { existsSync } from 'node:fs'
import { findTracer } from './adapters/opentelemetry/index.ts'
import { type Config, type ConfigFlags, type Explanation, childEnvironment, configOf, explainConfig } from './config.ts'
import type { TaskObserver } from './engines/tasks/run.ts'
import type { AlertDispatcher, LogLink, RunIsolated, TaskRuntime, TaskTracer } from './engines/tasks/runtime.ts'
import type { Destination } from './kernel/alerts/destination.ts'
import { systemClock } from './kernel/clock.ts'
import { type TaskflowsError, messageOf } from './kernel/errors.ts'
import { logLinkFor } from './kernel/observe/log-link.ts'
import type { Log } from './kernel/observe/log.ts'
import { taskMetrics } from './kernel/observe/process-metrics.ts'
import { within } from './kernel/within.ts'
import { flushLogging, openLog } from './process-log.ts'

/** Never rejects on account of the configuration: a task runs also where that is broken, with the defaults for what is. */
export async function createTaskRuntime(flags: ConfigFlags = {}): Promise<TaskRuntime> {
  const { config, settings, problems } = usableConfig(flags)
  const log = openLog(config)
  for (const problem of problems) log.warn({ hint: problem.hint }, messageOf(problem))
  const part = partOf(log)
  if (config.metricsPort !== null || config.metricsFile !== null) await part('metrics', async () => (await import('./metrics-export.ts')).exportMetrics(config, log))
  const alerts = lazyAlerts()
  return {
    clock: systemClock,
    random: Math.random,
    log,
    observers: new Set<TaskObserver>([taskMetrics, ...((await part('run records', () => recorders(config, log))) ?? [])]),
    tracer: await part('traces', taskTracer),
    alerts,
    settle: (patienceMs) => within(patienceMs, Promise.all([alerts.drain().then(() => flushLogging(patienceMs)), settleRecords(patienceMs)])),
    runIsolated: lazyIsolation,
    logLink: logLinkOf(settings),
    traceparent: config.traceparent ?? undefined,
    correlationId: config.correlationId ?? undefined,
  }
}

/** Tasks run also where something around them cannot be had: then it is told of, and missing. */
function partOf(log: Log) {
  return async <T>(what: string, make: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await make()
    } catch (error) {
      log.warn({ err: error }, `tasks run without ${what}`)
      return undefined
    }
  }
}

/** Reports to the server and the run log of the home, where there is one of them. */
async function recorders(config: Config, log: Log): Promise<TaskObserver[]> {
  if (config.server === null && !existsSync(config.home)) return []
  const recorder = (await import('./run-records.ts')).recordRuns(config, log)
  return recorder ? [recorder] : []
}

async function settleRecords(patienceMs: number): Promise<void> {
  await (await import('./run-records.ts')).settleRunRecords(patienceMs)
}

/** There when the process has an OpenTelemetry SDK. */
async function taskTracer(): Promise<TaskTracer | undefined> {
  const tracer = await findTracer()
  return tracer && (await import('./adapters/opentelemetry/task-tracer.ts')).createTaskTracer(tracer)
}

function usableConfig(flags: ConfigFlags): { readonly config: Config; readonly settings: Explanation['settings']; readonly problems: readonly TaskflowsError[] } {
  const explanation = explainConfig(flags)
  return { config: configOf({ ...explanation, problems: [] }), settings: explanation.settings, problems: explanation.problems }
}

/** What makes and sends alerts is loaded with the first one. */
function lazyAlerts(): AlertDispatcher {
  const load = async () => {
    const [{ alertDispatcher }, messages] = await Promise.all([import('./alert-delivery.ts'), import('./engines/tasks/task-messages.ts')])
    return { dispatcher: alertDispatcher(), messages }
  }
  let loading: ReturnType<typeof load> | undefined
  return {
    send: (destination, compose) => {
      loading ??= load()
      void loading.then(({ dispatcher, messages }) => dispatcher.send(destination as Destination, compose(messages)))
    },
    drain: async () => (await loading)?.dispatcher.drain(),
  }
}

/** A link to a default that nobody set up would help no one. */
function logLinkOf({ grafana, grafanaApiKey, lokiUrl }: Explanation['settings']): LogLink {
  const configured = [grafana, grafanaApiKey, lokiUrl].some(({ source }) => source !== 'default')
  return configured ? logLinkFor(grafana.value as string) : () => undefined
}

const lazyIsolation: RunIsolated = async (call) => (await import('./adapters/child-process/index.ts')).createRunIsolated(childEnvironment)(call)
