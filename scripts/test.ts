/**
 * `npm test`: types, lint, all tests on PostgreSQL 18, and those about the database again on 15.
 *
 * Arguments go to vitest: `npm test -- src/kernel`. What this machine cannot run is skipped with the
 * reason, unless CI is set: there a missing part is a failure. A file that fails is run once more by itself, and named
 * whatever comes of it (decision 46). The last line counts.
 */
import { type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadedBy } from '../test/testbed/import-graph.ts'
import { findPostgres } from '../test/testbed/postgres.ts'
import type { Fault, Report } from './fault-reporter.ts'

interface Outcome {
  readonly passed: number
  readonly failed: number
}

process.chdir(join(import.meta.dirname, '..'))
const filters = process.argv.slice(2)
const strict = Boolean(process.env.CI)
/** Files; more that fail are no race. */
const mostRunAgain = 3
/** Programs that some tests drive, with the packages of Debian that have them; those tests say so where one is missing. */
const driven: Readonly<Record<string, string>> = {
  busybox: 'busybox-static',
  chromium: 'chromium',
  debootstrap: 'debootstrap',
  dockerd: 'docker.io',
  fish: 'fish',
  ip: 'iproute2',
  journalctl: 'systemd',
  'dbus-daemon': 'dbus-daemon',
  luajit: 'luajit',
  'mkfs.ext4': 'e2fsprogs',
  pgbouncer: 'pgbouncer',
  promtool: 'prometheus',
  'qemu-system-x86_64': 'qemu-system-x86',
  'systemd-nspawn': 'systemd-container',
  zsh: 'zsh',
}
// Debian keeps daemons where the PATH of most accounts does not lead.
process.env.PATH += ':/usr/sbin'
// Ctrl-C reaches the program that runs as well; this one waits for it and then stops.
let interrupted = false
process.on('SIGINT', () => { interrupted = true })

const steps: (() => Promise<Outcome>)[] = [
  () => check('types', 'tsc', ['-p', '.']),
  () => check('lint', 'oxlint', []),
  ...(filters.length > 0 ? [] : [provideDriven]),
  () => testOn('18', filters),
  () => testOn('15', filters.length > 0 ? filters : filesAboutTheDatabase()),
]

/** Names and reasons of all that failed, said once more at the end: the runs before it are long. */
const faults: string[] = []
/** What failed beside other tests, and passed by itself. */
const races: string[] = []
const total = { passed: 0, failed: 0 }
for (const step of steps) {
  if (interrupted) break
  const { passed, failed } = await step()
  total.passed += passed
  total.failed += failed
}
for (const race of races) console.log(`\nfailed beside others, passed by itself: ${race}`)
for (const fault of faults) console.log(`\nfailed: ${fault}`)
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = interrupted ? 130 : total.failed > 0 ? 1 : 0

/** A program that says yes or no counts as one test. */
async function check(what: string, program: string, args: readonly string[]): Promise<Outcome> {
  console.log(`\n${what}: ${[program, ...args].join(' ')}`)
  const succeeded = await runPackage(program, args) === 0
  if (!succeeded) faults.push(what)
  return { passed: Number(succeeded), failed: Number(!succeeded) }
}

async function testOn(version: string, args: readonly string[]): Promise<Outcome> {
  console.log(`\ntests on PostgreSQL ${version}`)
  if (findPostgres(version) === undefined) {
    const reason = await installPostgres(version)
    if (reason !== undefined) return skip(`PostgreSQL ${version}`, reason)
  }
  const where = `on PostgreSQL ${version}`
  const first = await runTests(version, ['--passWithNoTests', ...args])
  const again = filesToRunAgain(first.faults)
  const real = first.faults.filter(({ file }) => file === null || !again.includes(file))
  for (const file of again) {
    console.log(`\nonce more, by itself: ${file}`)
    const second = interrupted ? first : await runTests(version, [file])
    if (second.faults.length > 0) real.push(...second.faults)
    else races.push(...first.faults.filter((fault) => fault.file === file).map(({ text }) => `${where}: ${text}`))
  }
  faults.push(...real.map(({ text }) => `${where}: ${text}`))
  const raced = first.faults.filter(({ file }) => file !== null && again.includes(file) && !real.some((fault) => fault.file === file)).length
  return { passed: first.passed + raced, failed: real.length }
}

