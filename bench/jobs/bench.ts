/**
 * `bench jobs`: every round takes every contestant through every work on a fresh database, in an order
 * that rotates from round to round, so that a noisy machine hits all of them alike.
 *
 *   bulk        add N jobs through the bulk call, 5000 per call, 2 calls under way
 *   drain       one worker process takes a backlog of N, until every handler ran and nothing is left
 *   single      add N jobs by a call each, 10 calls under way
 *   pickup_p99  idle system, from the call that adds a job to the start of its handler
 *
 * The first three are CPU time per job, client and store together, in microseconds: on a shared machine that
 * is the steady figure. The rates are told beside them. PostgreSQL runs with stock settings and fsync on; Redis
 * once as it comes and once with a promise that is equal to PostgreSQL's.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Row, median, quantile, rowsOf } from '../rows.ts'
import type { BenchOptions } from '../run.ts'
import type { Answer, Assignment } from './child.ts'
import type { Contestant, Eye } from './contestant.ts'
import { serverCpuSeconds } from './cpu.ts'
import { type Store, type StoreName, startStore } from './stores.ts'

const modules: Readonly<Record<string, string>> = {
  'taskflows': './contestants/taskflows.ts',
  'graphile-worker': './contestants/graphile-worker.mjs',
  'pg-boss': './contestants/pg-boss.mjs',
  'bullmq': './contestants/bullmq.mjs',
  'bullmq-aof': './contestants/bullmq-aof.mjs',
  'raw': './contestants/raw.ts',
}
const delaySamples = 500
/** Nothing here takes this long but what hangs. */
const patienceMs = 300_000

/** CPU time and rate of one work in one round. */
interface Effort {
  readonly cpuMicroseconds: number
  readonly jobsPerSecond: number
}

interface Findings {
  readonly bulk: Effort[]
  readonly drain: Effort[]
  readonly single: Effort[]
  readonly delays: number[]
}

export async function run({ rounds, n, peers = Object.keys(modules).filter((name) => name !== 'taskflows'), onProgress }: BenchOptions): Promise<Row[]> {
  const unknown = peers.filter((name) => !(name in modules))
  if (unknown.length > 0) throw new Error(`Unknown peers: ${unknown.join(', ')}. Known are ${Object.keys(modules).join(', ')}.`)
  installPeers()
  await using stack = new AsyncDisposableStack()
  const names = ['taskflows', ...peers]
  const fields = await openFields(stack, names)
  const findings = new Map(names.map((name): [string, Findings] => [name, { bulk: [], drain: [], single: [], delays: [] }]))
  for (let round = 0; round < rounds; round += 1) {
    for (const name of rotated(names, round)) {
      const tell = (work: string) => onProgress(`round ${round + 1}/${rounds}  ${name}  ${work}`)
      await measure(fields.get(name)!, n, findings.get(name)!, tell)
    }
  }
  return rowsFrom(findings)
}

/** Contestants that keep their jobs in the same kind of server share one. */
async function openFields(stack: AsyncDisposableStack, names: readonly string[]): Promise<ReadonlyMap<string, Field>> {
  const stores = new Map<StoreName, Store>()
  const fields = new Map<string, Field>()
  for (const name of names) {
    const module = join(import.meta.dirname, modules[name]!)
    const contestant = await import(module) as Contestant
    const kind = contestant.store ?? 'postgres'
    if (!stores.has(kind)) stores.set(kind, stack.use(await startStore[kind]()))
    fields.set(name, new Field(name, module, contestant, stores.get(kind)!))
  }
  return fields
}

async function measure(field: Field, n: number, found: Findings, tell: (work: string) => void): Promise<void> {
  await using backlog = await field.fresh()
  tell('bulk')
  found.bulk.push(await field.produce(backlog.url, 'bulk', n))
  tell('drain')
  found.drain.push(await field.drain(backlog.url, n))
  await using empty = await field.fresh()
  tell('single')
  found.single.push(await field.produce(empty.url, 'single', n))
  await using idle = await field.fresh()
  tell('pickup')
  found.delays.push(...await field.delays(idle.url, delaySamples))
}

