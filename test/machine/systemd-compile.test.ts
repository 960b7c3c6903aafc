/** Compiled units before the real thing: `systemd-analyze verify` finds nothing, and programs get what was given. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyUnits } from '../../src/adapters/systemd/analyze/analyze.ts'
import { compileService } from '../../src/adapters/systemd/compile/compile-service.ts'
import type { ServiceDefinition, ServiceScope } from '../../src/engines/services/service-definition.ts'
import { compileHost } from '../testbed/compile-host.ts'
import { serviceDefinition } from '../testbed/service-arbitraries.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const withoutAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0 ? undefined : 'systemd-analyze is not installed'
const missing = missingForUserManager()
for (const [part, why] of [['systemd-analyze', withoutAnalyze], ['a systemd user manager', missing]] as const) {
  if (why !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: ${part}: ${why}`)
}

const dependencies = ['startAfter', 'startBefore', 'wants', 'upholds', 'requires', 'requisite', 'bindsTo', 'partOf', 'conflicts', 'onFailure', 'onSuccess', 'propagateStopTo', 'propagateStopFrom'] as const

const bare = (name: string): ServiceDefinition => ({
  name, scope: 'user', type: 'exec', startCommand: { kind: 'program', argv: ['/bin/true'] }, enabled: false, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none',
})

/** Others of its own to depend on: random names do not exist, and random dependencies contradict each other. */
function settled({ user, group, ...definition }: ServiceDefinition, index: number, scope: ServiceScope): ServiceDefinition {
  const others = Object.fromEntries(dependencies.filter((field) => definition[field]).map((field) => [field, [`other-${field}`]]))
  // systemd warns of services that run as nobody.
  const account = scope === 'system' && user !== undefined && { user: user === 'nobody' ? 'daemon' : user, ...(group !== undefined && { group }) }
  return { ...definition, ...others, ...account, scope, name: `${index}-${definition.name}` }
}

describe.skipIf(withoutAnalyze !== undefined && !process.env['CI'])('systemd-analyze verify', () => {
  test.each(['user', 'system'] as const)('has nothing to say of any service in scope %s', { timeout: 120_000 }, async (scope) => {
    // Its time grows with the square of the units in one call.
    const host = compileHost(scope, { runExport: ['/usr/bin/env', 'run'], systemctl: '/usr/bin/env', venvRunner: () => ({ program: '/usr/bin/env', liveOutput: [] }), docker: { program: '/usr/bin/env', environment: { DOCKER_HOST: 'unix:///run/docker.sock' }, cgroupDriver: 'systemd' } })
    const others = dependencies.flatMap((field) => compileService({ ...bare(`other-${field}`), scope }, host).units)
    await fc.assert(fc.asyncProperty(fc.array(serviceDefinition, { minLength: 60, maxLength: 60 }), async (definitions) => {
      const units = definitions.flatMap((definition, index) => compileService(settled(definition, index, scope), host).units)
      const findings = await verifyUnits([...others, ...units], scope)
      expect(findings.map(({ unit, message }) => `${message}\n${units.find((one) => one.unit === unit)?.text}`)).toEqual([])
    }), { numRuns: 5, endOnFailure: true })
  })

  test('knows all units of many, and names a fault that several come by once', async () => {
    const count = 120
    const units = Array.from({ length: count }, (_, at) => ({
      unit: `taskflows-${at}.service`,
      text: at === count - 1 ? '[Service]\nExecStart=/bin/true\nFoo=1\n' : `[Unit]\nRequires=taskflows-${count - 1}.service taskflows-${(at + 60) % count}.service\n[Service]\nExecStart=/bin/true\n`,
    }))
    expect(await verifyUnits(units, 'user')).toEqual([{ unit: 'taskflows-119.service', line: 3, severity: 'error', message: expect.stringContaining("'Foo'") }])
  })

  test('names unit and line of what systemd does not understand', async () => {
    const findings = await verifyUnits([{ unit: 'taskflows-a.service', text: '[Service]\nExecStart=/bin/true\nFoo=1\n' }, { unit: 'taskflows-b.timer', text: '[Timer]\nOnCalendar=never\n' }], 'user')
    expect(findings).toEqual([
      { unit: 'taskflows-a.service', line: 3, severity: 'error', message: expect.stringContaining("'Foo'") },
      { unit: 'taskflows-b.timer', line: 2, severity: 'error', message: expect.stringContaining('never') },
      { unit: 'taskflows-b.timer', severity: 'error', message: expect.stringContaining('Refusing') },
    ])
  })
})

const fragments = ['%', '%%', '%n', '%h', '$', '$$', '$HOME', '${HOME}', '"', "'", '\\', '\\\\', '\\n', '\\x41', ' ; ', ';', '#', '=', ' ', '-', '@', '*', '?', '[a]', '{a,b}', '~', '`x`', '$(x)', '&', '|', '<', '>', 'a', 'é', '日', '👩', '\u2028', '\x85']
const hostile = fc.string({ unit: fc.constantFrom(...fragments), maxLength: 6 })

