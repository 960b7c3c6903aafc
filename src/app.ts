/**
 * The composition root: configuration in, running parts out. The only place
 * (with `lease-thread.ts`, for its thread) that constructs adapters.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { createNonceStore } from './access/nonces.ts'
import type { Caller } from './access/roles.ts'
import { ensureSecurity, followSecurity } from './access/security-file.ts'
import { findTracer } from './adapters/opentelemetry/index.ts'
import { traceJobs } from './adapters/opentelemetry/trace-jobs.ts'
import { type Client, createClient } from './client/create-client.ts'
import { type Config, settings } from './config.ts'
import { type Contract, type StreamBatch, type TaskflowsContract, contract } from './contract/index.ts'
import { type AttemptReport, createPruner, createRescuer, createScheduler, createWorker } from './engines/jobs/index.ts'
import { noBackfills } from './engines/services/backfill/no-backfills.ts'
import type { Services } from './engines/services/index.ts'
import type { ServiceLogs } from './engines/services/logs/index.ts'
import type { TaskDefinition } from './engines/tasks/index.ts'
import { loadTasks } from './engines/tasks/modules.ts'
import { createAuthenticator } from './faces/api/authenticate.ts'
import { createApiServer } from './faces/api/server.ts'
import { startKeeperThread } from './keeper-thread.ts'
import { systemClock } from './kernel/clock.ts'
import { TaskflowsError, messageOf } from './kernel/errors.ts'
import { newId } from './kernel/ids.ts'
import { makeDirectories } from './kernel/make-directories.ts'
import { withoutRepeats } from './kernel/observe/console-log.ts'
import type { Log } from './kernel/observe/log.ts'
import type { JobMetrics } from './kernel/observe/job-metrics.ts'
import { createMetrics, createWorkerMetrics } from './kernel/observe/metrics.ts'
import { countReports } from './kernel/observe/task-metrics.ts'
import { packageVersion } from './kernel/version.ts'
import { exportMetrics } from './metrics-export.ts'
import { type OnProgress, type Store, openStore, withoutBreaks } from './open-store.ts'
import type { Call, Engines, ServerInfo } from './operations/context.ts'
import { execute } from './operations/execute.ts'
import { takeInSpool } from './run-records.ts'
import { openLog } from './process-log.ts'
import { openServerServices } from './server-services.ts'
import { openServiceLogs } from './service-logs.ts'
import { openServices } from './services.ts'

export { type Finding, audit, diagnose } from './diagnose.ts'

/** The loops that move jobs on. Every process that lives for long runs them; they share the work by themselves. */
async function startCare(stack: AsyncDisposableStack, { database, time }: Store, onError: (error: unknown) => void): Promise<void> {
  const parts = { database, clock: systemClock, time, random: Math.random, onError }
  for (const part of [createPruner(parts), createScheduler(parts), createRescuer(parts)].map((care) => stack.use(care))) await withoutBreaks(() => part.start())
}

interface WorkerParts {
  readonly store: Store
  readonly config: Config
  readonly tasks: ReadonlyMap<string, TaskDefinition>
  readonly queues?: readonly string[]
  readonly concurrency?: number
  readonly log: Log
  readonly metrics: JobMetrics
  readonly onError: (error: unknown) => void
  /** Without its thread a worker cannot keep its leases. */
  readonly fail: (error: unknown) => void
}

/** Handlers that run at the same time unless told otherwise. */
const defaultConcurrency = 10

async function startWorker(stack: AsyncDisposableStack, { store, config, tasks, queues, concurrency = defaultConcurrency, log, metrics, onError, fail }: WorkerParts): Promise<string> {
  const id = newId(store.time.now())
  const name = `${hostname()}:${process.pid}:${randomBytes(2).toString('hex')}`
  const keeper = startKeeperThread({ worker: id, address: await store.source.ensure(), schema: config.databaseSchema, onError: fail })
  stack.defer(() => keeper.ended)
  const tracer = await findTracer()
  const worker = createWorker({
    id, name, tasks: tracer ? traceJobs(tasks, tracer) : tasks, concurrency, keeper, onError,
    queues: queues && queues.length > 0 ? queues : 'all',
    database: store.database, hot: store.hot, clock: systemClock, time: store.time, random: Math.random,
    onAttempt: (report) => tellAttempt(report, log, metrics),
  })
  stack.defer(async () => {
    await worker.stop()
    // A worker that never started has not told it to stop.
    keeper.tell({ kind: 'stop' })
  })
  await worker.start()
  return name
}

const outcomeLevels = { succeeded: 'debug', retried: 'warn', failed: 'error', dead: 'error', cancelled: 'info', lease_lost: 'warn' } as const

function tellAttempt(report: AttemptReport, log: Log, metrics: JobMetrics): void {
  metrics.attemptEnded(report)
  const { outcome, error, ...job } = report
  const level = outcomeLevels[outcome]
  if (level !== 'debug') log[level]({ job_id: job.id, tenant_id: job.tenant, queue: job.queue, attempt: job.attempt, ...(error === null ? {} : { error }) }, `job ${job.name} ${outcome.replace('_', ' ')}`)
}