function rowsFrom(findings: ReadonlyMap<string, Findings>): Row[] {
  const perName = (value: (found: Findings) => number) => Object.fromEntries([...findings].map(([name, found]) => [name, value(found)]))
  const works = ['drain', 'bulk', 'single'] as const
  return [
    ...works.flatMap((work) => rowsOf(work, 'us CPU/job', perName((found) => median(found[work].map((effort) => effort.cpuMicroseconds))))),
    ...rowsOf('pickup_p99', 'ms', perName(({ delays }) => quantile(delays, 0.99))),
    ...rowsOf('pickup_p50', 'ms', perName(({ delays }) => quantile(delays, 0.5))),
    ...works.flatMap((work) => rowsOf(`${work}_rate`, 'jobs/s', perName((found) => median(found[work].map((effort) => effort.jobsPerSecond))))),
  ]
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}

/** The peers' packages are installed when somebody measures, and are no dependency of the project. */
function installPeers(): void {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../scripts/install.mjs'), join(import.meta.dirname, '..')], { stdio: 'inherit' })
}

/** One contestant on one server. */
class Field {
  readonly #name: string
  readonly #module: string
  readonly #contestant: Contestant
  readonly #store: Store

  constructor(name: string, module: string, contestant: Contestant, store: Store) {
    this.#name = name
    this.#module = module
    this.#contestant = contestant
    this.#store = store
  }

  /** An empty place with the contestant's tables; emptied on dispose. */
  async fresh(): Promise<AsyncDisposable & { readonly url: string }> {
    const place = await this.#store.fresh()
    await ended(this.#child({ url: place.url, role: 'prepare', n: 0 }))
    await this.#store.settle()
    return place
  }

  async produce(url: string, role: 'bulk' | 'single', n: number): Promise<Effort> {
    const before = serverCpuSeconds(this.#store.pid)
    const child = this.#child({ url, role, n })
    const { ms, cpuSeconds } = await answer(child, 'done')
    const effort = this.#effort(n, ms, cpuSeconds, before)
    await ended(child)
    return effort
  }

  async drain(url: string, n: number): Promise<Effort> {
    const eye = await this.#watch(url)
    const child = this.#child({ url, role: 'drain', n })
    try {
      await answer(child, 'ready')
      await this.#store.settle()
      const before = serverCpuSeconds(this.#store.pid)
      const start = performance.now()
      child.send('start')
      await answer(child, 'started', ({ count }) => count >= n)
      while (await eye.left()) await sleep(10)
      const ms = performance.now() - start
      child.send('stop')
      const { cpuSeconds } = await answer(child, 'started')
      const effort = this.#effort(n, ms, cpuSeconds, before)
      await ended(child)
      return effort
    } finally {
      child.kill('SIGKILL')
      await eye.close()
    }
  }

  async delays(url: string, samples: number): Promise<readonly number[]> {
    const child = this.#child({ url, role: 'latency', n: samples })
    const { ms } = await answer(child, 'delays')
    await ended(child)
    return ms
  }

  async #watch(url: string): Promise<Eye> {
    const { watch, leftSql } = this.#contestant
    if (watch) return watch(url)
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    return { left: async () => (await client.query<{ left: boolean }>(leftSql!)).rows[0]!.left, close: () => client.end() }
  }

  #effort(n: number, ms: number, clientSeconds: number, serverBefore: number): Effort {
    const cpuSeconds = clientSeconds + serverCpuSeconds(this.#store.pid) - serverBefore
    return { cpuMicroseconds: (cpuSeconds / n) * 1e6, jobsPerSecond: n / (ms / 1000) }
  }

  #child(assignment: Omit<Assignment, 'module'>): ChildProcess {
    const child = fork(join(import.meta.dirname, 'child.ts'), [JSON.stringify({ module: this.#module, ...assignment })], {
      execArgv: ['--conditions=source'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'], timeout: patienceMs, killSignal: 'SIGKILL',
    })
    child.once('exit', (code, signal) => child.emit('failure', new Error(`${this.#name}: ${assignment.role} ended with ${signal ?? code}`)))
    return child
  }
}

/** The next answer of a kind that satisfies. */
function answer<K extends Answer['kind']>(child: ChildProcess, kind: K, accept: (answer: Extract<Answer, { kind: K }>) => boolean = () => true): Promise<Extract<Answer, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      child.off('message', onMessage)
      child.off('failure', onFailure)
    }
    const onFailure = (error: Error): void => {
      settle()
      reject(error)
    }
    const onMessage = (message: unknown): void => {
      const said = message as Answer
      if (said.kind !== kind || !accept(said as Extract<Answer, { kind: K }>)) return
      settle()
      resolve(said as Extract<Answer, { kind: K }>)
    }
    child.on('message', onMessage)
    child.on('failure', onFailure)
  })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  if (child.exitCode !== 0) throw new Error(`a child of the bench ended with ${child.signalCode ?? child.exitCode}`)
}
