/** Services on a real user manager: schedules that fire, restarts, dependencies, secrets. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Definition, type ServicesHost, servicesHost } from '../testbed/systemd/services-host.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd user manager: ${missing}`)

const secret = 'hunter2-planted'

// As an account without privileges: what root may do besides is in services-system.test.ts.
describe.skipIf(missing !== undefined && !process.env['CI'])('a service', { timeout: 30_000 }, () => {
  let manager: UserManager
  let host: ServicesHost
  let created: Awaited<ReturnType<ServicesHost['create']>>
  beforeAll(async () => {
    manager = await startUserManager()
    host = servicesHost(manager, join(manager.home, 'work'))
    writeFileSync(join(host.directory, 'key.txt'), `${secret}-credential`)
    writeFileSync(join(host.directory, 'app.env'), `FROM_FILE="of the file"\n`)
    writeFileSync(join(host.directory, 'module.ts'), `import { appendFileSync } from 'node:fs'\nexport const greet = () => appendFileSync('${host.directory}/greeted', 'hello\\n')\n`)
    created = await host.create(...definitions(host.directory))
  }, 60_000)
  afterAll(() => manager?.[Symbol.asyncDispose]())

  test('comes up with all others in one reload', () => {
    expect(created.items.filter(({ problem }) => problem !== null)).toEqual([])
    expect(created.reloads).toBe(1)
  })

  const start = (...names: string[]) => host.systemctl('start', ...names.map((name) => `taskflows-${name}.service`))
  const timer = (verb: string, name: string) => host.systemctl(verb, `taskflows-${name}.timer`)
  const until = (name: string, expected: Readonly<Record<string, unknown>>) => host.until(`taskflows-${name}.service`, expected)

  describe('with a schedule', () => {
    test('of the calendar runs each time it elapses', async () => {
      await host.tf('start', 'each-second')
      const times = (await host.lines('each-second', 5)).map(Number)
      // On a busy machine one of them may be late.
      expect(times.map((time) => time % 1000).toSorted((a, b) => a - b)[times.length >> 1]).toBeLessThan(500)
      expect(times.at(-1)! - times[0]!).toBeGreaterThan((times.length - 2) * 1000)
      await host.tf('stop', 'each-second')
      expect(await host.show('taskflows-each-second.timer', 'ActiveState')).toMatchObject({ ActiveState: 'inactive' })
    })

    test.each(['boot', 'login'])('counted from %s runs by itself', async (when) => {
      await timer('start', `on-${when}`)
      await host.lines(`on-${when}`, 2)
      await timer('stop', `on-${when}`)
    })

    test('counted from its first run waits for that', async () => {
      await timer('start', 'on-command')
      expect(await host.show('taskflows-on-command.timer', 'SubState', 'NextElapseUSecMonotonic')).toMatchObject({ SubState: 'elapsed' })
      await host.tf('start', 'on-command', '--services')
      expect((await host.lines('on-command', 3)).length).toBeGreaterThanOrEqual(3)
      await timer('stop', 'on-command')
    })

    /** Milliseconds from the end of each run, which takes 700 ms, to the next, which comes after a second. */
    async function pausesOf(name: string, runs: number): Promise<number[]> {
      const times = (await host.lines(name, runs * 2)).map(Number)
      return Array.from({ length: runs - 1 }, (_, at) => times[at * 2 + 2]! - times[at * 2 + 1]!)
    }

    test('counts from the start of a run', async () => {
      await timer('start', 'from-start')
      // A busy machine begins some late, and those behind them early.
      for (let runs = 3; !(await pausesOf('from-start', runs)).some((ms) => ms > 150 && ms < 900);) runs += 1
      await timer('stop', 'from-start')
    })

    test('counts from the finish of a run', async () => {
      await timer('start', 'from-finish')
      for (const ms of await pausesOf('from-finish', 3)) expect(ms).toBeGreaterThanOrEqual(950)
      await timer('stop', 'from-finish')
    })

    test('to stop is stopped', async () => {
      await start('stopped')
      await host.systemctl('start', 'stop-taskflows-stopped.timer')
      await until('stopped', { ActiveState: 'inactive', Result: 'success' })
      await host.systemctl('stop', 'stop-taskflows-stopped.timer')
    })

    test('to restart is restarted, and not started', async () => {
      await host.systemctl('start', 'restart-taskflows-restarted.timer')
      await host.lines('restarted', 0)
      await start('restarted')
      await host.lines('restarted', 3)
      await host.systemctl('stop', 'restart-taskflows-restarted.timer', 'taskflows-restarted.service')
    })
  })

  describe('that ends', () => {
    test('by kill -9 is started again', async () => {
      await start('restart')
      const before = await host.show('taskflows-restart.service', 'MainPID')
      await manager.exec('kill', '-9', before['MainPID']!)
      await until('restart', { NRestarts: '1', ActiveState: 'active' })
      expect(await host.show('taskflows-restart.service', 'MainPID')).not.toEqual(before)
    })

    test('too often is given up, also when only the number of starts was said', async () => {
      await start('loop').catch(() => {})
      await until('loop', { ActiveState: 'failed', NRestarts: '3' })
      expect(await host.lines('loop', 3)).toHaveLength(3)
      await expect(start('loop')).rejects.toThrow()
      expect(await host.lines('loop', 3)).toHaveLength(3)
    })

    test('well stays ended under on-failure', async () => {
      await start('well')
      await until('well', { ActiveState: 'inactive', Result: 'success', NRestarts: '0' })
    })

    test('with a code that counts as success has succeeded', async () => {
      await start('code-7')
      expect(await host.show('taskflows-code-7.service', 'ActiveState', 'Result')).toEqual({ ActiveState: 'inactive', Result: 'success' })
    })

    test('too late is stopped', async () => {
      await start('endless')
      await until('endless', { ActiveState: 'failed', Result: 'timeout' })
    })

    test('not by its signal is killed', async () => {
      await start('stubborn')
      await host.systemctl('stop', 'taskflows-stubborn.service')
      expect(await host.show('taskflows-stubborn.service', 'Result')).toMatchObject({ Result: 'timeout' })
    })
  })

  describe('of a type', () => {
    test('oneshot has started when it has ended', async () => {
      await start('once')
      expect(await host.show('taskflows-once.service', 'ActiveState', 'Result', 'ExecMainStatus')).toMatchObject({ ActiveState: 'inactive', Result: 'success', ExecMainStatus: '0' })
      expect(await host.lines('once', 4)).toEqual(['pre', 'main', 'post', 'stop-post'])
    })

    test('oneshot whose condition says no is skipped', async () => {
      await start('unwanted')
      expect(await host.show('taskflows-unwanted.service', 'ActiveState', 'Result')).toEqual({ ActiveState: 'inactive', Result: 'success' })
      expect(existsSync(join(host.directory, 'unwanted'))).toBe(false)
    })

    test('forking is followed by its PID file', async () => {
      await start('forking')
      const { MainPID: pid } = await until('forking', { ActiveState: 'active', MainPID: expect.stringMatching(/^[1-9]/) })
      expect(readFileSync(join(host.directory, 'forking.pid'), 'utf8').trim()).toBe(pid)
    })

    test('exec whose program is not there does not start', async () => {
      await expect(start('absent')).rejects.toThrow()
      expect(await host.show('taskflows-absent.service', 'Result', 'ExecMainStatus')).toMatchObject({ Result: 'exit-code', ExecMainStatus: '203' })
    })

    test('notify with a watchdog is restarted when it hangs', async () => {
      await start('watched')
      await until('watched', { NRestarts: expect.stringMatching(/^[1-9]/) })
      await host.systemctl('stop', 'taskflows-watched.service')
    })
  })

  test('of a template has instances of its own', async () => {
    await start('instance@1', 'instance@2')
    expect((await host.lines('instance', 2)).sort()).toEqual(['I am instance@1', 'I am instance@2'])
    await host.tf('stop', 'instance@1')
    expect(await host.show('taskflows-instance@1.service', 'ActiveState')).toMatchObject({ ActiveState: 'inactive' })
    expect(await host.show('taskflows-instance@2.service', 'ActiveState')).toMatchObject({ ActiveState: 'active' })
  })

  test('that is a function of a module runs by tf run', async () => {
    await start('function')
    expect(await host.lines('greeted', 1)).toEqual(['hello'])
  })

  test('gets its words as they are, and no shell', async () => {
    await start('words')
    expect(readFileSync(join(host.directory, 'words'), 'utf8').split('\0').slice(0, -1)).toEqual(awkwardWords)
  })

  describe('with secrets', () => {
    test('reads them, and nobody finds them elsewhere', async () => {
      await start('secrets')
      expect(await host.lines('secrets', 4)).toEqual([`${secret}-credential`, `${secret}-token`, 'of the file', 'plain'])
      const units = join(manager.home, '.config/systemd/user')
      for (const file of readdirSync(units, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())) {
        expect(readFileSync(join(file.parentPath, file.name), 'utf8'), file.name).not.toContain(secret)
      }
      const shown = await host.systemctl('show', 'taskflows-secrets.service')
      expect(shown.stdout).not.toContain(secret)
      const { stdout: log } = await manager.exec('journalctl', '--user-unit', 'taskflows-secrets')
      expect(log).not.toContain(secret)
      const { stdout } = await host.tf('show', 'secrets')
      expect(stdout).not.toContain(secret)
    })

    test('keeps them in files of the account alone', async () => {
      const { stdout } = await manager.exec('grep', '-rl', `${secret}-token`, manager.home)
      const holders = stdout.trim().split('\n').filter((path) => !path.startsWith(host.directory))
      expect(holders.length).toBeGreaterThan(0)
      for (const path of holders) expect((await manager.exec('stat', '-c', '%a', path)).stdout.trim(), path).toBe('600')
    })
  })

  describe('that depends on another', () => {
    test('requires it: that starts too, and this fails with it', async () => {
      await start('requires')
      await until('base', { ActiveState: 'active' })
      await expect(start('requires-broken')).rejects.toThrow()
      expect(await host.show('taskflows-requires-broken.service', 'ActiveState')).toMatchObject({ ActiveState: 'inactive' })
    })

    test('bound to it stops when it dies', async () => {
      await start('bound')
      const { MainPID: pid } = await host.show('taskflows-bound-to.service', 'MainPID')
      await manager.exec('kill', '-9', pid!)
      await until('bound', { ActiveState: 'inactive' })
    })

    test('part of it stops with it', async () => {
      await start('whole', 'part')
      await host.systemctl('stop', 'taskflows-whole.service')
      expect(await host.show('taskflows-part.service', 'ActiveState')).toMatchObject({ ActiveState: 'inactive' })
    })

    test('in conflict with it stops it', async () => {
      await start('left')
      await start('right')
      await until('left', { ActiveState: 'inactive' })
    })

    test('is told of how it ended', async () => {
      await start('fails').catch(() => {})
      expect(await host.lines('after-failure', 1)).toEqual(['sorry'])
      await start('succeeds')
      expect(await host.lines('after-success', 1)).toEqual(['hooray'])
    })
  })

  test.each(['web', 'batch'])('hardened as %s runs', async (profile) => {
    await start(`hardened-${profile}`)
    expect(await host.lines(`hardened-${profile}`, 1)).toEqual(['works'])
  })
})

