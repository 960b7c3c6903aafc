/** `tf import` on a real user manager: what it writes is created, and then there is nothing left to plan. And on the units that Debian ships. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyUnits } from '../../src/adapters/systemd/analyze/analyze.ts'
import { compileService } from '../../src/adapters/systemd/compile/compile-service.ts'
import { findInDirectory } from '../../src/adapters/systemd/import/find-units.ts'
import { importUnit } from '../../src/adapters/systemd/import/import-unit.ts'
import type { ServiceDefinition, ServiceScope } from '../../src/engines/services/service-definition.ts'
import { nameOfUnit } from '../../src/engines/services/import/import-names.ts'
import { compileHost } from '../testbed/compile-host.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const root = join(import.meta.dirname, '../..')
const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: tf import on a systemd user manager: ${missing}`)

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

  async function tf(...args: readonly string[]): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
    const [command, ...rest] = manager.command(process.execPath, '--conditions=source', join(root, 'src/faces/cli/main.ts'), ...args)
    const child = spawn(command, rest, { cwd: folder, env: { ...manager.env, TASKFLOWS_HOME: join(manager.home, '.taskflows') }, stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { code: code as number | null, out, err }
  }

  function write(path: string, content: string): string {
    const whole = join(folder, path)
    mkdirSync(dirname(whole), { recursive: true })
    writeFileSync(whole, content)
    return path
  }

  test.each(['ts', 'yaml'])('a crontab becomes %s that leaves nothing to plan once it is created', async (format) => {
    const crontab = write(`crontab-${format}`, `# Says it\n0 3 * * 1-5 /bin/echo a${format}\n@hourly cd / && /bin/true > /dev/null\n0 0 13 * 5 date +\\%F\nA_TOKEN=abc 1\n30 4 1 * * env\n`)
    const imported = await tf('import', crontab, '--out', `cron.${format}`, ...['a', 'b', 'c', 'd'].flatMap((name) => ['--name', `cron-${format}-${name}`]))
    expect(imported).toMatchObject({ code: 0 })
    expect(imported.err).toContain('then remove the lines from the crontab')
    expect(await tf('create', `cron.${format}`)).toMatchObject({ code: 0 })
    expect(await tf('plan', `cron.${format}`)).toMatchObject({ code: 0 })
    expect((await manager.exec('systemctl', '--user', 'show', '-P', 'ActiveState', `taskflows-cron-${format}-a.timer`)).stdout.trim()).toBe('active')
  })

  test('an installed unit with its timer and a drop-in becomes a module that leaves nothing to plan', async () => {
    const units = join(manager.home, '.config/systemd/user')
    mkdirSync(join(units, 'old.service.d'), { recursive: true })
    writeFileSync(join(units, 'old.service'), '[Unit]\nDescription=Old\n[Service]\nType=oneshot\nExecStart=/bin/echo a\nExecStart=/bin/echo "b c"\nNice=5\nEnvironment=A=b\n')
    writeFileSync(join(units, 'old.service.d/more.conf'), '[Service]\nNice=7\nMemoryMax=1G\n')
    writeFileSync(join(units, 'old.timer'), '[Timer]\nOnCalendar=daily\nPersistent=true\n[Install]\nWantedBy=timers.target\n')
    const before = readFileSync(join(units, 'old.service'), 'utf8')
    const imported = await tf('import', 'old', '--out', 'old.ts')
    expect(imported).toMatchObject({ code: 0 })
    expect(imported.err).toContain('systemctl --user disable --now old.timer old.service')
    expect(readFileSync(join(folder, 'old.ts'), 'utf8')).toContain("directives: { Service: { Nice: '7' } }")
    expect(await tf('create', 'old.ts')).toMatchObject({ code: 0 })
    expect(await tf('plan', 'old.ts')).toMatchObject({ code: 0 })
    expect((await manager.exec('systemctl', '--user', 'show', '-P', 'MemoryMax', 'taskflows-old.service')).stdout.trim()).toBe(String(1024 ** 3))
    expect(readFileSync(join(units, 'old.service'), 'utf8')).toBe(before)
  })

  test('a service of ours gives its definition back, with what units do not hold', async () => {
    write('mine.ts', `import { Service } from 'taskflows'\nexport const mine = new Service({ name: 'mine', startCommand: ['/bin/sleep', '100'], healthCheck: { command: ['/bin/true'] }, stopSchedule: 'daily 04:00', hardening: 'batch', env: { A_TOKEN: 's' } })\n`)
    expect(await tf('create', 'mine.ts')).toMatchObject({ code: 0 })
    expect(await tf('import', 'mine', '--out', 'again.ts')).toMatchObject({ code: 0 })
    const again = readFileSync(join(folder, 'again.ts'), 'utf8')
    expect(again).toContain('healthCheck')
    expect(again).toContain("hardening: 'batch'")
    write('mine.ts', again)
    expect(await tf('plan', 'mine.ts')).toMatchObject({ code: 0 })

    const units = join(manager.home, '.config/systemd/user')
    expect((await tf('import', units, '-o', 'name')).out.split('\n')).toEqual(expect.arrayContaining(['mine']))
    expect((await tf('import', units)).out).not.toContain('systemctl')
    const copy = readFileSync(join(units, 'taskflows-mine.service'), 'utf8').replace('[Service]', '[Service]\nNice=3')
    const changed = await tf('import', write('taskflows-mine.service', copy))
    expect(changed.out).toContain("Nice: '3'")
    expect(changed.out).not.toContain('healthCheck')
  })

  test('nothing is written over, and what cannot be imported is named', async () => {
    write('there.ts', 'kept')
    const crontab = write('mixed', '0 3 * * * /bin/true\n0 4 * * * date +%F\n')
    const refused = await tf('import', crontab, '--out', 'there.ts')
    expect(refused).toMatchObject({ code: 1 })
    expect(readFileSync(join(folder, 'there.ts'), 'utf8')).toBe('kept')
    const partly = await tf('import', crontab)
    expect(partly).toMatchObject({ code: 1, out: expect.stringContaining('/bin/true') })
    expect(partly.err).toMatch(/mixed:2 was not imported: a % in its command/)
    expect(await tf('import', 'no-such-unit')).toMatchObject({ code: 1, err: expect.stringContaining('no-such-unit') })
  })
})

describe.skipIf(!existsSync('/usr/lib/systemd/system'))('the units that Debian ships', () => {
  const place = { home: '/root', uid: 0, userName: 'root', renamed: (unit: string) => unit }
  const compile = (scope: ServiceScope) => (definition: ServiceDefinition) => compileService(definition, compileHost(scope, { privileged: true, findProgram: (name) => (name.startsWith('/') ? name : `/usr/bin/${name}`) }))

  test.each(['system', 'user'] as const)('of the scope %s are imported or refused for a reason, and verified', async (scope) => {
    const found = findInDirectory(`/usr/lib/systemd/${scope}`)
    const results = found.map((unit) => ('refused' in unit ? { unit: unit.unit, refused: unit.refused } : { unit: unit.unit, ...importUnit(unit, { ...place, scope, name: nameOfUnit(unit.unit), compile: compile(scope) }) }))
    for (const result of results) if ('refused' in result) expect(result.refused, result.unit).toMatch(/masked|ExecStart=|type: .*"(?:dbus|idle)"|starts it once|name|which is not/)
    const imported = results.flatMap((result) => ('definition' in result ? [result] : []))
    expect(imported.length).toBeGreaterThan(found.length / 3)
    // Conditions of a timer are its own, and a service of ours has none for it.
    const differing = imported.flatMap(({ unit, differences }) => differences.map(({ key }) => `${unit} ${key}`))
    expect(differing.filter((one) => !/^(?:fstrim|systemd-tmpfiles-clean|apt-daily-upgrade)\.service Unit\./.test(one))).toEqual([])
    const units = imported.flatMap(({ definition }) => compile(scope)(definition).units)
    const findings = await verifyUnits(units, scope)
    // They are installed under their own names, too.
    expect(findings.filter(({ severity, message }) => severity === 'error' && !/not executable|not found|Failed to|same bus name/.test(message))).toEqual([])
  }, 60_000)
})
