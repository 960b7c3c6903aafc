/** `tf env` as people use it: the real program within a real user manager of systemd, without a server. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const program = fileURLToPath(new URL('../../src/faces/cli/main.ts', import.meta.url))

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: tf env on a systemd user manager: ${missing}`)

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

describe.skipIf(missing !== undefined && !process.env['CI'])('on a user manager', { timeout: 60_000 }, () => {
  let manager: UserManager
  let folder: string
  let conda: string

  beforeAll(async () => {
    manager = await startUserManager({ as: 'root' })
    folder = join(manager.home, 'project')
    mkdirSync(folder)
    conda = join(manager.home, 'conda')
    // conda run -n ENV --no-capture-output PROGRAM...: it refuses an environment that it does not have.
    writeFileSync(conda, '#!/bin/sh\n[ "$3" != broken ] || exit 9\nexport IN_ENVIRONMENT="$3"\nshift 4\nexec "$@"\n', { mode: 0o755 })
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
  /** At a terminal, whose person types `typed`; `editor` is a line of a shell that has the file as $1. */
  async function tfAtTerminal(editor: string, typed: string, ...args: readonly string[]): Promise<{ readonly code: number | null; readonly seen: string }> {
    writeFileSync(join(folder, 'editor'), `#!/bin/sh\n${editor}\n`, { mode: 0o755 })
    const line = manager.command(process.execPath, '--conditions=source', program, ...args).map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    const child = spawn('script', ['--quiet', '--flush', '--return', '--command', line, '/dev/null'], { cwd: folder, env: { ...manager.env, TASKFLOWS_HOME: join(manager.home, '.taskflows'), EDITOR: join(folder, 'editor'), TMPDIR: folder }, stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.write(typed)
    const [seen, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
    return { code: code as number | null, seen }
  }
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content)
    return name
  }
  const unit = (service: string) => readFileSync(join(manager.home, '.config/systemd/user', `taskflows-${service}.service`), 'utf8')
  const show = async (service: string, property: string) => (await manager.exec('systemctl', '--user', 'show', '-P', property, `taskflows-${service}.service`)).stdout.trim()
  /** What the environment of a running service is, by the process itself. */
  const runsIn = async (service: string) => /IN_ENVIRONMENT=([^\0]*)/.exec((await manager.exec('cat', `/proc/${await show(service, 'MainPID')}/environ`)).stdout)?.[1]

  test('an environment is created, listed and shown; the file is for nobody else', async () => {
    expect(await tf('env', 'list')).toMatchObject({ code: 0, out: '', err: expect.stringContaining('There are no named environments') })
    expect(await tf('env', 'create', 'first', '--venv', 'one', '--path', conda, '--description', 'For models')).toMatchObject({ code: 0, out: 'environment first is created\n' })
    write('py.yaml', 'image: python:3.13\nenvironment:\n  API_TOKEN: planted-7d1f\nvolumes:\n  - { host_path: ./data, container_path: /data }\n')
    expect(await tf('env', 'create', 'py', '--file', 'py.yaml')).toMatchObject({ code: 0 })
    expect((await tf('env', 'list')).out).toMatch(/^ENVIRONMENT +TYPE +RUNS IN +USED BY +VERSION +CHANGED +DESCRIPTION\nfirst +venv +one +- +1 .* For models\npy +docker +python:3\.13 +- +1 /)
    const shown = await tf('env', 'show', 'py')
    expect(shown.out).toMatch(/^py {2}docker$/m)
    expect(shown.out).toContain(`host_path: ${folder}/data`)
    for (const args of [['env', 'show', 'py'], ['env', 'list', '-o', 'json'], ['env', 'show', 'py', '-o', 'yaml']]) expect((await tf(...args)).out).not.toContain('planted')
    const file = join(manager.home, '.taskflows/environments.json')
    expect(readFileSync(file, 'utf8')).toContain('planted-7d1f')
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('a service runs in what its name stands for, and an edit reaches those that use it', async () => {
    expect(await tf('env', 'create', 'ml', '--venv', 'one', '--path', conda)).toMatchObject({ code: 0 })
    const services = write('ml.yaml', 'services:\n  - { name: serve, start_command: sleep 1000, environment: ml, enabled: true }\n  - { name: stopped, start_command: sleep 1000, environment: ml }\n  - { name: other, start_command: sleep 1000, enabled: true }\n')
    expect(await tf('create', services)).toMatchObject({ code: 0 })
    expect(unit('serve')).toContain(`${conda} run -n one`)
    expect(await runsIn('serve')).toBe('one')
    expect(await tf('plan', services)).toMatchObject({ code: 0 })
    expect((await tf('env', 'list', '-o', 'json')).out).toMatch(/"name": "serve"/)
    const [before, others] = [await show('serve', 'InvocationID'), await show('other', 'InvocationID')]

    const edited = await tf('env', 'edit', 'ml', '--venv', 'two', '--path', conda, '--yes')
    expect(edited).toMatchObject({ code: 0 })
    expect(edited.err).toMatch(/^ +-ExecStart=.* -n one .*\n +\+ExecStart=.* -n two /m)
    expect(edited.err).toMatch(/restart taskflows-serve\.service: ExecStart changed/)
    expect(edited.err).toContain('environment ml is at version 2')
    expect(edited.out).toMatch(/^Service +serve +user +changed +2\nService +stopped +user +changed +2$/m)
    expect(await runsIn('serve')).toBe('two')
    expect(await show('serve', 'InvocationID')).not.toBe(before)
    expect([await show('other', 'InvocationID'), await show('stopped', 'ActiveState')]).toEqual([others, 'inactive'])
    expect(await tf('plan', services)).toMatchObject({ code: 0 })
    const { definition, versions } = await json<{ definition: { environment: unknown }; versions: { note: string }[] }>('status', 'serve')
    expect([definition.environment, versions[0]!.note]).toEqual(['ml', 'environment ml, version 2'])
  })

  test('with --no-apply it is only kept, and then plan tells of it', async () => {
    const before = await show('serve', 'InvocationID')
    const kept = await tf('env', 'edit', 'ml', '--venv', 'three', '--path', conda, '--no-apply')
    expect(kept).toMatchObject({ code: 0, out: 'environment ml is at version 3\n' })
    expect(kept.err).toContain('Unchanged until they are applied: serve, stopped')
    expect(await show('serve', 'InvocationID')).toBe(before)
    const plan = await tf('plan', 'ml.yaml')
    expect(plan.code).toBe(2)
    expect(plan.out).toMatch(/^ +\+ExecStart=.* -n three /m)
    const driftOf = async (name: string) => (await json<{ drift: string[] }>('status', name)).drift
    expect([await driftOf('serve'), await driftOf('other')]).toEqual([[expect.stringMatching(/^the environment ml was changed since version \d+ was applied$/)], []])
    expect(await tf('create', 'ml.yaml', '--yes')).toMatchObject({ code: 0 })
    expect(await driftOf('serve')).toEqual([])
    expect(await runsIn('serve')).toBe('three')
  })

  test('at a terminal the editor has it, with masked secrets, and a question comes before a restart', async () => {
    const before = await show('serve', 'InvocationID')
    const refused = await tfAtTerminal(`sed -i 's/three/four/' "$1"`, 'n\n', 'env', 'edit', 'ml')
    expect(refused).toMatchObject({ code: 2, seen: expect.stringMatching(/-n four[^]*Do this\? \[y\/N\][^]*not confirmed: nothing was changed/) })
    expect([await show('serve', 'InvocationID'), (await json<{ version: number }>('env', 'show', 'ml')).version]).toEqual([before, 3])
    expect(await tfAtTerminal(`sed -i 's/three/four/' "$1"`, 'y\n', 'env', 'edit', 'ml')).toMatchObject({ code: 0 })
    expect(await runsIn('serve')).toBe('four')

    expect((await tfAtTerminal(`cat "$1"; stat -c 'mode %a' "$1"`, '', 'env', 'edit', 'py')).seen).toMatch(/API_TOKEN: "?\*{8}[^]*mode 600[^]*nothing was changed/)
    expect(await tfAtTerminal(`sed -i 's/3.13/3.14/' "$1"`, '', 'env', 'edit', 'py')).toMatchObject({ code: 0 })
    expect(readFileSync(join(manager.home, '.taskflows/environments.json'), 'utf8')).toMatch(/python:3\.14[^]*planted-7d1f/)
    const wrong = await tfAtTerminal(`echo 'imagee: x' >> "$1"`, '', 'env', 'edit', 'py')
    expect(wrong).toMatchObject({ code: 2, seen: expect.stringContaining('imagee: is no field') })
    const [, kept] = /still in (\/\S+environment\.yaml), for --file/.exec(wrong.seen)!
    expect(readFileSync(kept!, 'utf8')).toContain('imagee: x')
    expect(await tfAtTerminal('exit 3', '', 'env', 'edit', 'py')).toMatchObject({ code: 2, seen: expect.stringContaining('ended with 3') })
  })

  test('one with which no service comes up is taken back', async () => {
    write('only.yaml', 'services:\n  - { name: only, start_command: sleep 1000, environment: narrow, enabled: true }\n')
    await tf('env', 'create', 'narrow', '--venv', 'one', '--path', conda)
    expect(await tf('create', 'only.yaml')).toMatchObject({ code: 0 })
    const refused = await tf('env', 'edit', 'narrow', '--venv', 'broken', '--path', conda)
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toMatch(/only .*rolled back/)
    expect(await json('env', 'show', 'narrow')).toMatchObject({ version: 1, environment: { env_name: 'one' } })
    expect(await runsIn('only')).toBe('one')
    expect(await tf('plan', 'only.yaml')).toMatchObject({ code: 0 })
  })

  test('a rollback of the service keeps the reference: the present environment counts', async () => {
    write('back.yaml', 'services:\n  - { name: back, start_command: sleep 1000, environment: narrow, enabled: true }\n')
    expect(await tf('create', 'back.yaml')).toMatchObject({ code: 0 })
    write('back.yaml', 'services:\n  - { name: back, start_command: sleep 2000, environment: narrow, enabled: true }\n')
    expect(await tf('create', 'back.yaml')).toMatchObject({ code: 0 })
    expect(await tf('env', 'edit', 'narrow', '--venv', 'wide', '--path', conda, '--yes')).toMatchObject({ code: 0 })
    expect(await tf('rollback', 'back', '--to', '1')).toMatchObject({ code: 0 })
    expect(unit('back')).toMatch(/ExecStart=.* -n wide .*sleep 1000/)
  })

  test('it is not deleted while a service uses it, and then it is', async () => {
    const refused = await tf('env', 'delete', 'ml')
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toMatch(/the environment "ml" is used by serve, stopped\nhint: /)
    expect(await tf('remove', 'serve', 'stopped')).toMatchObject({ code: 0 })
    expect(await tf('env', 'delete', 'ml')).toMatchObject({ code: 0, out: 'environment ml is deleted\n' })
    const later = await tf('create', 'ml.yaml', '-i', 'serve')
    expect(later).toMatchObject({ code: 4, out: '' })
    expect(later.err).toContain('service "serve" names the environment "ml", and there is none')
    expect((await tf('rollback', 'serve')).err).toContain('names the environment "ml", and there is none')
  })

  test('tf check knows environments', async () => {
    write('check.yaml', 'services:\n  - { name: checked, start_command: sleep 1000, environment: narow }\n')
    const { code, out } = await tf('check', 'check.yaml')
    expect(code).toBe(1)
    expect(out).toMatch(/names the environment "narow", and there is none/)
  })

  test.each<[args: readonly string[], code: number, said: RegExp]>([
    [['create', 'first', '--venv', 'x'], 1, /there is an environment "first" already\nhint: tf env edit/],
    [['create', '../x', '--venv', 'x'], 2, /name: expected letters, digits/],
    [['create', 'x'], 2, /--venv or --file: expected one of them/],
    [['create', 'x', '--venv', 'x', '--file', 'py.yaml'], 2, /expected one of them, got both/],
    [['create', 'x', '--path', '/x', '--file', 'py.yaml'], 2, /--path: expected --venv with it/],
    [['create', 'x', '--file', 'nowhere.yaml'], 2, /there is no file .*nowhere\.yaml/],
    [['create', 'x', '--file', 'wrong.yaml'], 2, /wrong\.yaml:2: environment: imagee: is no field; did you mean image\?/],
    [['edit', 'nobody', '--venv', 'x'], 4, /there is no environment "nobody"/],
    [['edit', 'first'], 2, /no terminal for an editor/],
    [['show', 'firs'], 4, /hint: Did you mean first\?/],
    [['delete', 'nobody'], 4, /there is no environment "nobody"/],
  ])('tf env %j is refused, and says why', async (args, code, said) => {
    write('wrong.yaml', 'image: python\nimagee: x\n')
    const kept = () => readFileSync(join(manager.home, '.taskflows/environments.json'), 'utf8')
    const before = kept()
    const refused = await tf('env', ...args)
    expect(refused).toMatchObject({ code, out: '' })
    expect(refused.err).toMatch(said)
    expect(kept()).toBe(before)
  })
})
