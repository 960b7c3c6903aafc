/**
 * `bench services`: the packed and installed package on a real systemd, beside what systemctl takes for the same. The two take
 * turns; a row is the median of wall-clock times.
 *
 *   create   `tf create` of 500 services with timers; the peer copies the same files, reloads once and starts the timers in one call
 *   plan     `tf plan` of them, unchanged; the peer has `systemd-analyze verify` read the same files. The bench fails if it reloads
 *   list     `tf list`; the peer is `systemctl list-units`
 *   logs     to the first of 10,000 lines that `tf logs` shows of a service; the peer is `journalctl`
 *   api_list   2,000 services of a running `tf serve`, from its cache; the peer is `systemctl list-units -o json`
 *   seen     from the start of a service to its event at a subscriber; the peer is `systemctl start` until it returns
 *   memory   of that server, its database not counted; the peer is the manager of systemd
 *   idle_cpu  of that server while nothing happens, in ms of CPU per second; the peer is the manager of systemd
 *   ends     from the kill of 500 services until all are in the ledger, asked over HTTP again and again; the peer is systemd's list of them
 *
 * `--n` is the number of services, 500 at most; the server has four times as many.
 */
import { cpSync, globSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Row, median, rowsOf } from '../rows.ts'
import type { BenchOptions } from '../run.ts'
import { type Host, defineServices, openHost } from './host.ts'
import { measureServer } from './server.ts'

const turnsPerRound = 5
const most = 500
/** Of the service whose logs are read. */
const lines = 10_000

export async function run({ rounds, n, onProgress }: BenchOptions): Promise<Row[]> {
  await using stack = new AsyncDisposableStack()
  const host = await openHost(stack, onProgress)
  const count = Math.min(n, most)
  const file = defineServices(host, 'scheduled', count, `startSchedule: new Calendar(\`*-*-* \${at % 24}:\${at % 60}:00\`), type: 'oneshot', `)

  const times = { create: pairs(), plan: pairs(), list: pairs() }
  for (let round = 1; round <= rounds; round += 1) {
    onProgress(`round ${round}/${rounds}  ${count} services: create`)
    const { ms, stdout } = await host.run(host.tf('create', file, '--yes', '-o', 'json'))
    const { reloads } = JSON.parse(stdout) as { readonly reloads: number }
    if (reloads !== 1) throw new Error(`tf create took ${reloads} reloads`)
    times.create.taskflows.push(ms)

    for (let turn = 1; turn <= turnsPerRound; turn += 1) {
      onProgress(`  plan and list ${turn}/${turnsPerRound}`)
      await measurePlan(host, file, times.plan)
      times.list.taskflows.push((await host.run(host.tf('list'))).ms)
      times.list.peer.push((await host.run(['systemctl', '--user', 'list-units', '--no-pager', 'taskflows-*'])).ms)
    }
    times.create.peer.push(await createWithSystemctl(host))
  }
  const logs = await measureLogs(host, rounds * turnsPerRound, onProgress)
  return [
    ...rowsOf(`create_${count}`, 'ms', { taskflows: median(times.create.taskflows), systemctl: median(times.create.peer) }),
    ...rowsOf(`plan_${count}`, 'ms', { taskflows: median(times.plan.taskflows), 'systemd-analyze': median(times.plan.peer) }),
    ...rowsOf(`list_${count}`, 'ms', { taskflows: median(times.list.taskflows), systemctl: median(times.list.peer) }),
    ...rowsOf(`logs_${lines}`, 'ms', { taskflows: median(logs.taskflows), journalctl: median(logs.peer) }),
    ...await measureServer(stack, host, { count: 4 * count, turns: rounds * 20, onProgress }),
  ]
}

const pairs = () => ({ taskflows: [] as number[], peer: [] as number[] })

async function measurePlan(host: Host, file: string, { taskflows, peer }: ReturnType<typeof pairs>): Promise<void> {
  const loadedAt = async () => (await host.run(['systemctl', '--user', 'show', '--property=UnitsLoadTimestampMonotonic'])).stdout
  const before = await loadedAt()
  taskflows.push((await host.run(host.tf('plan', file))).ms)
  if (await loadedAt() !== before) throw new Error('tf plan made the manager reload')
  peer.push((await host.run(['systemd-analyze', '--user', 'verify', '--man=no', ...unitFiles(host)])).ms)
}

async function measureLogs(host: Host, turns: number, onProgress: (text: string) => void): Promise<ReturnType<typeof pairs>> {
  onProgress(`logs of ${lines} lines`)
  const file = defineServices(host, 'talker', 1, `type: 'oneshot', `, ['seq', String(lines)])
  await host.run(host.tf('create', file, '--yes', '--no-start', '-o', 'json'))
  await host.run(['systemctl', '--user', 'start', 'taskflows-talker-0.service'])
  await host.run(['journalctl', '--sync'])
  const times = pairs()
  const first = async (argv: readonly string[]) => {
    const { firstMs, stdout } = await host.run(argv)
    if (stdout.split('\n').length <= lines) throw new Error(`${argv.join(' ')} showed ${stdout.split('\n').length - 1} lines`)
    return firstMs!
  }
  for (let turn = 0; turn < turns; turn += 1) {
    times.taskflows.push(await first(host.tf('logs', 'talker-0', '-n', String(2 * lines))))
    times.peer.push(await first(['journalctl', '--user-unit', 'taskflows-talker-0.service', '-n', String(2 * lines)]))
  }
  await host.run(host.tf('remove', 'talker-0', '--yes'))
  return times
}

function unitFiles({ units }: Host): string[] {
  return globSync(join(units, 'taskflows-*.{service,timer}'))
}

/** The same units by hand, from the same state; leaves none. */
async function createWithSystemctl(host: Host): Promise<number> {
  const copy = join(host.project, 'units')
  cpSync(host.units, copy, { recursive: true, verbatimSymlinks: true })
  const timers = unitFiles(host).filter((path) => path.endsWith('.timer')).map((path) => basename(path))
  await clear(host, timers)
  const script = 'cp -a "$0"/. "$1"/ && systemctl --user daemon-reload && shift && exec systemctl --user start "$@"'
  const { ms } = await host.run(['sh', '-c', script, copy, host.units, ...timers])
  await clear(host, timers)
  rmSync(copy, { recursive: true })
  return ms
}

async function clear(host: Host, timers: readonly string[]): Promise<void> {
  await host.run(['systemctl', '--user', 'stop', ...timers])
  for (const entry of globSync(join(host.units, '*'))) rmSync(entry, { recursive: true })
  rmSync(join(host.home, 'services'), { recursive: true, force: true })
  await host.run(['systemctl', '--user', 'daemon-reload'])
}