const awkwardWords = ['two words', '$HOME', '${HOME}', '%h', '~', 'a\\b', '"', "'", ';', '', 'ü', '*', '@x', '-']

/** Whatever a service does it writes down, in a file of its name. */
function definitions(directory: string): Definition[] {
  const bash = (script: string) => ['bash', '-c', script]
  const note = (name: string, text: string) => `echo ${text} >> ${join(directory, name)}`
  const now = '$(( $(date +%s%N) / 1000000 ))'
  const hold = 'exec sleep 1000'
  const scheduled = (name: string, schedule: object, script = note(name, now)): Definition => ({ name, type: 'oneshot', start_command: bash(script), start_schedule: schedule })
  return [
    scheduled('each-second', { schedule: '*:*:*' }),
    scheduled('on-boot', { start_on: 'boot', period: 1 }),
    scheduled('on-login', { start_on: 'login', period: 1 }),
    scheduled('on-command', { start_on: 'command', period: 1 }),
    scheduled('from-start', { start_on: 'boot', period: 1, relative_to: 'start' }, `${note('from-start', now)}; sleep 0.7; ${note('from-start', now)}`),
    scheduled('from-finish', { start_on: 'boot', period: 1, relative_to: 'finish' }, `${note('from-finish', now)}; sleep 0.7; ${note('from-finish', now)}`),
    { name: 'stopped', start_command: bash(hold), stop_schedule: { schedule: '*:*:*' } },
    { name: 'restarted', start_command: bash(`${note('restarted', now)}; ${hold}`), restart_schedule: { schedule: '*:*:*' } },

    { name: 'restart', start_command: bash(hold), restart_policy: { condition: 'always', delay: 0.1 } },
    { name: 'loop', start_command: bash(`${note('loop', 'again')}; exit 1`), restart_policy: { condition: 'always', delay: 0, max_attempts: 3 } },
    { name: 'well', start_command: 'true', restart_policy: 'on-failure' },
    { name: 'code-7', type: 'oneshot', start_command: bash('exit 7'), success_exit_status: [7] },
    { name: 'endless', start_command: bash(hold), timeout: 1 },
    { name: 'stubborn', start_command: bash("trap '' TERM; while :; do sleep 0.1; done"), stop_timeout: 1 },

    {
      name: 'once', type: 'oneshot', start_command: bash(note('once', 'main')),
      exec_start_pre: [bash(note('once', 'pre'))], exec_start_post: [bash(note('once', 'post'))], exec_stop_post: [bash(note('once', 'stop-post'))],
    },
    { name: 'unwanted', type: 'oneshot', start_command: bash(note('unwanted', 'ran')), exec_condition: ['false'] },
    { name: 'forking', type: 'forking', pid_file: join(directory, 'forking.pid'), start_command: bash(`sleep 1000 & echo $! > ${join(directory, 'forking.pid')}`) },
    { name: 'absent', start_command: '/nowhere/at-all' },
    { name: 'watched', start_command: bash('systemd-notify --ready; exec sleep 1000'), watchdog: 1, restart_policy: { condition: 'on-watchdog', delay: 0.1 } },

    { name: 'instance@', instances: ['1', '2'], start_command: bash(`${note('instance', 'I am $TASKFLOWS_SERVICE')}; ${hold}`) },
    { name: 'function', type: 'oneshot', start_command: `${join(directory, 'module.ts')}#greet` },
    { name: 'words', type: 'oneshot', start_command: ['bash', '-c', `printf '%s\\0' "$@" > ${join(directory, 'words')}`, 'bash', ...awkwardWords] },

    {
      name: 'secrets', type: 'oneshot', secrets: { key: join(directory, 'key.txt') }, env_file: join(directory, 'app.env'), env: { API_TOKEN: `${secret}-token`, PLAIN: 'plain' },
      start_command: bash(`{ cat "$CREDENTIALS_DIRECTORY/key"; echo; echo "$API_TOKEN"; echo "$FROM_FILE"; echo "$PLAIN"; } > ${join(directory, 'secrets')}`),
    },

    { name: 'base', start_command: bash(hold) },
    { name: 'requires', start_command: bash(hold), requires: 'base', start_after: 'base' },
    { name: 'broken', type: 'oneshot', start_command: 'false' },
    { name: 'requires-broken', start_command: bash(hold), requires: 'broken', start_after: 'broken' },
    { name: 'bound-to', start_command: bash(hold) },
    { name: 'bound', start_command: bash(hold), binds_to: 'bound-to', start_after: 'bound-to' },
    { name: 'whole', start_command: bash(hold) },
    { name: 'part', start_command: bash(hold), part_of: 'whole' },
    { name: 'left', start_command: bash(hold) },
    { name: 'right', start_command: bash(hold), conflicts: 'left' },
    { name: 'sorry', type: 'oneshot', start_command: bash(note('after-failure', 'sorry')) },
    { name: 'hooray', type: 'oneshot', start_command: bash(note('after-success', 'hooray')) },
    { name: 'fails', type: 'oneshot', start_command: 'false', on_failure: 'sorry' },
    { name: 'succeeds', type: 'oneshot', start_command: 'true', on_success: 'hooray' },

    ...['web', 'batch'].map((hardening): Definition => ({
      name: `hardened-${hardening}`, type: 'oneshot', hardening, start_command: bash(note(`hardened-${hardening}`, 'works')), directives: { Service: { ReadWritePaths: [directory] } },
    })),
  ]
}
