/** What the systemd of this machine says of calendar expressions: `systemd-analyze calendar`, many in one call. */
import { execFileSync, spawnSync } from 'node:child_process'

export interface Verdict {
  /** Absent: refused. */
  readonly normal?: string
  /** Epoch seconds, cut off: it shows no fractions. */
  readonly elapses: readonly number[]
  /** systemd itself gave up ("Infinite loop in calendar calculation"), as 252 does where clocks skip midnight. */
  readonly lost?: true
}

export const hasSystemdAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0

export function systemdVersion(): string {
  return execFileSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? ''
}

/** @param from epoch milliseconds */
export function askSystemd(expressions: readonly string[], { zone, from, iterations }: { readonly zone: string; readonly from: number; readonly iterations: number }): Verdict[] {
  const since = `${new Date(from).toISOString().slice(0, -1).replace('T', ' ')} UTC`
  const { stdout, stderr } = spawnSync('systemd-analyze', ['calendar', `--iterations=${iterations}`, `--base-time=${since}`, '--', ...expressions], {
    encoding: 'utf8', maxBuffer: 1 << 28, env: { PATH: process.env['PATH'], TZ: zone, LANG: 'C' },
  })
  const lost = new Set([...stderr.matchAll(/^Failed to determine next elapse for '(.*)': /gm)].map((found) => found[1]))
  return readAnswers(stdout, expressions.length).map((answer, index) => (lost.has(expressions[index]) ? { ...answer, lost: true } : answer))
}

/** An empty line ends the answer to each; one that is refused has no other. */
function readAnswers(stdout: string, count: number): Verdict[] {
  const answers: string[][] = [[]]
  for (const line of stdout.split('\n')) {
    if (line === '') answers.push([])
    else answers.at(-1)!.push(line)
  }
  return answers.slice(0, count).map(readAnswer)
}

function readAnswer(lines: readonly string[]): Verdict {
  const normal = lines.map((line) => /^Normalized form: (.*)$/.exec(line)?.[1]).find((form) => form !== undefined)
  const elapses = lines.flatMap((line) => {
    const found = /^\s*(?:Next elapse|Iter\. #\d+|\(in UTC\)): \w+ (\S+) (\S+) UTC$/.exec(line)
    return found ? [Date.parse(`${found[1]}T${found[2]}Z`) / 1000] : []
  })
  return normal === undefined ? { elapses } : { normal, elapses }
}
