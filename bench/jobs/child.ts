/**
 * One role of one contestant in a process of its own, so that no contestant pays for another's garbage
 * and its CPU time is its own. Told what to do by `bench.ts` over IPC.
 */
import { on } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Contestant, keepInFlight } from './contestant.ts'
import { ownCpuSeconds } from './cpu.ts'

export interface Assignment {
  /** Path of the contestant's module. */
  readonly module: string
  readonly url: string
  readonly role: 'prepare' | 'bulk' | 'single' | 'drain' | 'latency'
  /** Jobs, or samples. */
  readonly n: number
}

/** What a child says. `ready`: a worker waits for the message that starts it. */
export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'started'; readonly count: number; readonly cpuSeconds: number }
  | { readonly kind: 'done'; readonly ms: number; readonly cpuSeconds: number }
  | { readonly kind: 'delays'; readonly ms: readonly number[] }

/** As many callers wait for their answer at a time as a small web server has. */
const inFlight = 10
const warmUp = 50

const { module, url, role, n } = JSON.parse(process.argv[2]!) as Assignment
const contestant = await import(module) as Contestant

switch (role) {
  case 'prepare':
    await contestant.prepare(url)
    break
  case 'bulk':
  case 'single':
    await produce()
    break
  case 'drain':
    await drain()
    break
  case 'latency':
    await measureDelays()
    break
  default:
    role satisfies never
}
process.exit()

function say(answer: Answer): Promise<void> {
  return new Promise((resolve) => process.send!(answer, () => resolve()))
}

async function produce(): Promise<void> {
  const producer = await contestant.producer(url)
  // Connections open and statements prepared: what a process does once.
  if (role === 'single') await keepInFlight(warmUp, inFlight, (i) => producer.one(-1 - i))
  const cpuBefore = ownCpuSeconds()
  const start = performance.now()
  if (role === 'bulk') await producer.bulk(n)
  else await keepInFlight(n, inFlight, (i) => producer.one(i))
  await say({ kind: 'done', ms: performance.now() - start, cpuSeconds: ownCpuSeconds() - cpuBefore })
  await producer.close()
}

async function drain(): Promise<void> {
  let count = 0
  let told = 0
  const worker = await contestant.worker(url, { mode: 'drain', onStart: () => { count += 1 } })
  const orders = on(process, 'message')
  await say({ kind: 'ready' })
  await orders.next()
  const cpuBefore = ownCpuSeconds()
  setInterval(() => {
    if (count === told) return
    told = count
    void say({ kind: 'started', count, cpuSeconds: ownCpuSeconds() - cpuBefore })
  }, 5)
  await worker.start()
  await orders.next()
  // What finishing takes after the last handler started is work, too.
  await say({ kind: 'started', count, cpuSeconds: ownCpuSeconds() - cpuBefore })
  await worker.stop()
}

/** From the call that adds a job to the start of its handler, in an idle system. */
async function measureDelays(): Promise<void> {
  const delays: number[] = []
  let addedAt = 0
  let started = Promise.withResolvers<void>()
  let expected = -1
  const worker = await contestant.worker(url, {
    mode: 'latency',
    onStart: (i) => {
      if (i !== expected) return
      delays.push(performance.now() - addedAt)
      started.resolve()
    },
  })
  await worker.start()
  const producer = await contestant.producer(url)
  await sleep(1500)
  for (expected = 0; expected < n + warmUp; expected += 1) {
    started = Promise.withResolvers<void>()
    addedAt = performance.now()
    await producer.one(expected)
    await started.promise
    await sleep(10 + Math.random() * 20)
  }
  await say({ kind: 'delays', ms: delays.slice(warmUp) })
  await producer.close()
  await worker.stop()
}
