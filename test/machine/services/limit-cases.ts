/**
 * Limits and conditions with what must become of each when it is started, on any machine: on v1 hierarchies and on
 * pure cgroup v2, in this process or in another machine. Whatever a service finds out it writes to a file of its name.
 */
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Definition } from '../../testbed/systemd/services-host.ts'

export interface LimitCase {
  readonly definition: Definition
  /** Properties of its unit when it has ended. */
  readonly unit: Readonly<Record<string, unknown>>
  /** What it wrote; `undefined` when it must not have run. */
  readonly wrote?: RegExp
}

export interface Machine {
  /** Where services write. */
  readonly directory: string
  readonly node: string
  readonly cpus: number
  /** Only there a killed process makes the unit fail as `oom-kill`. */
  readonly pureCgroup2: boolean
}

export const properties = ['Id', 'ActiveState', 'Result', 'ConditionResult', 'AssertResult', 'ExecMainStatus', 'MemoryMax', 'MemoryHigh', 'TasksMax', 'CPUQuotaPerSecUSec', 'CPUWeight', 'IOWeight', 'LimitNOFILE', 'OOMScoreAdjust', 'OOMPolicy']

export function limitCases(machine: Machine): LimitCase[] {
  return [...limits(machine), ...(machine.pureCgroup2 ? limitsOfCgroup2(machine) : []), ...results(), ...conditions(machine)]
}

/** A service that knows all others: systemd forgets how a unit ended that nothing refers to. */
export function keeperOf(cases: readonly LimitCase[]): Definition {
  return { name: 'keeper', start_command: 'sleep 1000', start_after: cases.map(({ definition }) => definition.name) }
}

export const unitOf = ({ definition }: LimitCase): string => `taskflows-${definition.name}.service`

/** @param shown the properties of the units, in the order of the cases @param written what each wrote, by name */
export function expectCases(cases: readonly LimitCase[], shown: readonly Readonly<Record<string, string>>[], written: (name: string) => string | undefined): void {
  expect(shown.map(({ Id }) => Id)).toEqual(cases.map(unitOf))
  for (const [at, { definition, unit, wrote }] of cases.entries()) {
    const says = JSON.stringify(definition)
    expect(shown[at], says).toMatchObject(unit)
    const text = written(definition.name)
    if (wrote) expect(text, says).toMatch(wrote)
    else expect(text, `${says} must not have run`).toBeUndefined()
  }
}

/** How a service ended, in the words of systemd. */
function results(): LimitCase[] {
  return [
    { definition: { name: 'result-code', start_command: ['sh', '-c', 'exit 3'] }, unit: { ActiveState: 'failed', Result: 'exit-code', ExecMainStatus: '3' } },
    { definition: { name: 'result-signal', start_command: ['sh', '-c', 'kill -9 $$'] }, unit: { ActiveState: 'failed', Result: 'signal', ExecMainStatus: '9' } },
    { definition: { name: 'result-timeout', start_command: 'sleep 1000', timeout: 1 }, unit: { ActiveState: 'failed', Result: 'timeout' } },
    { definition: { name: 'result-watchdog', start_command: ['sh', '-c', 'systemd-notify --ready; exec sleep 1000'], watchdog: { interval: 1, restart_on_hang: false } }, unit: { ActiveState: 'failed', Result: 'watchdog' } },
  ]
}

const ran = { ActiveState: 'inactive', Result: 'success', ConditionResult: 'yes', AssertResult: 'yes' }

/** What its control group says, in a file of that group: on v1 of the controller's own hierarchy. */
const groupFile = `const { readFileSync } = require('node:fs'); const groups = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\\n').map((line) => line.split(':')); const groupFile = (controller, file) => { const own = groups.find(([, names]) => names.split(',').includes(controller)); return readFileSync(own ? '/sys/fs/cgroup/' + controller + own[2] + '/' + file : '/sys/fs/cgroup' + groups.find(([id]) => id === '0')[2] + '/' + file, 'utf8').trim() }`

