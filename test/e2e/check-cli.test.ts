/** `tf check` as people and CI use it: the real program, with and without systemd-analyze, on files that nobody applies. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bareEnvironment } from '../testbed/bare-environment.ts'
import { temporaryFolder } from '../testbed/temporary-folder.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = join(root, 'src/faces/cli/main.ts')
const analyze = spawnSync('systemd-analyze', ['--version']).status === 0
if (!analyze) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: tf check with systemd-analyze, which is not installed`)

interface Report {
  readonly summary: { readonly services: number; readonly errors: number; readonly warnings: number; readonly advice: number }
  readonly findings: readonly { readonly severity: string; readonly check: string; readonly service: string | null; readonly field: string | null; readonly source: string | null; readonly message: string }[]
  readonly services: readonly { readonly name: string; readonly year: { readonly runs: number; readonly clock_changes: readonly object[] } | null; readonly security: { readonly score: number } | null }[]
  readonly year: { readonly from: string; readonly until: string; readonly zone: string }
}

let folder: string
let bare: string

let held: AsyncDisposable

beforeAll(async () => {
  const temporary = await temporaryFolder()
  held = temporary
  folder = temporary.path
  // Nothing of systemd, not even what runs programs by name.
  bare = join(folder, 'bin')
  mkdirSync(bare)
  for (const name of ['env', 'sh', 'true']) symlinkSync(`/usr/bin/${name}`, join(bare, name))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/taskflows'))
})

afterAll(() => held[Symbol.asyncDispose]())

function write(name: string, text: string): string {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
  return name
}

function tf(args: readonly string[], variables: NodeJS.ProcessEnv = {}) {
  const { HOME } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=source', program, 'check', ...args], {
    cwd: folder, encoding: 'utf8', env: { ...bareEnvironment, HOME, XDG_CONFIG_HOME: join(folder, 'config'), TASKFLOWS_HOME: join(folder, 'home'), ...variables },
  })
  return { status, stdout, stderr }
}

const report = (...args: readonly string[]): Report => JSON.parse(tf([...args, '-o', 'json']).stdout) as Report

const good = '{ start_command: /bin/true, type: oneshot, timeout: 1m, hardening: batch, start_schedule: "04:00 UTC" }'

describe('without systemd-analyze', () => {
  const offline = { PATH: '' }
  beforeAll(() => { offline.PATH = bare })

  test('everything else is checked, a warning says what was not, and only --strict minds', () => {
    const file = write('good.yaml', `services:\n  good: ${good}\n`)
    const { status, stdout } = tf([file], offline)
    expect(status).toBe(0)
    expect(stdout).toContain('the units are not verified: systemd-analyze is not installed')
    expect(stdout).toContain('exposure is not scored: systemd-analyze is not installed')
    expect(stdout).toContain('1 service checked: 2 warnings.')
    expect(tf([file, '--strict'], offline).status).toBe(1)
    expect(tf([write('past.yaml', `services:\n  past: { start_command: /bin/true, start_schedule: "2020-01-01" }\n`)], offline)).toMatchObject({ status: 1, stdout: expect.stringContaining('never comes again') })
  })

  test('nothing is written, neither units nor a home', () => {
    tf([write('good.yaml', `services:\n  good: ${good}\n`)], offline)
    expect(readdirSync(folder)).not.toContain('config')
    expect(readdirSync(folder)).not.toContain('home')
  })
})

test('a run that clocks skip in New York is named with its day', () => {
  const file = write('dst.yaml', `services:\n  dst: { start_command: /bin/true, type: oneshot, timeout: 1m, hardening: batch, start_schedule: "02:30" }\n`)
  const { services, findings, year } = report(file, '--year', '2027', '--zone', 'America/New_York')
  expect(year).toMatchObject({ from: '2027-01-01T05:00:00.000Z', until: '2028-01-01T05:00:00.000Z', zone: 'America/New_York' })
  expect(services[0]!.year).toMatchObject({ runs: 364, clock_changes: [{ at: '2027-03-14T07:00:00.000Z', kind: 'skipped', first: '2027-03-14 02:30' }] })
  expect(findings).toContainEqual(expect.objectContaining({ severity: 'warning', check: 'clock', service: 'dst', field: 'startSchedule' }))
  expect(report(file, '--from', '2028-01-01T00:00:00Z', '--zone', 'UTC').services[0]!.year).toMatchObject({ runs: 365, clock_changes: [] })
})

test('a file or a service that cannot be read is a finding, and the rest is checked', () => {
  write('broken/broken.ts', 'export const x = ;')
  write('broken/one.ts', "import { Service } from 'taskflows'\nexport const one = new Service({ name: 'one', startCommand: 'a | b' })\n")
  write('broken/two.yaml', `services:\n  - { name: two, start_command: /bin/true, env_file: ./none.env }\n  - { name: three, start_command: /bin/true, requires: two, start_after: two, hardening: web }\n`)
  const { summary, findings } = report('broken')
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([
    expect.objectContaining({ service: null, source: join(folder, 'broken/broken.ts') }),
    expect.objectContaining({ service: 'one', field: 'startCommand', message: '`|` is for a shell, and none runs it' }),
    expect.objectContaining({ service: 'two', field: 'env_file', source: `${join(folder, 'broken/two.yaml')}:2` }),
  ])
  expect(summary).toMatchObject({ services: 1, errors: 3 })
  expect(findings.some(({ check }) => check === 'dependency')).toBe(false)
  expect(report('broken', '-i', 'three').summary).toMatchObject({ services: 1, errors: 1 })
})

test('two services of one name are an error of their file', () => {
  const { status, stdout } = tf([write('twins.yaml', `services:\n  - { name: twin, start_command: /bin/true }\n  - { name: twin, start_command: /bin/false }\n`)])
  expect({ status, stdout }).toMatchObject({ status: 1, stdout: expect.stringContaining('two services are named "twin"') })
})

test('no secret is shown, in any format', () => {
  const file = write('secret.yaml', `services:\n  s: { start_command: /bin/true, env: { DB_PASSWORD: planted-secret, URL: "postgres://u:planted-secret@h/d" } }\n`)
  for (const format of ['table', 'wide', 'json', 'jsonl', 'yaml', 'name']) {
    const { stdout, stderr } = tf([file, '-o', format])
    expect(stdout, format).not.toBe('')
    expect(stdout + stderr, format).not.toContain('planted-secret')
  }
})

test('-o jsonl prints one finding per line', () => {
  const { stdout } = tf([write('past.yaml', `services:\n  past: { start_command: /bin/true, start_schedule: "2020-01-01", hardening: web }\n`), '-o', 'jsonl'])
  const lines = stdout.trim().split('\n').map((line) => JSON.parse(line) as { service: string; check: string })
  expect(lines).toContainEqual(expect.objectContaining({ service: 'past', check: 'calendar', severity: 'error', scope: 'user' }))
})

test.each([
  [['--year', '2027', '--from', '2027-01-01'], '--year and --from'],
  [['--zone', 'Mars/Base'], '--zone: expected a zone'],
  [['--max-score', 'eleven'], '--max-score: expected a number'],
  [['--max-score', '11'], '--max-score: expected a number'],
])('%j is a mistake in the line', (flags, message) => {
  expect(tf([write('good.yaml', `services:\n  good: ${good}\n`), ...flags])).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining(message) })
})

describe.skipIf(!analyze && !process.env['CI'])('with systemd-analyze', () => {
  test('systemd says what it would ignore, and how exposed a service is', () => {
    const file = write('odd.yaml', `services:\n  odd: { start_command: /bin/true, directives: { Service: { Bogus: ["1"] } } }\n  good: ${good}\n`)
    const { findings, services } = report(file)
    expect(findings).toContainEqual(expect.objectContaining({ severity: 'error', check: 'unit', service: 'odd', message: expect.stringContaining("'Bogus'") as string }))
    const [odd, better] = services.map(({ security }) => security!.score)
    expect(odd).toBeGreaterThan(better!)
    expect(findings.filter(({ service }) => service === 'good')).toEqual([])
  })

  test('--max-score is a gate', () => {
    const file = write('good.yaml', `services:\n  good: ${good}\n`)
    expect(tf([file, '--max-score', '8', '--strict']).status).toBe(0)
    expect(tf([file, '--max-score', '1.5'])).toMatchObject({ status: 1, stdout: expect.stringContaining('more than 1.5') })
  })

  test('the examples have no errors', () => {
    expect(tf([join(root, 'examples/services/services.ts')]).status).toBe(0)
    expect(tf([join(root, 'examples/services/services.yaml')]).status).toBe(0)
  })
})
