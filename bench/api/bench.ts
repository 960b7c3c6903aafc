/**
 * `bench api`: a signed GET /api/v1/jobs/{id} of a real server beside a bare Fastify route with the same store read.
 *
 *   get_job_rate  requests per second with 32 connections; more is better, so is a ratio above 1
 *   get_job_cpu   CPU time per request in microseconds, server and store together
 *   get_job_rate_1, get_job_cpu_1  the same with one connection
 *
 * The two take turns, in slices of a second or so, so that a noisy machine hits both alike; a row shows the medians.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSecurity } from '../../src/access/security-file.ts'
import { connectTo } from '../../src/client/index.ts'
import { findPostgres, startPostgres } from '../../test/testbed/postgres.ts'
import { startChild, startTfServe } from '../child.ts'
import { serverCpuSeconds } from '../jobs/cpu.ts'
import { type Row, median, rowsOf } from '../rows.ts'
import type { BenchOptions } from '../run.ts'
import type { Assignment, Finding } from './load.ts'

const widths = [32, 1]
/** Requests of one slice, for each width. */
const slice: Readonly<Record<number, number>> = { 32: 4_000, 1: 1_000 }
const slicesPerRound = 5

interface Subject {
  readonly pid: number
  readonly port: number
  readonly path: string
  readonly secret?: string
}

export async function run({ rounds, onProgress }: BenchOptions): Promise<Row[]> {
  await using stack = new AsyncDisposableStack()
  const postgres = stack.use(await startPostgres({ programs: findPostgres('18')! }))
  const ours = await startServer(stack, postgres.url)
  const subjects: Readonly<Record<string, Subject>> = { taskflows: ours, fastify: await startBare(stack, postgres.url, ours.path) }
  const load = startChild(stack, join(import.meta.dirname, 'load.ts'))
  await once(load, 'message')

  const rows: Row[] = []
  for (const width of widths) {
    const found = new Map(Object.keys(subjects).map((name) => [name, { rates: [] as number[], cpu: [] as number[] }]))
    for (let turn = -1; turn < rounds * slicesPerRound; turn += 1) {
      onProgress(`${width} connections, slice ${turn + 1} of ${rounds * slicesPerRound}`)
      for (const [name, subject] of Object.entries(subjects)) {
        const { rate, cpu } = await measure(load, subject, width, postgres.pid)
        // The first turn opens connections, prepares statements and lets the compiler warm up.
        if (turn < 0) continue
        found.get(name)!.rates.push(rate)
        found.get(name)!.cpu.push(cpu)
      }
    }
    const medians = (value: 'rates' | 'cpu') => Object.fromEntries([...found].map(([name, of]) => [name, median(of[value])]))
    const suffix = width === widths[0] ? '' : `_${width}`
    rows.push(...rowsOf(`get_job_rate${suffix}`, 'requests/s', medians('rates')), ...rowsOf(`get_job_cpu${suffix}`, 'us CPU/request', medians('cpu')))
  }
  return rows
}

async function measure(load: ChildProcess, { pid, ...subject }: Subject, width: number, postmaster: number): Promise<{ rate: number; cpu: number }> {
  const requests = slice[width]!
  const cpuBefore = serverCpuSeconds(pid) + serverCpuSeconds(postmaster)
  load.send({ ...subject, requests, width } satisfies Assignment)
  const [{ ms }] = await once(load, 'message') as [Finding]
  const cpuSeconds = serverCpuSeconds(pid) + serverCpuSeconds(postmaster) - cpuBefore
  return { rate: requests / (ms / 1000), cpu: (cpuSeconds / requests) * 1e6 }
}

/** `tf serve` with a job to ask for. */
async function startServer(stack: AsyncDisposableStack, databaseUrl: string): Promise<Subject> {
  const home = mkdtempSync(join(tmpdir(), 'taskflows-bench-'))
  stack.defer(() => rmSync(home, { recursive: true, force: true }))
  const { server, port } = await startTfServe(stack, ['--port', '0'], { TASKFLOWS_HOME: home, TASKFLOWS_DATABASE_URL: databaseUrl, TASKFLOWS_LOG_LEVEL: 'warn' })
  const { secret } = readSecurity(home).hmac
  const { id } = await connectTo({ url: `http://127.0.0.1:${port}`, secret }).jobs.add({ name: 'bench', payload: { user: 'u1', note: 'a small but not empty payload' } })
  return { pid: server.pid!, port, path: `/api/v1/jobs/${id}`, secret }
}

async function startBare(stack: AsyncDisposableStack, databaseUrl: string, path: string): Promise<Subject> {
  const server = startChild(stack, join(import.meta.dirname, 'bare.ts'), [databaseUrl])
  const [{ port }] = await once(server, 'message') as [{ port: number }]
  return { pid: server.pid!, port, path: path.replace('/api/v1', '') }
}