function limits({ directory, node, pureCgroup2 }: Machine): LimitCase[] {
  const shell = (name: string, script: string) => ['sh', '-c', `{ ${script}; } > ${join(directory, name)}`]
  const script = (name: string, code: string) => [node, '-e', `${groupFile}; require('node:fs').writeFileSync(${JSON.stringify(join(directory, name))}, String((() => { ${code} })()))`]
  return [
    {
      definition: { name: 'memory', start_command: [node, '-e', 'const kept = []; while (kept.length < 600) kept.push(Buffer.alloc(1 << 20, 1))'], cgroup_config: { memory_limit: '64MiB', memory_swap_max: 0 } },
      unit: { ActiveState: 'failed', Result: pureCgroup2 ? 'oom-kill' : expect.stringMatching(/^(signal|oom-kill)$/), MemoryMax: String(64 << 20) },
    },
    {
      definition: { name: 'cpu', type: 'oneshot', start_command: script('cpu', `const before = process.cpuUsage(); for (let used = 0; used < 300_000;) { const { user, system } = process.cpuUsage(before); used = user + system } return groupFile('cpu', 'cpu.stat')`), cgroup_config: { cpu_quota: 20_000 } },
      unit: { ...ran, CPUQuotaPerSecUSec: '200ms' }, wrote: /^nr_throttled [1-9]/m,
    },
    {
      definition: { name: 'tasks', type: 'oneshot', start_command: ['dash', '-c', 'for each in 1 2 3 4 5 6 7 8 9; do sleep 60 & done'], cgroup_config: { pids_limit: 5 } },
      unit: { ActiveState: 'failed', Result: 'exit-code', ExecMainStatus: '2', TasksMax: '5' },
    },
    { definition: { name: 'files', type: 'oneshot', start_command: shell('files', 'ulimit -n'), cgroup_config: { nofile_limit: 123 } }, unit: { ...ran, LimitNOFILE: '123' }, wrote: /^123$/m },
    { definition: { name: 'score', type: 'oneshot', start_command: shell('score', 'cat /proc/self/oom_score_adj'), cgroup_config: { oom_score_adj: 555, oom_policy: 'continue' } }, unit: { ...ran, OOMScoreAdjust: '555', OOMPolicy: 'continue' }, wrote: /^555$/m },
    { definition: { name: 'weights', type: 'oneshot', start_command: shell('weights', 'echo ran'), cgroup_config: { cpu_shares: 2048, blkio_weight: 500, memory_high: 1.5 * 2 ** 30 + 0.25 } }, unit: { ...ran, CPUWeight: '200', IOWeight: '5000', MemoryHigh: String(1.5 * 2 ** 30) }, wrote: /^ran$/m },
    { definition: { name: 'unlimited', type: 'oneshot', start_command: shell('unlimited', 'echo ran') }, unit: { ...ran, MemoryMax: 'infinity', CPUQuotaPerSecUSec: 'infinity' }, wrote: /^ran$/m },
  ]
}

function limitsOfCgroup2({ directory }: Machine): LimitCase[] {
  const own = '/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)'
  const shell = (name: string, script: string) => ['sh', '-c', `{ ${script}; } > ${join(directory, name)} 2>&1`]
  return [
    { definition: { name: 'group', type: 'oneshot', start_command: shell('group', `cd ${own}; cat memory.max memory.high pids.max cpu.max cpu.weight`), cgroup_config: { memory_limit: '256MiB', memory_high: '128MiB', pids_limit: 77, cpu_quota: 50_000, cpu_weight: 300 } }, unit: ran, wrote: /^268435456\n134217728\n77\n50000 100000\n300\n$/ },
    { definition: { name: 'peak', type: 'oneshot', start_command: shell('peak', `head -c 40M /dev/zero | tail -c 40M | wc -c; cat ${own}/memory.peak`) }, unit: ran, wrote: /^41943040\n(?:[4-9]\d{7}|\d{9,})\n$/ },
    { definition: { name: 'delegated', type: 'oneshot', start_command: shell('delegated', `cd ${own} && mkdir inner && echo $$ > inner/cgroup.procs && echo +memory > cgroup.subtree_control && cat inner/memory.max`), directives: { Service: { Delegate: ['yes'] } } }, unit: ran, wrote: /^max\n$/ },
    { definition: { name: 'slices', type: 'oneshot', slice: 'batch', start_command: shell('slices', 'cat /proc/self/cgroup') }, unit: ran, wrote: /\/batch\.slice\/taskflows-slices\.service$/m },
  ]
}

type Operator = '<' | '<=' | '=' | '!=' | '>=' | '>'

const holds: Readonly<Record<Operator, (found: number, amount: number) => boolean>> = {
  '<': (found, amount) => found < amount,
  '<=': (found, amount) => found <= amount,
  '=': (found, amount) => found === amount,
  '!=': (found, amount) => found !== amount,
  '>=': (found, amount) => found >= amount,
  '>': (found, amount) => found > amount,
}

/** Every operator, below and above what the machine has; a requirement that does not hold skips the start, or fails it. */
function conditions({ directory, cpus }: Machine): LimitCase[] {
  const tried = (Object.keys(holds) as Operator[]).flatMap((constraint) => [
    ...[1, 2 ** 50].map((amount) => ({ requirement: { kind: 'memory', amount, constraint }, held: holds[constraint](2 ** 32, amount) })),
    ...[cpus - 1, cpus, cpus + 1].map((amount) => ({ requirement: { kind: 'cpus', amount, constraint }, held: holds[constraint](cpus, amount) })),
  ])
  const pressures = ['cpu', 'memory', 'io'].map((kind) => ({ requirement: { kind: `${kind}_pressure`, max_percent: 100, timespan: '1min' }, held: true }))
  return [...tried, ...pressures].flatMap(({ requirement, held }, at) => [true, false].map((silent): LimitCase => {
    const name = `needs-${at}-${silent ? 'silent' : 'loud'}`
    return {
      definition: { name, type: 'oneshot', description: `${JSON.stringify(requirement)}`, start_command: ['sh', '-c', `echo ran > ${join(directory, name)}`], startup_requirements: [{ ...requirement, silent }] },
      unit: held ? ran : silent ? { ActiveState: 'inactive', ConditionResult: 'no' } : { ActiveState: 'inactive', AssertResult: 'no' },
      ...(held ? { wrote: /^ran$/m } : {}),
    }
  }))
}
