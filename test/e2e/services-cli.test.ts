/** `tf` and services as people use them: the real program within a real user manager of systemd, without a server. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = join(root, 'src/faces/cli/main.ts')

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: tf on a systemd user manager: ${missing}`)

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

describe.skipIf(missing !== undefined && !process.env['CI'])('on a user manager', { timeout: 60_000 }, () => {
  let manager: UserManager
  let folder: string

  beforeAll(async () => {
    manager = await startUserManager({ as: 'root' })
    folder = join(manager.home, 'project')
    mkdirSync(join(folder, 'node_modules'), { recursive: true })
    symlinkSync(root, join(folder, 'node_modules/taskflows'))
  })
  afterAll(() => manager?.[Symbol.asyncDispose]())

  async function tf(...args: readonly string[]): Promise<Ended> {
    const [command, ...rest] = manager.command(process.execPath, '--conditions=source', program, ...args)
    const child = spawn(command, rest, { cwd: folder, env: { ...manager.env, TASKFLOWS_HOME: join(manager.home, '.taskflows') }, stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { code: code as number | null, out, err }
  }

  const json = async <T>(...args: readonly string[]): Promise<T> => {
    const { code, out, err } = await tf(...args, '-o', 'json')
    expect({ code, err }).toMatchObject({ code: 0 })
    return JSON.parse(out) as T
  }

  function write(name: string, content: string): string {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return name
  }

  const unitPath = (unit: string) => join(manager.home, '.config/systemd/user', unit)
  const isActive = async (unit: string) => (await manager.exec('systemctl', '--user', 'show', '-P', 'ActiveState', unit)).stdout.trim()

  /** A module with services of these options. */
  function module(name: string, ...services: readonly Record<string, unknown>[]): string {
    return write(name, `import { Service } from 'taskflows'\n${services.map((options, at) => `export const s${at} = new Service(${JSON.stringify(options)})`).join('\n')}\n`)
  }

  describe('create', () => {
    test('makes what a module defines, and then there is nothing to plan', async () => {
      const file = write('life.ts', `
        import { Calendar, Service } from 'taskflows'
        export const web: Service = new Service({ name: 'life-web', description: 'Serves', startCommand: 'sleep 1000', enabled: true })
        new Service({ name: 'life-report', startCommand: ['true'], schedule: new Calendar('daily 03:00 Europe/Berlin') })
      `)
      const planned = await tf('plan', file)
      expect(planned).toMatchObject({ code: 2, err: '' })
      expect(planned.out).toMatch(/^\+ life-web \(user\) is new$/m)
      expect(planned.out).toMatch(/^ +\+OnCalendar=\*-\*-\* 03:00:00 Europe\/Berlin$/m)
      expect(planned.out).toContain('2 to create, 0 unchanged.')
      expect(existsSync(unitPath('taskflows-life-web.service'))).toBe(false)

      const created = await tf('create', file)
      expect(created).toMatchObject({ code: 0 })
      expect(created.out).toMatch(/^TYPE +NAME +SCOPE +DONE +VERSION\nService +life-web +user +created +1\nService +life-report +user +created +1$/m)
      expect(created.err).toContain('2 created; systemd read its units once')
      expect(await isActive('taskflows-life-web.service')).toBe('active')
      expect(await isActive('taskflows-life-report.timer')).toBe('active')
      expect(await isActive('taskflows-life-report.service')).toBe('inactive')

      expect(await tf('plan', file)).toMatchObject({ code: 0, out: 'Nothing would change: 2 unchanged.\n' })
      expect((await tf('create', file)).err).toContain('2 unchanged; systemd was told nothing')
    })

    test('says what it does not start, and nothing about a package.json without a type', async () => {
      write('typeless/package.json', '{ "private": true }')
      module('typeless/asleep.ts', { name: 'asleep', startCommand: 'true' }, { name: 'awake', startCommand: 'sleep 1000', enabled: true })
      const created = await tf('create', 'typeless/asleep.ts')
      expect(created.err).toBe('2 created; systemd read its units once\nnot started: asleep. tf start NAME starts one; with enabled: true, tf create and each boot do\n')
      module('typeless/asleep.ts', { name: 'asleep', startCommand: 'false' })
      expect((await tf('create', 'typeless/asleep.ts')).err).toBe('1 changed; systemd read its units once\n')
      module('typeless/later.ts', { name: 'later', startCommand: 'true' })
      expect((await tf('create', 'typeless/later.ts', '--no-start')).err).toBe('1 created; systemd read its units once\n')
    })

    test('has imported what a crontab says, and what is said of all of it once', async () => {
      const { code, out, err } = await tf('import', write('cron.txt', 'MAILTO=a@b.example\n@daily /bin/echo one\n@weekly /bin/sleep 1\n'))
      expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining("name: 'job'") })
      expect(err).toMatch(/^echo, job: its output goes to the journal and not to a@b\.example.*\nImported 2, refused 0\./)
    })

    test('says what changes and why, and does it', async () => {
      module('change.ts', { name: 'change', startCommand: 'sleep 1000', enabled: true })
      expect(await tf('create', 'change.ts')).toMatchObject({ code: 0 })
      module('change.ts', { name: 'change', startCommand: 'sleep 2000', enabled: true })
      const { code, out } = await tf('plan', 'change.ts')
      expect(code).toBe(2)
      expect(out).toMatch(/^~ change \(user\) changes$/m)
      expect(out).toMatch(/^ +-ExecStart=.*sleep 1000\n +\+ExecStart=.*sleep 2000$/m)
      expect(out).toMatch(/^ {2}restart taskflows-change\.service: .*ExecStart/m)
      expect(await tf('create', 'change.ts', '--dry-run')).toMatchObject({ code: 0, out })
      expect(readFileSync(unitPath('taskflows-change.service'), 'utf8')).toContain('sleep 1000')
      expect((await tf('create', 'change.ts')).out).toMatch(/change +user +changed +2$/m)
      expect((await manager.exec('systemctl', '--user', 'show', '-P', 'ExecStart', 'taskflows-change')).stdout).toContain('sleep 2000')
    })

    test('reads JavaScript, YAML and directories, and takes the names that it is told', async () => {
      write('all/one.js', `import { Service } from 'taskflows'\nnew Service({ name: 'all-one', startCommand: 'true' })\n`)
      write('all/two.yaml', 'services:\n  - name: all-two\n    start_command: "true"\n  - name: all-three\n    start_command: "true"\n    start_schedule: "Mon-Fri 09:00"\n')
      write('all/deeper/none.ts', 'export const nothing = 1\n')
      const { changes } = await json<{ changes: { name: string }[] }>('create', 'all', '--dry-run', '-i', 'all-*', '-e', '*-two')
      expect(changes.map(({ name }) => name).sort()).toEqual(['all-one', 'all-three'])
      expect(await tf('create', 'all')).toMatchObject({ code: 0 })
      expect((await tf('list', 'all-*', '-o', 'name')).out).toBe('all-one\nall-three\nall-two\n')
    })

    test('removes what a file does not define any more, when that is asked for in so many words', async () => {
      module('prune.ts', { name: 'prune-a', startCommand: 'true' }, { name: 'prune-b', startCommand: 'true' })
      expect(await tf('create', 'prune.ts')).toMatchObject({ code: 0 })
      module('prune.ts', { name: 'prune-a', startCommand: 'true' })
      expect((await tf('plan', 'prune.ts')).out).toContain('Not defined here any more, --prune removes: prune-b (user)')
      const refused = await tf('create', 'prune.ts', '--prune')
      expect(refused).toMatchObject({ code: 2, out: '' })
      expect(refused.err).toMatch(/--prune would remove prune-b, and there is no terminal to ask\nhint: .*--yes/)
      expect(existsSync(unitPath('taskflows-prune-b.service'))).toBe(true)
      expect((await tf('create', 'prune.ts', '--prune', '--yes')).out).toMatch(/prune-b +user +removed/)
      expect(existsSync(unitPath('taskflows-prune-b.service'))).toBe(false)
    })

    test('leaves alone what only patterns leave out, and removes all of a file that defines nothing any more', async () => {
      module('left.ts', { name: 'left-a', startCommand: 'true' }, { name: 'left-b', startCommand: 'true' })
      expect(await tf('create', 'left.ts')).toMatchObject({ code: 0 })
      expect((await tf('plan', 'left.ts', '-i', 'left-a')).out).toContain('Nothing would change: 1 unchanged.')
      expect((await tf('create', 'left.ts', '-i', 'left-a', '--prune', '--yes')).code).toBe(0)
      expect(existsSync(unitPath('taskflows-left-b.service'))).toBe(true)
      module('left.ts')
      expect(await tf('plan', 'left.ts')).toMatchObject({ code: 4 })
      expect((await tf('create', 'left.ts', '--prune', '--yes')).out).toMatch(/left-a +user +removed[^]*left-b +user +removed/)
      expect(existsSync(unitPath('taskflows-left-b.service'))).toBe(false)
    })

    test('takes back what does not come up, and says why', async () => {
      module('broken.ts', { name: 'broken', startCommand: 'sleep 1000', enabled: true }, { name: 'broken-not', startCommand: 'sleep 1000', enabled: true })
      expect(await tf('create', 'broken.ts')).toMatchObject({ code: 0 })
      module('broken.ts', { name: 'broken', startCommand: ['sh', '-c', 'exit 3'], enabled: true }, { name: 'broken-not', startCommand: 'sleep 2000', enabled: true })
      const { code, out, err } = await tf('create', 'broken.ts')
      expect(code).toBe(7)
      expect(out).toMatch(/broken +user +rolled back/)
      expect(out).toMatch(/broken-not +user +changed +2/)
      expect(err).toMatch(/broken: .*3/)
      expect(readFileSync(unitPath('taskflows-broken.service'), 'utf8')).toContain('sleep 1000')
      expect(await isActive('taskflows-broken.service')).toBe('active')
    })

    test('keeps a secret from units, plans and answers', async () => {
      module('secret.ts', { name: 'secret', startCommand: 'true', env: { DB_PASSWORD: 'planted-5f3a', PLAIN: 'x' } })
      const planned = await tf('plan', 'secret.ts', '-o', 'json')
      expect(planned.out).not.toContain('planted')
      expect(await tf('create', 'secret.ts')).toMatchObject({ code: 0 })
      for (const args of [['show', 'secret'], ['status', 'secret', '-o', 'json'], ['plan', 'secret.ts']]) expect((await tf(...args)).out).not.toContain('planted')
      expect(readFileSync(join(manager.home, '.taskflows/services/user/secret.env'), 'utf8')).toContain('planted-5f3a')
    })
  })

  describe('what there is', () => {
    beforeAll(async () => {
      write('there.ts', `
        import { Calendar, Periodic, Service } from 'taskflows'
        new Service({ name: 'there-web', description: 'Serves', startCommand: ['sh', '-c', 'echo said by web; exec sleep 1000'], enabled: true })
        new Service({ name: 'there-daily', startCommand: 'true', schedule: new Calendar('daily 03:00 UTC'), stopSchedule: new Calendar('daily 04:00 UTC'), overlap: 'skip' })
        new Service({ name: 'there-often', startCommand: 'true', schedule: new Periodic({ period: '1h', startOn: 'command' }) })
        new Service({ name: 'there-fails', startCommand: ['sh', '-c', 'echo oh no >&2; exit 3'], type: 'oneshot' })
      `)
      const { code, out } = await tf('create', 'there.ts')
      if (code !== 0) throw new Error(out)
    })

    test('is listed, each with a word for how it stands', async () => {
      const { code, out } = await tf('list', 'there-*')
      expect(code).toBe(0)
      expect(out).toMatch(/^SERVICE +STATUS +AT BOOT +NEXT START \(UTC\) +SCHEDULE +DESCRIPTION$/m)
      expect(out).toMatch(/^there-web +running +yes +- +- +Serves$/m)
      expect(out).toMatch(/^there-daily +waiting +yes +\d{4}-\d\d-\d\d 03:00:00 +\*-\*-\* 03:00:00 UTC/m)
      expect((await tf('list', '-m', 'there-*', '--running', '-o', 'name')).out).toBe('there-web\n')
      const none = { code: 0, out: '', err: 'None of the services is running.\n' }
      expect([await tf('list', '-m', 'there-daily', '--running'), await tf('status', '-m', 'there-daily', '--running')]).toEqual([none, none])
    })

    test('says when a period begins again, which only systemd knows', async () => {
      write('often.ts', `
        import { Periodic, Service } from 'taskflows'
        new Service({ name: 'often', startCommand: 'true', startSchedule: new Periodic({ startOn: 'boot', period: 3600, relativeTo: 'start' }) })
      `)
      expect(await tf('create', 'often.ts')).toMatchObject({ code: 0 })
      const soon = async () => {
        const { items: [service] } = await json<{ items: { next_start: string | null }[] }>('list', 'often')
        return (Date.parse(service!.next_start!) - Date.now()) / 1000
      }
      await expect.poll(soon, { timeout: 10_000 }).toBeGreaterThan(3500)
      expect(await soon()).toBeLessThanOrEqual(3600)
      const { items: [next] } = await json<{ items: { runs: string[] }[] }>('next', 'often', '-n', '2')
      expect(Date.parse(next!.runs[1]!) - Date.parse(next!.runs[0]!)).toBe(3_600_000)
    })

    test('shows its state in columns, and of one all that is known', async () => {
      const { out } = await tf('status', 'there-*')
      expect(out.split('\n')[0]!.split(/ {2,}/)).toEqual(['SERVICE', 'DESCRIPTION', 'SERVICE ENABLED', 'TIMER ENABLED', 'LOAD STATE', 'ACTIVE STATE', 'SUB STATE', 'LAST START (UTC)', 'UPTIME', 'LAST FINISH', 'NEXT START', 'TIMERS'])
      expect(out).toMatch(/^there-web +Serves +enabled +- +loaded +active +running +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\S+/m)
      expect(out).toMatch(/^there-daily .* enabled +loaded +inactive +dead .* \d{4}-\d\d-\d\d 03:00:00 +stop-taskflows-there-daily\.timer, taskflows-there-daily\.timer$/m)
      const all = (await tf('status', 'there-*', '--all', '-o', 'name')).out.split('\n')
      expect(all).toEqual(expect.arrayContaining(['stop-taskflows-there-daily.timer', 'stop-taskflows-there-daily.service', 'start-taskflows-there-daily.service']))
      const one = await tf('status', 'there-web')
      expect(one.out).toMatch(/^there-web {2}running$/m)
      expect(one.out).toMatch(/unit +taskflows-there-web\.service \(user, on /)
      expect(one.out).toContain('said by web')
    })

    test('runs when it is told to, and tells what came of it', async () => {
      expect((await tf('start', 'there-daily')).out).toBe('STARTED                           SERVICE      RESULT\nstop-taskflows-there-daily.timer  there-daily  done\ntaskflows-there-daily.timer       there-daily  done\n')
      expect((await tf('start', 'there-daily', '--services', '--wait', '-o', 'name')).out).toBe('taskflows-there-daily.service\n')
      const failed = await tf('start', 'there-fails', '--wait')
      expect(failed).toMatchObject({ code: 1, out: '' })
      expect(failed.err).toMatch(/^error: systemd could not start there-fails: taskflows-there-fails\.service: .*3.*\nhint: tf logs there-fails/)
      expect((await tf('status', 'there-fails')).out).toMatch(/last result +failed: exited with 3/)
      const several = await tf('restart', 'there-web', 'there-fail*', 'no-such')
      expect(several.code).toBe(7)
      expect(several.err).toContain('no-such')
    })

    test('is shown as files, runs to come and lines', async () => {
      const shown = await tf('show', 'there-daily')
      expect(shown.out).toMatch(/^# there-daily on .*, taskflows-there-daily\.timer: \//m)
      expect(shown.out).toContain('[Timer]\n')
      const next = await tf('next', 'there-daily', '-n', '3')
      expect(next.out).toMatch(/^there-daily {2}\*-\*-\* 03:00:00 UTC\n( {2}\d{4}-\d\d-\d\d 03:00:00 UTC.*\n){3}$/)
      const logs = await tf('logs', 'there-web')
      expect(logs).toMatchObject({ code: 0 })
      expect(logs.out).toMatch(/said by web$/m)
      expect((await tf('logs', 'there-fails', '--grep', 'oh (yes|no)', '-o', 'jsonl')).out.trim().split('\n').map((line) => JSON.parse(line) as object)[0]).toMatchObject({ unit: 'taskflows-there-fails.service', message: 'oh no' })
    })

    test('stops, is kept from booting, goes and comes back', async () => {
      expect((await tf('stop', 'there-web')).out).toContain('taskflows-there-web.service')
      expect(await isActive('taskflows-there-web.service')).toBe('inactive')
      expect((await tf('disable', 'there-*')).code).toBe(0)
      expect((await tf('list', 'there-web')).out).toMatch(/there-web +inactive +no/)
      expect((await tf('enable', 'there-web')).out).toContain('taskflows-there-web.service')
      expect(await tf('remove', 'there-often', 'there-fails')).toMatchObject({ code: 0 })
      expect(await tf('status', 'there-often')).toMatchObject({ code: 4, out: '' })
      expect((await tf('rollback', 'there-often')).out).toMatch(/there-often +user +created/)
      expect((await tf('list', 'there-often')).code).toBe(0)
    })
  })

  test.each([
    [['start', 'nothing-here'], 4, 'nothing-here'],
    [['list', 'nothing-*'], 4, 'nothing-*'],
    [['show', 'nothing-*'], 4, 'nothing-*'],
    [['rollback', 'nothing-here'], 4, 'nothing-here'],
    [['stop'], 2, 'NAME... is missing'],
    [['plan'], 1, 'PATH is missing'],
    [['plan', '--bogus', 'x'], 1, 'has no flag "--bogus"'],
    [['plan', 'x.ts', '--scope', 'all'], 1, '--scope: expected one of user, system'],
    [['plan', 'nowhere.ts'], 4, 'nowhere.ts'],
    [['create', 'nowhere.ts'], 4, 'nowhere.ts'],
  ])('a mistake is named: tf %j', async (args, code, said) => {
    const ended = await tf(...args)
    expect({ code: ended.code, out: ended.out }).toEqual({ code, out: '' })
    expect(ended.err).toContain(said)
  })

  test('definitions with faults are refused by name, and nothing is done', async () => {
    write('faults.yaml', 'services:\n  - name: faulty\n    start_command: "a | b"\n  - name: fine\n    start_command: "true"\n')
    const { code, err } = await tf('create', 'faults.yaml')
    expect(code).toBe(2)
    expect(err).toMatch(/faulty.*start_command/)
    expect(existsSync(unitPath('taskflows-fine.service'))).toBe(false)
  })
})
