/**
 * `bench events`: a real `tf serve`, and 200 clients of its live events in other processes. Facts are written to the log
 * at a steady rate, the server is stopped and started again on the way, and in the end every client must have got each
 * fact exactly once. `raw` is a bare server that writes the same bytes to as many sockets.
 *
 *   delivered   events per second, to all clients together; more is better, so is a ratio above 1
 *   cpu         CPU seconds of the server per million deliveries
 *   delay_p50, delay_p99   from the writing of an event to its arrival; those of raw begin half an interval before it writes
 *   memory      the most that the server had in memory
 *
 * The rate is 5,000 events per second, or the highest one below it with which this machine keeps up; it is told.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { readSecurity } from '../../src/access/security-file.ts'
import { connectTo } from '../../src/client/index.ts'
import { newId } from '../../src/kernel/ids.ts'
import { findPostgres, startPostgres } from '../../test/testbed/postgres.ts'
import { startChild, startTfServe } from '../child.ts'
import { serverCpuSeconds } from '../jobs/cpu.ts'
import { type Row, median, quantile, rowsOf } from '../rows.ts'
import type { BenchOptions } from '../run.ts'
import { type Count, type Order, type Verdict, eventNumber } from './clients.ts'

const clientProcesses = 2
const clientsEach = 100
const clients = clientProcesses * clientsEach
const rates = [5_000, 2_500, 1_000, 500]
const windowMs = 10_000
/** What counts as keeping up. */
const enough = { share: 0.98, delayMs: 1_000 }

interface Finding {
  readonly delivered: number
  readonly cpu: number
  readonly delays: readonly number[]
  readonly memory: number
}

export async function run({ rounds, onProgress }: BenchOptions): Promise<Row[]> {
  await using stack = new AsyncDisposableStack()
  const postgres = stack.use(await startPostgres({ programs: findPostgres('18')! }))
  const crowd = Array.from({ length: clientProcesses }, () => startChild(stack, join(import.meta.dirname, 'clients.ts')))
  const findings: Finding[] = []
  const floors: Finding[] = []
  let at = 0
  for (let round = 0; round < rounds; round += 1) {
    await using field = await openField(postgres.url)
    for (; ; at += 1) {
      const rate = rates[at]!
      onProgress(`round ${round + 1}/${rounds}  ${clients} clients, ${rate} events/s`)
      const found = await field.measure(crowd, rate)
      const keepsUp = found.delivered >= enough.share * clients * rate && quantile(found.delays, 0.99) <= enough.delayMs
      onProgress(`  ${Math.round(found.delivered)} deliveries/s, p99 ${Math.round(quantile(found.delays, 0.99))} ms${keepsUp ? '' : ': this machine does not keep up'}`)
      const { lost, doubled } = await field.restartAndVerify(crowd)
      onProgress(`  over a restart: ${lost} lost, ${doubled} doubled`)
      if (lost + doubled > 0) throw new Error(`${lost} events were lost and ${doubled} doubled`)
      if (!keepsUp && at < rates.length - 1) continue
      findings.push(found)
      break
    }
    onProgress('  raw')
    floors.push(await measureRaw(crowd, field.message, rates[at]!))
  }
  const values = (value: (found: Finding) => number) => ({ taskflows: median(findings.map(value)), raw: median(floors.map(value)) })
  return [
    ...rowsOf(`delivered_${rates[at]}`, 'events/s', values(({ delivered }) => delivered)),
    ...rowsOf('cpu', 's/million', values(({ cpu }) => cpu)),
    ...rowsOf('delay_p50', 'ms', values(({ delays }) => quantile(delays, 0.5))),
    ...rowsOf('delay_p99', 'ms', values(({ delays }) => quantile(delays, 0.99))),
    ...rowsOf('memory', 'MiB', values(({ memory }) => memory)),
  ]
}

interface Field extends AsyncDisposable {
  /** A message as the server sends it. */
  readonly message: string
  measure(crowd: readonly ChildProcess[], rate: number): Promise<Finding>
  /** The facts go on while the server is away. Resolves when every client has all, or nothing comes any more. */
  restartAndVerify(crowd: readonly ChildProcess[]): Promise<Verdict>
}