function filesToRunAgain(found: readonly Fault[]): readonly string[] {
  const files = [...new Set(found.map(({ file }) => file))]
  return files.length <= mostRunAgain ? files.filter((file) => file !== null) : []
}

async function runTests(version: string, args: readonly string[]): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), 'taskflows-test-'))
  try {
    const report = join(directory, 'report.json')
    const code = await runPackage('vitest', ['run', '--reporter=default', '--reporter=./scripts/fault-reporter.ts', ...args], {
      env: { ...process.env, TASKFLOWS_TEST_POSTGRES: version, TASKFLOWS_TEST_REPORT: report },
    })
    return readReport(report, code)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A run that fails though nothing in it did counts as one. */
function readReport(report: string, code: number): Report {
  if (!existsSync(report)) return { passed: 0, faults: [{ file: null, text: `the run ended with ${code} and left no report` }] }
  const { passed, faults: found } = JSON.parse(readFileSync(report, 'utf8')) as Report
  const isStrange = code !== 0 && found.length === 0
  return { passed, faults: isStrange ? [{ file: null, text: `the run ended with ${code}, though no test failed` }] : found }
}

function skip(what: string, reason: string): Outcome {
  console.log(`${strict ? 'missing' : 'skipped'}: ${what}: ${reason}`)
  if (strict) faults.push(`${what} is missing: ${reason}`)
  return { passed: 0, failed: Number(strict) }
}

/** Tests beside a source file that use a database, and from outside those whose subject is what becomes of rows. */
function filesAboutTheDatabase(): string[] {
  const beside = globSync('src/**/*.test.ts').filter((file) => loadedBy(file).has('src/testing/test-database.ts'))
  return [...beside, ...globSync(['test/e2e/{api,events,once,transactions}.test.ts', 'test/machine/{backup,crash-worker,pooling}.test.ts', 'test/upgrade/*.test.ts'])].sort()
}

async function provideDriven(): Promise<Outcome> {
  const missing = Object.entries(driven).filter(([program]) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0).map(([, debian]) => debian)
  if (missing.length > 0 && reasonAgainstInstalling() === undefined) await aptInstall(missing)
  return { passed: 0, failed: 0 }
}

/** Installs the server's programs. Returns why that is not possible here. */
async function installPostgres(version: string): Promise<string | undefined> {
  if (version === '18') return `its package is optional and was not installed for ${process.platform}-${process.arch}`
  const reason = reasonAgainstInstalling()
  if (reason !== undefined) return reason
  await aptInstall([`postgresql-${version}`])
  return findPostgres(version) ? undefined : `apt-get could not install postgresql-${version}`
}

function reasonAgainstInstalling(): string | undefined {
  if (!existsSync('/usr/bin/apt-get')) return 'there is no apt-get to install it with'
  return process.getuid?.() === 0 ? undefined : 'installing it with apt-get needs root'
}

/** Installs Debian's packages, and nothing that keeps running. */
async function aptInstall(packages: readonly string[]): Promise<void> {
  console.log(`installing ${packages.join(', ')} with apt-get ...`)
  const policy = '/usr/sbin/policy-rc.d'
  const ours = !existsSync(policy)
  // Debian asks this program whether a package may start its daemons (invoke-rc.d); 101 is no.
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const quiet: SpawnOptions = { env, stdio: ['ignore', 'ignore', 'inherit'] }
    await run('apt-get', ['-q', 'update'], quiet)
    await run('apt-get', ['-q', 'install', '--yes', '--no-install-recommends', ...packages], quiet)
  } finally {
    if (ours) rmSync(policy)
  }
}

/** A program of an npm package, on the Node that runs this. */
function runPackage(program: string, args: readonly string[], options?: SpawnOptions): Promise<number> {
  return run(process.execPath, [`node_modules/.bin/${program}`, ...args], options)
}

/** The exit code; 1 when a signal ended it or it could not be started. */
function run(program: string, args: readonly string[], options: SpawnOptions = {}): Promise<number> {
  return new Promise((resolve) => {
    spawn(program, args, { stdio: 'inherit', ...options })
      .once('error', (error) => {
        console.error(error.message)
        resolve(1)
      })
      .once('close', (code) => resolve(code ?? 1))
  })
}