describe.skipIf(missing !== undefined && !process.env['CI'])('a real manager', { timeout: 90_000 }, () => {
  let manager: UserManager
  let work: string
  beforeAll(async () => {
    manager = await startUserManager()
    work = join(manager.home, 'work')
    mkdirSync(work)
    give(work)
  }, 60_000)
  afterAll(() => manager?.[Symbol.asyncDispose]())

  /** To the account inside. */
  const give = (path: string): void => chownSync(path, ...owner())
  const owner = (): [number, number] => {
    const { uid, gid } = statSync(manager.home)
    return [uid, gid]
  }
  const write = (path: string, text: string, mode = 0o600): string => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    chmodSync(path, mode)
    give(path)
    return path
  }

  /** Starts them all, and waits until each has ended. */
  async function run(definitions: readonly ServiceDefinition[]): Promise<void> {
    const host = compileHost('user', { secretEnvPath: (service) => join(manager.home, `${service}.env`) })
    const units = definitions.map((definition) => compileService({ ...definition, type: 'oneshot' }, host))
    for (const { units: [unit], secretEnv } of units) {
      write(join(manager.home, '.config/systemd/user', unit!.unit), unit!.text)
      if (secretEnv) write(secretEnv.path, secretEnv.text)
    }
    await manager.exec('systemctl', '--user', 'daemon-reload')
    await manager.exec('systemctl', '--user', 'start', ...units.map(({ units: [unit] }) => unit!.unit))
  }

  /** A program that writes down its arguments and its variables. */
  const printer = (path: string): string => write(path, '#!/bin/sh\nout=$1; shift\nfor word; do printf "%s\\0" "$word"; done > "$out"\nenv -0 > "$out.env"\npwd > "$out.pwd"\n', 0o755)
  const wordsOf = (file: string): readonly string[] => readFileSync(file, 'utf8').split('\0').slice(0, -1)
  const variablesOf = (file: string): Readonly<Record<string, string>> => Object.fromEntries(wordsOf(`${file}.env`).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))

  test('hands hostile arguments and variables to the program as they were given', async () => {
    const program = printer(join(work, 'print'))
    const given = fc.sample(fc.record({ argv: fc.array(hostile, { maxLength: 5 }), value: hostile, secret: hostile.map((text) => `s${text}`) }), 200)
    await run(given.map(({ argv, value, secret }, index) => ({
      ...bare(`h${index}`), startCommand: { kind: 'program', argv: [program, join(work, `h${index}`), ...argv] }, env: { VALUE: value, THE_TOKEN: secret },
    })))
    for (const [index, { argv, value, secret }] of given.entries()) {
      expect(wordsOf(join(work, `h${index}`))).toEqual(argv)
      expect(variablesOf(join(work, `h${index}`))).toMatchObject({ VALUE: value, THE_TOKEN: secret, TASKFLOWS_SERVICE: `h${index}`, PYTHONUNBUFFERED: '1' })
    }
  })

  test('finds programs, directories, files of variables and credentials under hostile names', async () => {
    const names = ['$HOME', '${HOME} %h', 'a b', '%n', '*', '[a]', 'é;#', '{a,b}', '@x', '-x', 'a:b']
    const paths = names.map((name, index) => {
      const program = printer(join(work, 'programs', `${index}`, name))
      const directory = join(work, 'directories', `${name}${index % 2 === 0 ? '' : '\\'}`)
      mkdirSync(directory, { recursive: true })
      return { program, directory, envFile: write(join(work, 'env', name, 'back\\slash'), `FROM_FILE=${index}\n`), secret: write(join(work, 'secrets', name, 'it'), `hush ${index}`), out: join(work, `p${index}`) }
    })
    execFileSync('chown', ['-R', owner().join(':'), work])
    await run(paths.map(({ program, directory, envFile, secret, out }, index) => ({
      ...bare(`p${index}`), startCommand: { kind: 'program', argv: [program, out, '$HOME', '${HOME}'] }, workingDirectory: directory, envFile, secrets: { it: { file: secret } },
      execStartPost: [{ kind: 'program', argv: ['/bin/sh', '-c', `cat "$CREDENTIALS_DIRECTORY/it" > ${out}.secret`] }],
    })))
    for (const [index, { directory, out }] of paths.entries()) {
      expect(wordsOf(out)).toEqual(['$HOME', '${HOME}'])
      expect(readFileSync(`${out}.pwd`, 'utf8')).toBe(`${directory}\n`)
      expect(variablesOf(out)['FROM_FILE']).toBe(`${index}`)
      expect(readFileSync(`${out}.secret`, 'utf8')).toBe(`hush ${index}`)
    }
  })
})
