/** Until when the time zone database of this machine and that of Node agree on a zone: they are seldom of the same version. */
import { spawnSync } from 'node:child_process'
import { openZone } from '../../src/kernel/schedule/index.ts'

const first = Date.UTC(2010, 0, 1)
const last = Date.UTC(2199, 11, 31)

/** Epoch milliseconds of the first change of clocks that only one of them has; the end of 2199 when there is none. */
export function zonesAgreeUntil(zone: string): number {
  const ours = openZone(zone).changes(first * 1000, last * 1000).map(({ at, after }) => `${at / 1000} ${after / 1_000_000}`)
  const theirs = changesOfMachine(zone)
  const differ = ours.findIndex((change, index) => change !== theirs[index])
  const odd = differ >= 0 ? [ours[differ], theirs[differ]] : [theirs[ours.length]]
  return Math.min(last, ...odd.filter((change) => change !== undefined).map((change) => Number(change.split(' ')[0])))
}

/** zdump(8) prints the second before each change and the change itself. */
function changesOfMachine(zone: string): string[] {
  const { stdout } = spawnSync('zdump', ['-v', '-c', '2010,2199', zone], { encoding: 'utf8', env: { PATH: process.env['PATH'], LANG: 'C' }, maxBuffer: 1 << 26 })
  let before: string | undefined
  const changes: string[] = []
  for (const line of stdout.split('\n')) {
    const found = /^\S+ +\w{3} (\w{3} +\d+ [\d:]+ \d+) UTC? = .* gmtoff=(-?\d+)$/.exec(line)
    if (!found) continue
    const at = Date.parse(`${found[1]} UTC`)
    if (before !== undefined && before !== found[2] && at >= first && at < last) changes.push(`${at} ${found[2]}`)
    before = found[2]
  }
  return changes
}
