import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ServiceView } from '../engines/services/index.ts'
import { TaskflowsError } from '../kernel/errors.ts'
import type { Finding } from './finding.ts'
import { checkClock, checkControllers, checkJournal, checkLinger, checkPressure, judgeClock, judgeControllers, judgeVersion } from './systemd-host.ts'
import { checkSystemd, judgeServices } from './systemd.ts'

let root: string
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'taskflows-host-')) })
afterEach(() => rmSync(root, { recursive: true }))

const write = (path: string, text = '') => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
const ada = { uid: 1000, name: 'ada' }

test.for([
  ['systemd 252 (252.36-1~deb12u1)\n+PAM', 'ok'], ['systemd 249 (249)', 'warn'], ['systemd 247 (247.3)', 'fail'], ['busybox', 'fail'], [null, 'fail'],
] as const)('%s is %s', ([text, status]) => {
  expect(judgeVersion(text).status).toBe(status)
})

test('an account that does not linger is told how to', async () => {
  expect(await checkLinger(ada, root)).toMatchObject({ status: 'warn', mend: 'loginctl enable-linger ada' })
  write('var/lib/systemd/linger/ada')
  expect(await checkLinger(ada, root)).toMatchObject({ status: 'ok' })
})

test.for([
  ['cpuset cpu io memory pids\n', 'ok', 'with all controllers'], ['cpu memory pids\n', 'ok', 'cpuset and io'], ['memory pids\n', 'warn', 'limit cpu'], ['\n', 'warn', 'limit cpu, memory, pids'], [null, 'skipped', 'when it runs'],
] as const)('controllers %j are %s', ([text, status, words]) => {
  expect(judgeControllers(text)).toMatchObject({ status, found: expect.stringContaining(words) })
})

test('controllers are those of the manager of the account, on version 2 alone', async () => {
  expect(await checkControllers(ada, root)).toMatchObject({ status: 'warn', found: expect.stringContaining('version 1') })
  write('sys/fs/cgroup/cgroup.controllers', 'cpuset cpu io memory pids\n')
  expect((await checkControllers(ada, root)).status).toBe('skipped')
  write('sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.controllers', 'cpu memory pids\n')
  expect((await checkControllers(ada, root)).status).toBe('ok')
})

test('what the kernel and the journal do is seen in their files', async () => {
  expect([(await checkPressure(root)).status, (await checkJournal(root)).status]).toEqual(['warn', 'warn'])
  write('proc/pressure/memory', 'some avg10=0.00')
  write('var/log/journal/x')
  expect([(await checkPressure(root)).status, (await checkJournal(root)).status]).toEqual(['ok', 'ok'])
})

test('a clock is synchronised by whomever', async () => {
  write('run/systemd/timesync/synchronized')
  expect((await checkClock(root)).status).toBe('ok')
  expect(['yes\n', 'no\n', '', null].map((text) => judgeClock(text).status)).toEqual(['ok', 'warn', 'skipped', 'skipped'])
})

const view = (name: string, over: Partial<ServiceView> = {}) => ({ name, scope: 'user', status: 'running', drift: [], ...over }) as unknown as ServiceView

test('services that have failed or drifted are named, each with what to do', () => {
  expect(judgeServices([view('web')])).toMatchObject([{ status: 'ok' }])
  expect(judgeServices([])).toEqual([])
  expect(judgeServices([
    view('web', { status: 'failed' }), view('nightly', { scope: 'system', drift: ['taskflows-nightly.service changed on disk since systemd read it'] }),
    view('api', { drift: ['drop-in /x sets Service.Nice'] }),
  ]).map(({ found, mend }) => `${found} -> ${mend}`)).toEqual([
    'failed: web -> tf logs web shows what it said, tf start web starts it again',
    'changed on disk since systemd read them: nightly -> systemctl daemon-reload',
    'api differs from what was applied: drop-in /x sets Service.Nice -> tf create PATH applies its definition again; tf rollback api restores the version before',
  ])
})

async function findings(found: AsyncIterable<Finding>): Promise<Finding[]> {
  const all: Finding[] = []
  for await (const finding of found) all.push(finding)
  return all
}

test('a machine without systemd is told so once', async () => {
  const away = { list: () => Promise.reject(new TaskflowsError('systemd.unavailable', 'away')) }
  expect(await findings(checkSystemd(away, { uid: 1000, username: 'ada' }, false))).toMatchObject([{ check: 'systemd', status: 'warn' }])
})

test('the bus of an account that should answer is a failure, for root it is enough when one answers', async () => {
  const away = () => Promise.reject(new TaskflowsError('systemd.unavailable', 'away', { hint: 'mend it' }))
  const statuses = async (uid: number, list: (match: { scope?: string }) => Promise<ServiceView[]>) =>
    (await findings(checkSystemd({ list }, { uid, username: 'ada' }, true))).filter(({ check }) => check.startsWith('systemd of')).map(({ check, status }) => `${check}: ${status}`)
  expect(await statuses(1000, away)).toEqual(['systemd of the account: fail', 'systemd of the machine: fail'])
  expect(await statuses(1000, async ({ scope }) => (scope === 'user' ? [] : away()))).toEqual(['systemd of the account: ok'])
  expect(await statuses(0, async ({ scope }) => (scope === 'system' ? [] : away()))).toEqual(['systemd of the account: skipped', 'systemd of the machine: ok'])
  expect(await statuses(0, async ({ scope }) => (scope === 'user' ? [] : away()))).toEqual(['systemd of the account: ok', 'systemd of the machine: skipped'])
})
