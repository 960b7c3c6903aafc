/** The part of the bench that is about runs: until those that end at once are in the ledger, and what it costs to watch services that do nothing. */
import { once } from 'node:events'
import { type Row, rowsOf } from '../rows.ts'
import { type Host, serverOf } from './host.ts'

interface Options {
  /** Of a page of runs. */
  readonly get: (path: string) => Promise<Response>
  /** How many services there are, `plain-0` and so on. */
  readonly count: number
  readonly onProgress: (text: string) => void
}

const mostEnds = 500
const idleMs = 10_000
/** Between two questions, which cost the server more than the runs do. */
const pauseMs = 50

export async function measureLedger(host: Host, { get, count, onProgress }: Options): Promise<Row[]> {
  const ends = Math.min(mostEnds, count)
  onProgress(`a server that watches ${count} services that do nothing`)
  const idle = await measureIdle(host)
  onProgress(`${ends} services that end at once`)
  const seen = await measureEnds(host, get, ends)
  return [...rowsOf(`idle_cpu_${count}`, 'ms/s', idle), ...rowsOf(`ends_${ends}`, 'ms', seen)]
}

/** Of a second the part that its processor worked. */
async function measureIdle(host: Host): Promise<{ taskflows: number; systemd: number }> {
  const { pid } = serverOf(host)
  const manager = Number((await host.run(['sh', '-c', 'pgrep -xo systemd'])).stdout)
  const both = async () => ({ taskflows: await cpuMs(host, pid), systemd: await cpuMs(host, manager) })
  const before = await both()
  await once(AbortSignal.timeout(idleMs), 'abort')
  const after = await both()
  // A manager with nothing to do may not run at all, and a ratio needs something.
  const perSecond = (whose: keyof typeof after) => Math.max((after[whose] - before[whose]) / (idleMs / 1000), 0.01)
  return { taskflows: perSecond('taskflows'), systemd: perSecond('systemd') }
}

/** From the signal that kills them all until the last is there as failed: in the ledger, and in systemd's own list. */
async function measureEnds(host: Host, get: Options['get'], ends: number): Promise<{ taskflows: number; systemctl: number }> {
  const units = Array.from({ length: ends }, (_, at) => `taskflows-plain-${at}.service`)
  await host.run(['systemctl', '--user', 'start', ...units])
  const start = performance.now()
  const until = async (count: () => Promise<number>): Promise<number> => {
    while (await count() < ends) await once(AbortSignal.timeout(pauseMs), 'abort')
    return performance.now() - start
  }
  const failed = async () => ((await (await get('/runs?kind=service&state=failed&limit=1000')).json()) as { readonly items: readonly unknown[] }).items.length
  const listed = async () => (await host.run(['systemctl', '--user', 'list-units', '--state=failed', '--no-legend', '--plain', 'taskflows-plain-*'])).stdout.split('\n').length - 1
  await host.run(['systemctl', '--user', 'kill', '-s', 'KILL', ...units])
  const [taskflows, systemctl] = await Promise.all([until(failed), until(listed)])
  await host.run(['systemctl', '--user', 'reset-failed', ...units])
  return { taskflows, systemctl }
}

/** Of all threads of a process of that host: the first number in their schedstat, in nanoseconds (sched-stats of the kernel's documentation). */
async function cpuMs(host: Host, pid: number): Promise<number> {
  const { stdout } = await host.run(['sh', '-c', `cat /proc/${pid}/task/*/schedstat`])
  return stdout.trim().split('\n').reduce((sum, line) => sum + Number(line.split(' ')[0]) / 1e6, 0)
}