/** A server on a log of its own, and somebody who writes to it. */
async function openField(databaseUrl: string): Promise<Field> {
  const stack = new AsyncDisposableStack()
  const home = mkdtempSync(join(tmpdir(), 'taskflows-bench-'))
  stack.defer(() => rmSync(home, { recursive: true, force: true }))
  const start = (port: number) => startTfServe(stack, [], { TASKFLOWS_HOME: home, TASKFLOWS_DATABASE_URL: databaseUrl, TASKFLOWS_LOG_LEVEL: 'warn', TASKFLOWS_PORT: String(port) })
  const { port, ...first } = await start(0)
  let { server } = first
  const api = connectTo({ url: `http://127.0.0.1:${port}`, secret: readSecurity(home).hmac.secret })
  const { token } = await api.tokens.create({ name: `bench-${newId(Date.now())}` })
  const store = new pg.Client({ connectionString: databaseUrl })
  await store.connect()
  stack.defer(() => store.end())
  let writing: ReturnType<typeof writeOn> | undefined
  let message = ''
  return {
    get message() {
      return message
    },
    measure: async (crowd, rate) => {
      await tell(crowd, { kind: 'connect', port, path: '/api/v1/events?type=job.*', token, clients: clientsEach })
      await untilReady(crowd)
      writing = writeOn(store, rate)
      await pause(2_000)
      const found = await observe(crowd, server.pid!)
      message = await oneMessage(port, token)
      return found
    },
    restartAndVerify: async (crowd) => {
      server.kill('SIGTERM')
      await once(server, 'exit')
      ;({ server } = await start(port))
      await pause(3_000)
      const expected = await writing!.stop()
      await settle(crowd, expected.length)
      const verdicts = await Promise.all(crowd.map((child) => ask<Verdict>(child, { kind: 'verify', expected })))
      await tell(crowd, { kind: 'leave' })
      return { lost: sum(verdicts.map(({ lost }) => lost)), doubled: sum(verdicts.map(({ doubled }) => doubled)) }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** Writes rows of facts, as workers do, 50 times a second. */
function writeOn(store: pg.Client, rate: number): { stop(): Promise<number[]> } {
  const written: number[] = []
  const startedAt = performance.now()
  let going = true
  const done = (async () => {
    for (let count = 0; going; ) {
      const facts = Math.floor(((performance.now() - startedAt) / 1000) * rate) - count
      for (let left = facts; left > 0; left -= 1_000) written.push(...await writeRow(store, Math.min(left, 1_000)))
      count += facts
      await pause(20)
    }
  })()
  return {
    stop: async () => {
      going = false
      await done
      return written
    },
  }
}

async function writeRow(store: pg.Client, facts: number): Promise<number[]> {
  const ids = Array.from({ length: facts }, () => newId(Date.now()))
  const { rows: [row] } = await store.query<{ seq: string }>({
    name: 'write', text: `insert into taskflows.events (at, type, ids, tenants, names) values (taskflows.now(), 'jobs.succeeded', $1, '{default}', '{resize-image}') returning seq`, values: [ids],
  })
  return ids.map((_, at) => eventNumber(Number(row!.seq), at + 1))
}

async function measureRaw(crowd: readonly ChildProcess[], message: string, rate: number): Promise<Finding> {
  await using stack = new AsyncDisposableStack()
  const server = startChild(stack, join(import.meta.dirname, 'raw.ts'), [message, String(rate)])
  const [{ port }] = await once(server, 'message') as [{ port: number }]
  await tell(crowd, { kind: 'connect', port, path: '/', token: '-', clients: clientsEach })
  await pause(2_000)
  const found = await observe(crowd, server.pid!)
  await tell(crowd, { kind: 'leave' })
  return found
}

/** What the clients get and what it costs the server, for a while. */
async function observe(crowd: readonly ChildProcess[], pid: number): Promise<Finding> {
  const before = await counts(crowd)
  const [startedAt, cpuBefore] = [performance.now(), serverCpuSeconds(pid)]
  await pause(windowMs)
  const after = await counts(crowd)
  const events = sum(after.map(({ events: count }) => count)) - sum(before.map(({ events: count }) => count))
  return {
    delivered: events / ((performance.now() - startedAt) / 1000),
    cpu: ((serverCpuSeconds(pid) - cpuBefore) / events) * 1e6,
    delays: after.flatMap(({ delays }) => delays),
    memory: Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024,
  }
}

const giveUpMs = 60_000

async function settle(crowd: readonly ChildProcess[], wanted: number): Promise<void> {
  const deadline = performance.now() + giveUpMs
  while (performance.now() < deadline && (await counts(crowd)).some(({ fewest }) => fewest < wanted)) await pause(200)
  // Whatever comes twice comes now.
  await pause(1_000)
}

async function untilReady(crowd: readonly ChildProcess[]): Promise<void> {
  while (sum((await counts(crowd)).map(({ ready }) => ready)) < clients) await pause(50)
}

const counts = (crowd: readonly ChildProcess[]) => Promise.all(crowd.map((child) => ask<Count>(child, { kind: 'count' })))

async function ask<T>(child: ChildProcess, order: Order): Promise<T> {
  child.send(order)
  const [answer] = await once(child, 'message') as [T]
  return answer
}

async function tell(crowd: readonly ChildProcess[], order: Order): Promise<void> {
  for (const child of crowd) child.send(order)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** The last message of a stream, taken while events are written. */
async function oneMessage(port: number, token: string): Promise<string> {
  const over = new AbortController()
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/events?type=job.*`, { headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` }, signal: over.signal })
  let text = ''
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const found = /^id: .+\nevent: .+\ndata: .+\n\n/m.exec(text)
    if (!found) continue
    over.abort()
    return found[0]
  }
  throw new Error('the stream ended')
}
