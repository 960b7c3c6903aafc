/** The notify kit, heard by a real manager. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const library = fileURLToPath(new URL('../../src/index.ts', import.meta.url))
const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd user manager: ${missing}`)

// As an account without privileges, since systemd-notify cannot speak in the name of its parent there.
describe.skipIf(missing !== undefined && !process.env['CI'])('a program that tells systemd how it is', { timeout: 30_000 }, () => {
  let manager: UserManager
  let work: string
  beforeAll(async () => {
    manager = await startUserManager()
    work = mkdtempSync(join(manager.home, 'programs-'))
    // The account inside is not the one of the tests.
    chmodSync(work, 0o755)
  })
  afterAll(async () => {
    await manager[Symbol.asyncDispose]()
    rmSync(work, { recursive: true, force: true })
  })

  /** Starts a program as a unit of type notify; `settled` tells how the start went. */
  function start(name: string, code: string, ...properties: string[]) {
    const file = join(work, `${name}.ts`)
    writeFileSync(file, `import { notify } from ${JSON.stringify(library)}\nconst hold = setInterval(() => {}, 1000)\n${code}\n`)
    const flags = ['Type=notify', 'NotifyAccess=all', 'TimeoutStopSec=1', ...properties].map((property) => `--property=${property}`)
    return manager.exec('systemd-run', '--user', '--quiet', `--unit=${name}`, `--setenv=TASKFLOWS_HOME=${work}`, ...flags, process.execPath, '--conditions=source', file)
  }
  async function show(unit: string): Promise<Record<string, string>> {
    const { stdout } = await manager.exec('systemctl', '--user', 'show', unit, '-p', 'ActiveState,SubState,StatusText,Result,NRestarts,MainPID')
    return Object.fromEntries(stdout.trim().split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)))
  }
  const until = (unit: string, expected: Record<string, string>) => vi.waitFor(async () => expect(await show(unit)).toMatchObject(expected), { timeout: 15_000, interval: 100 })

  test('has started when it is ready, not before', async () => {
    let settled = false
    const started = start('slow', "process.on('SIGUSR1', () => notify.ready('serves'))\nawait notify.status('warms\\nup')").then(() => { settled = true })
    await until('slow', { StatusText: 'warms up' })
    expect(await show('slow')).toMatchObject({ ActiveState: 'activating', SubState: 'start' })
    expect(settled).toBe(false)
    await manager.exec('systemctl', '--user', 'kill', '--kill-who=main', '--signal=USR1', 'slow')
    await started
    expect(await show('slow')).toMatchObject({ ActiveState: 'active', SubState: 'running', StatusText: 'serves' })
  })

  test('is told of in the order of its calls', async () => {
    await start('order', "for (let n = 1; n <= 5; n += 1) void notify.status(`step ${n}`)\nvoid notify.ready()\nvoid notify.status('last')")
    await until('order', { StatusText: 'last' })
  })

  test('may take longer than its time limit when it says so', async () => {
    await start('longer', 'await notify.extendTimeout(20)\nawait new Promise((resolve) => setTimeout(resolve, 2500))\nawait notify.ready()', 'TimeoutStartSec=2')
    expect(await show('longer')).toMatchObject({ ActiveState: 'active', Result: 'success' })
  })

  // Signals go to the main process alone: else they may end the systemd-notify(1) that it has just begun.
  test('reloads and stops by its own word', async () => {
    await start('words', "process.on('SIGHUP', () => notify.reloading())\nprocess.on('SIGUSR1', () => notify.ready('again'))\nprocess.on('SIGUSR2', () => notify.stopping())\nawait notify.ready('once')")
    await manager.exec('systemctl', '--user', 'kill', '--kill-who=main', '--signal=HUP', 'words')
    await until('words', { ActiveState: 'reloading', StatusText: 'once' })
    await manager.exec('systemctl', '--user', 'kill', '--kill-who=main', '--signal=USR1', 'words')
    await until('words', { ActiveState: 'active', StatusText: 'again' })
    await manager.exec('systemctl', '--user', 'kill', '--kill-who=main', '--signal=USR2', 'words')
    await until('words', { ActiveState: 'deactivating' })
  })

  test('lives as long as it pings, and is started again when its event loop hangs', async () => {
    await start('hang', "const watchdog = await notify.startWatchdog()\nprocess.on('SIGUSR1', () => { for (;;); })\nawait notify.ready(`every ${watchdog.intervalMs} ms`)", 'WatchdogSec=2', 'Restart=on-watchdog', 'RestartSec=100ms')
    const { MainPID: first } = await show('hang')
    expect(await show('hang')).toMatchObject({ StatusText: 'every 1000 ms' })
    // Longer than its watchdog waits.
    await new Promise((resolve) => setTimeout(resolve, 3000))
    expect(await show('hang')).toMatchObject({ ActiveState: 'active', NRestarts: '0', MainPID: first })
    await manager.exec('systemctl', '--user', 'kill', '--kill-who=main', '--signal=USR1', 'hang')
    await until('hang', { ActiveState: 'active', NRestarts: '1' })
    expect((await show('hang'))['MainPID']).not.toBe(first)
  })

  test.each([['says no', 'async () => !sick'], ['throws', "() => { if (sick) throw new Error('sick'); return true }"], ['hangs', '() => sick ? new Promise(() => {}) : true']])('does not ping while its check %s', async (how, check) => {
    const unit = `sick-${how.replace(' ', '-')}`
    await start(unit, `let sick = false\nprocess.on('SIGUSR1', () => { sick = true })\nawait notify.startWatchdog(${check})\nawait notify.ready()`, 'WatchdogSec=1')
    await manager.exec('systemctl', '--user', 'kill', '--kill-who=main', '--signal=USR1', unit)
    await until(unit, { ActiveState: 'failed', Result: 'watchdog' })
  })
})
