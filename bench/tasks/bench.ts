/**
 * `bench tasks`: what calling a function as a task costs, without alerts and server, at log level warn.
 *
 * `overhead` is the time of a call beyond that of the bare function, which does nothing: one call after the other, with
 * 3 retries and a time-out of 30 s, in the same process and by turns with p-retry around p-timeout, which have neither
 * ids, context, log, nor observers. `concurrent` is the heap, after a collection, when N calls that were all under way at
 * once have ended: of the last round beside that of the second.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Row, median, rowsOf } from '../rows.ts'
import type { BenchOptions } from '../run.ts'

type Wrapped = (n: number) => Promise<unknown>

const turnsPerRound = 5
const policy = { retries: 3, timeoutMs: 30_000 }

export async function run({ rounds, n, onProgress }: BenchOptions): Promise<Row[]> {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../scripts/install.mjs'), join(import.meta.dirname, '..')], { stdio: 'inherit' })
  // Read when the first task runs. There is no such home, so there is no server, either.
  Object.assign(process.env, { TASKFLOWS_LOG_LEVEL: 'warn', TASKFLOWS_HOME: '/nonexistent/taskflows', TASKFLOWS_SERVER: '' })
  return [...(await measureOverhead(rounds * turnsPerRound, n, onProgress)), ...(await measureHeap(n, onProgress))]
}

async function measureOverhead(turns: number, n: number, onProgress: BenchOptions['onProgress']): Promise<Row[]> {
  const { task } = await import('../../src/index.ts')
  const { wrap } = (await import('./peers.mjs' as string)) as { wrap: (fn: Wrapped, options: typeof policy) => Wrapped }
  const bare: Wrapped = async (n) => n + 1
  const wrapped: Readonly<Record<string, Wrapped>> = {
    bare, 'taskflows': task(bare, { name: 'bare', required: true, retries: policy.retries, timeout: policy.timeoutMs / 1000 }), 'p-retry+p-timeout': wrap(bare, policy),
  }
  onProgress(`${turns} turns of ${n} calls`)
  const times = Object.fromEntries(Object.keys(wrapped).map((name): [string, number[]] => [name, []]))
  // The first turn warms up.
  for (let turn = 0; turn <= turns; turn += 1) {
    for (const [name, call] of Object.entries(wrapped)) {
      const us = await timePerCall(call, n)
      if (turn > 0) times[name]!.push(us)
    }
  }
  const { bare: nothing = 0, ...costs } = Object.fromEntries(Object.entries(times).map(([name, each]) => [name, median(each)]))
  return rowsOf('overhead', 'us/call', Object.fromEntries(Object.entries(costs).map(([name, us]) => [name, us - nothing])))
}

async function timePerCall(call: Wrapped, n: number): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < n; i += 1) await call(i)
  return ((performance.now() - start) * 1000) / n
}

async function measureHeap(n: number, onProgress: BenchOptions['onProgress']): Promise<Row[]> {
  const { getCurrentTaskId, task } = await import('../../src/index.ts')
  const { promise: open, resolve: release } = Promise.withResolvers<void>()
  const waiting = task(async (gate: Promise<void>) => {
    await gate
    return getCurrentTaskId()
  }, { name: 'waiting', required: true, retries: policy.retries, timeout: policy.timeoutMs / 1000 })
  release()
  await waiting(open)
  const heaps: number[] = []
  for (let round = 1; round <= 10; round += 1) {
    onProgress(`round ${round} of 10: ${n} calls at once`)
    const gate = Promise.withResolvers<void>()
    const calls = Array.from({ length: n }, () => waiting(gate.promise))
    gate.resolve()
    const ids = new Set(await Promise.all(calls))
    if (ids.size !== n) throw new Error(`${n} calls had ${ids.size} ids`)
    heaps.push(await heapInMib())
  }
  return rowsOf('concurrent', 'MiB heap', { 'taskflows': heaps[9]!, 'round 2': heaps[1]! })
}

async function heapInMib(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // What a finished round still has in its queues goes in the turn after it.
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  return process.memoryUsage().heapUsed / 2 ** 20
}
