/**
 * `bench cli`: how long `tf --help` takes from the packed and installed npm package, beside a script that
 * does nothing. The two take turns; a row is the median of wall-clock times.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPacked, pack } from '../../test/testbed/packed.ts'
import { type Row, median, rowsOf } from '../rows.ts'
import type { BenchOptions } from '../run.ts'

const turnsPerRound = 20

export async function run({ rounds, onProgress }: BenchOptions): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'taskflows-bench-'))
  try {
    onProgress('packing and installing')
    const tf = installTf(directory)
    const nothing = join(directory, 'nothing.mjs')
    writeFileSync(nothing, '')
    onProgress(`${rounds * turnsPerRound} turns`)
    const times = { taskflows: [] as number[], node: [] as number[] }
    for (let turn = 0; turn < rounds * turnsPerRound; turn += 1) {
      times.taskflows.push(timed([tf, '--help']))
      times.node.push(timed([nothing]))
    }
    return rowsOf('help', 'ms', { taskflows: median(times.taskflows), node: median(times.node) })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** The `tf` of the package as a user gets it. */
function installTf(directory: string): string {
  writeFileSync(join(directory, 'package.json'), '{ "private": true }')
  installPacked(pack(directory), directory, ['--omit=optional'])
  return realpathSync(join(directory, 'node_modules/.bin/tf'))
}

/** Milliseconds from start to exit. */
function timed(args: readonly string[]): number {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
  const ms = performance.now() - start
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}:\n${stderr}`)
  return ms
}
