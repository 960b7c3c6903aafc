import { execFileSync, spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { explainExit } from './exit-codes.ts'
import { problemOf } from './problem.ts'
import { absentUnit } from './unit-details.ts'

const ended = (result: string, more: { exitCode?: number; exitSignal?: string; loadState?: string } = {}) => ({ ...absentUnit('x', 'loaded'), activeState: 'failed', result, ...more })

test.each([
  ['failed', ended('exit-code', { exitCode: 3 }), 'exited with 3'],
  ['failed', ended('exit-code', { exitCode: 203 }), 'its program cannot be executed: it is not there, or not executable (203/EXEC)'],
  ['failed', ended('signal', { exitSignal: 'SIGKILL' }), 'ended by SIGKILL'],
  ['failed', ended('core-dump', { exitSignal: 'SIGSEGV' }), 'ended by SIGSEGV, with a core dump'],
  ['failed', ended('oom-kill'), 'the kernel ended it, or a part of it, for want of memory'],
  ['failed', ended('something-new'), 'systemd says something-new'],
  ['failed', ended('success'), 'it failed'],
  ['dependency', ended('success'), 'something that it requires failed'],
  ['failed', ended('success', { loadState: 'masked' }), 'it is masked (systemctl unmask)'],
  ['frozen', ended('success'), 'systemd says frozen'],
])('a job that is %s with %o reads %j', (result, details, words) => {
  expect(problemOf(result, details)).toBe(words)
})

// 255 (EXCEPTION) is what many programs end with themselves.
test.skipIf(spawnSync('systemd-analyze', ['--version']).status !== 0)('every exit code of systemd is in the table under its name', () => {
  const rows = execFileSync('systemd-analyze', ['exit-status', '--no-pager'], { encoding: 'utf8' }).trim().split('\n').map((line) => line.trim().split(/\s+/))
  const own = rows.filter(([, code, kind]) => kind === 'systemd' && Number(code) >= 200 && Number(code) < 255)
  expect(own.length).toBeGreaterThan(30)
  for (const [name, code] of own) expect(explainExit(Number(code))).toContain(`(${code}/${name})`)
})
