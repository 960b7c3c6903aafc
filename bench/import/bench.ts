/**
 * `bench import`: what `import { task } from 'taskflows'` costs a program, from the packed and installed npm package,
 * beside a module with nothing in it and beside the peers. All take turns; a row is the median.
 *
 * `import` is the time of the import alone; `process` is a whole process that does nothing else.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPacked, pack } from '../../test/testbed/packed.ts'
import { type Row, median, rowsOf } from '../rows.ts'
import type { BenchOptions } from '../run.ts'

const turnsPerRound = 20
const benches = join(import.meta.dirname, '..')
const everyPeer = ['node', 'graphile-worker', 'pg-boss']

interface Times {
  readonly import: number[]
  readonly process: number[]
}

export async function run({ rounds, peers = everyPeer, onProgress }: BenchOptions): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'taskflows-bench-'))
  try {
    onProgress('packing and installing')
    const programs = Object.entries(writePrograms(directory)).filter(([name]) => name === 'taskflows' || peers.includes(name))
    onProgress(`${rounds * turnsPerRound} turns`)
    const times = Object.fromEntries(programs.map(([name]): [string, Times] => [name, { import: [], process: [] }]))
    for (let turn = 0; turn < rounds * turnsPerRound; turn += 1) {
      for (const [name, program] of programs) measure(program, times[name]!)
    }
    return (['import', 'process'] as const).flatMap((work) => rowsOf(work, 'ms', Object.fromEntries(Object.entries(times).map(([name, each]) => [name, median(each[work])]))))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A program for each that imports it and prints how long that took. */
function writePrograms(directory: string): Readonly<Record<string, string>> {
  execFileSync(process.execPath, [join(benches, '../scripts/install.mjs'), benches], { stdio: 'inherit' })
  writeFileSync(join(directory, 'package.json'), '{ "private": true }')
  installPacked(pack(directory), directory, ['--omit=optional'])
  writeFileSync(join(directory, 'nothing.mjs'), 'export {}')
  const program = (name: string, specifier: string): string => {
    const path = join(directory, `${name}.mjs`)
    writeFileSync(path, `const start = performance.now()\nawait import(${JSON.stringify(specifier)})\nconsole.log(performance.now() - start)\n`)
    return path
  }
  const peer = (name: string) => program(name, import.meta.resolve(name))
  return { taskflows: program('ours', 'taskflows'), node: program('node', './nothing.mjs'), 'graphile-worker': peer('graphile-worker'), 'pg-boss': peer('pg-boss') }
}

function measure(program: string, times: Times): void {
  const start = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' })
  times.process.push(performance.now() - start)
  if (status !== 0) throw new Error(`${program} ended with ${status}:\n${stderr}`)
  times.import.push(Number(stdout))
}