/** Where trouble goes that the next round of some loop may mend. */
function troubleLog(log: Log): (error: unknown) => void {
  const say = withoutRepeats((message) => log.warn({}, message), systemClock.now)
  return (error) => say(messageOf(error))
}

/** The process itself, when no server is between the caller and the operations. */
const localCaller: Caller = { name: 'local', role: 'admin', tenant: null }

/** In-process operations on the store of this home, starting or adopting PostgreSQL. */
export async function openLocal(config: Config, { onProgress }: { readonly onProgress?: OnProgress } = {}): Promise<{ client: Client<TaskflowsContract>; close(): Promise<void> }> {
  const store = await openStore(config, onProgress)
  const services = openServices(config)
  const engines = enginesOf(store, services, openServiceLogs(config, services.host))
  return {
    client: createClient<TaskflowsContract>({
      call: async (area, operation, input, { idempotencyKey, ifMatch }) => {
        const call: Call = { caller: localCaller, ...(idempotencyKey !== undefined && { idempotencyKey }), ...(ifMatch !== undefined && { versions: [ifMatch] }) }
        return (await execute({ ...engines, ...call }, area, operation, input)).output
      },
      isStream: (area, operation) => (contract as Contract)[area]?.[operation]?.stream === true,
      stream: async function* (area, operation, input, signal) {
        yield* (await execute({ ...engines, caller: localCaller, signal }, area, operation, input)).output as AsyncIterable<StreamBatch<unknown>>
      },
    }),
    close: async () => {
      await services[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

export interface Serving {
  readonly url: string
  readonly home: string
  /** Resolves when everything has ended, after 10 s at most. Never rejects. */
  stop(): Promise<void>
  /** Rejects when it breaks down. */
  readonly failed: Promise<never>
}

export interface ServeOptions {
  /** Modules whose tasks a worker inside the server runs. None: no worker. */
  readonly workerModules: readonly string[]
  /** Default: all. */
  readonly queues?: readonly string[]
  /** Handlers at the same time. Default 10. */
  readonly concurrency?: number
  readonly onProgress?: OnProgress
}

/** Runs the server. @throws TaskflowsError, having left nothing behind */
export async function serve(config: Config, { workerModules, queues, concurrency, onProgress }: ServeOptions): Promise<Serving> {
  // Loaded first: a module that throws must not leave a database running.
  const tasks = workerModules.length > 0 ? await loadTasks(workerModules, process.cwd()) : undefined
  return running(async (stack, fail) => {
    const log = openLog(config)
    const onError = troubleLog(log)
    makeHome(config.home)
    const store = stack.use(await openStore(config, onProgress))
    ensureSecurity(config.home, legacySecurity(config))
    await startCare(stack, store, onError)
    const metrics = createMetrics({ depths: () => store.jobs.depths(), services: () => services.states() })
    const services = stack.use(await openServerServices(config, { database: store.database, log, onError, restarted: metrics.services.restarted, slotJudged: metrics.services.slotJudged }))
    const engines = enginesOf({ ...store, runs: countReports(store.runs, metrics.tasks) }, services, openServiceLogs(config, services.host))
    const server = stack.use(createApiServer({
      execute: (call: Call, area, operation, input) => execute({ ...engines, ...call }, area, operation, input),
      authenticator: createAuthenticator({
        security: followSecurity(config.home), nonces: createNonceStore(store.database), tokens: store.tokens, rateLimit: config.rateLimit, clock: systemClock, log,
      }),
      host: config.host, port: config.port, certificate: certificateFiles(config), metrics, log, tracer: await findTracer(), version: packageVersion(),
    }))
    await server.start()
    if (tasks) await startWorker(stack, { store, config, tasks, log, metrics: metrics.jobs, onError, fail, ...(queues && { queues }), ...(concurrency && { concurrency }) })
    stack.defer(recordServer(config, server.url))
    stack.defer(takeInSpool(config, (items) => execute({ ...engines, caller: localCaller }, 'runs', 'report', { items }), log))
    return { url: server.url, home: config.home }
  })
}

export interface Working {
  /** Shown as `locked_by` of its jobs. */
  readonly name: string
  readonly tasks: readonly string[]
  /** Empty: all. */
  readonly queues: readonly string[]
  stop(): Promise<void>
  readonly failed: Promise<never>
}

export interface WorkOptions {
  readonly modules: readonly string[]
  readonly queues?: readonly string[]
  readonly concurrency?: number
  readonly onProgress?: OnProgress
}

/** Runs a worker, and the loops that move jobs on. @throws TaskflowsError, having left nothing behind */
export async function work(config: Config, { modules, queues = [], concurrency, onProgress }: WorkOptions): Promise<Working> {
  const tasks = await loadTasks(modules, process.cwd())
  return running(async (stack, fail) => {
    const log = openLog(config)
    const onError = troubleLog(log)
    const store = stack.use(await openStore(config, onProgress))
    await startCare(stack, store, onError)
    const metrics = stack.use(createWorkerMetrics())
    stack.use(await exportMetrics(config, log))
    const name = await startWorker(stack, { store, config, tasks, queues, log, metrics, onError, fail, ...(concurrency && { concurrency }) })
    return { name, tasks: [...tasks.keys()], queues }
  })
}

type Fail = (error: unknown) => void

/** A stop that waits for a database that is away is given up; leases expire by themselves, and our PostgreSQL ends with its owner. */
const longestStopMs = 9_500

async function disposeInTime(stack: AsyncDisposableStack): Promise<void> {
  const over = new AbortController()
  const disposed = stack.disposeAsync().catch((error: unknown) => { process.stderr.write(`while stopping: ${messageOf(error)}\n`) })
  await Promise.race([disposed, systemClock.sleep(longestStopMs, over.signal)])
  over.abort()
}

/** Starts parts on a stack, and takes them down in reverse order: when told to, or when one of them does not start. */
async function running<T extends object>(start: (stack: AsyncDisposableStack, fail: Fail) => Promise<T>): Promise<T & { stop(): Promise<void>; readonly failed: Promise<never> }> {
  const stack = new AsyncDisposableStack()
  const broken = Promise.withResolvers<never>()
  // Whoever waits for it hears of it; nobody has to.
  broken.promise.catch(() => {})
  try {
    const parts = await start(stack, broken.reject)
    return { ...parts, stop: () => disposeInTime(stack), failed: broken.promise }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

function enginesOf({ jobs, events, runs, tokens, idempotencyKeys, database, schemaVersion, embedded }: Store, services: Services & Pick<Engines, 'environments'> & Partial<Pick<Engines, 'backfills'>>, serviceLogs: ServiceLogs): Engines {
  const startedAt = systemClock.now()
  return {
    services, serviceLogs, jobs, events, runs, tokens, idempotencyKeys,
    environments: services.environments,
    backfills: services.backfills ?? noBackfills,
    clock: systemClock,
    system: {
      checkHealth: async () => { await withinHealthTime(database.query('select 1')) },
      describe: async (): Promise<ServerInfo> => {
        const [row] = await database.query<{ version: string }>(`select current_setting('server_version') as version`)
        return { version: packageVersion(), hostname: hostname(), pid: process.pid, startedAt, database: { version: row!.version, schemaVersion, embedded } }
      },
    },
  }
}

const healthTimeMs = 3_000

async function withinHealthTime<T>(answer: Promise<T>): Promise<T> {
  const over = new AbortController()
  const late = (async (): Promise<never> => {
    await systemClock.sleep(healthTimeMs, over.signal)
    throw new TaskflowsError('database.unreachable', `PostgreSQL did not answer within ${healthTimeMs / 1000} s`)
  })()
  // Whichever loses the race must not be an unhandled rejection.
  late.catch(() => {})
  answer.catch(() => {})
  try {
    return await Promise.race([answer, late])
  } finally {
    over.abort()
  }
}

/** Earlier versions kept the secret of an account here; it belongs to the account's own home, not to any other. */
function legacySecurity({ home }: Config): { readonly legacyPath?: string } {
  return home === settings.home.default ? { legacyPath: join(homedir(), '.services', 'security.json') } : {}
}

function makeHome(home: string): void {
  try {
    makeDirectories(join(home, 'run'))
  } catch (error) {
    throw new TaskflowsError('home.unwritable', `${home} cannot be written: ${messageOf(error)}`, { details: { home }, cause: error })
  }
}

/** @throws `config.invalid` when one of the two is missing */
function certificateFiles({ tlsCert: cert, tlsKey: key }: Config): { readonly cert: string; readonly key: string } | undefined {
  if (cert !== null && key !== null) return { cert, key }
  if (cert === null && key === null) return undefined
  const [given, missing] = cert === null ? [settings.tlsKey.env, settings.tlsCert.env] : [settings.tlsCert.env, settings.tlsKey.env]
  throw new TaskflowsError('config.invalid', `${given} is set and ${missing} is not: expected both, or none for http`, { details: { setting: missing } })
}

/** Tells `tf` where the server of this home is, and which certificate it shows. Returns what takes the word back. */
function recordServer({ home, tlsCert }: Config, url: string): () => void {
  const path = join(home, 'run', 'server.json')
  const text = `${JSON.stringify({ url, pid: process.pid, started_at: new Date().toISOString(), ...(tlsCert !== null && { certificate: tlsCert }) })}\n`
  writeFileSync(`${path}.${process.pid}`, text, { mode: 0o600 })
  renameSync(`${path}.${process.pid}`, path)
  return () => {
    // A server of this home that started later has put its own word in place.
    if (existsSync(path) && readFileSync(path, 'utf8') === text) rmSync(path, { force: true })
  }
}
