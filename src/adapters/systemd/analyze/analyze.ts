/**
 * What systemd-analyze(1) says of units, installed or not: `verify`, and the
 * exposure that `security` counts. Neither needs a manager or root.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServiceScope } from '../../../engines/services/service-definition.ts'
import type { UnitFile, VerifyFinding } from '../../../engines/services/service-manager.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { readFindings } from './verify-findings.ts'

/** Thousands of units take seconds. */
const timeLimitMs = 60_000

/** Fewer are looked at in one go sooner than a second program starts. */
const fewNames = 50
const mostPrograms = 4

/** All in one directory, so that they know each other. @throws `systemd.unavailable` without systemd-analyze */
export async function verifyUnits(files: readonly Pick<UnitFile, 'unit' | 'text'>[], scope: ServiceScope): Promise<readonly VerifyFinding[]> {
  if (files.length === 0) return []
  return withFiles(files, async (directory) => {
    const paths = namesToAsk(files).map((unit) => join(directory, unit))
    const answers = await Promise.all(shared(paths).map((part) => analyze(directory, ['verify', `--${scope}`, '--man=no', '--generators=no', ...part])))
    const told = answers.map(({ stderr }) => stderr).join('\n')
    if (/^Failed to (initialize|look)|unrecognized option/m.test(told)) throw unavailable(`systemd-analyze verify cannot look at units: ${told.trim()}`)
    return readFindings(told, files.map(({ unit }) => unit))
  })
}

/** Among so many programs as there are processors: one looks at half a unit in a millisecond. */
function shared(paths: readonly string[]): readonly (readonly string[])[] {
  const size = Math.max(fewNames, Math.ceil(paths.length / Math.min(availableParallelism(), mostPrograms)))
  return Array.from({ length: Math.ceil(paths.length / size) }, (_, part) => paths.slice(part * size, (part + 1) * size))
}

const dependsOnOthers = /^(?:After|Before|Wants|Upholds|Requires|Requisite|BindsTo|PartOf|Conflicts|OnFailure|OnSuccess|PropagatesStopTo|StopPropagatedFrom|Slice)=/m

/**
 * A timer brings its service along, and being read is what finds its faults. Asked about by its own name it would also be
 * started in thought, which takes three times as long and is worth it where other units have a say.
 */
function namesToAsk(files: readonly Pick<UnitFile, 'unit' | 'text'>[]): string[] {
  const triggered = new Set(files.flatMap(({ unit, text }) => (unit.endsWith('.timer') ? /^Unit=(.+)$/m.exec(text)?.[1] ?? [] : [])))
  return files.filter(({ unit, text }) => !triggered.has(unit) || dependsOnOthers.test(text)).map(({ unit }) => unit)
}

/** How exposed a service is by its settings alone: systemd-analyze(1), `security`. */
export interface SecurityScore {
  /** 0 (least) to 10. */
  readonly score: number
  /** systemd's word for it: `SAFE`, `OK`, `MEDIUM`, `EXPOSED`, `UNSAFE`, ... */
  readonly word: string
  /** What would lower it most, the weightiest first. */
  readonly advice: readonly { readonly directive: string; readonly about: string; readonly exposure: number }[]
}

const mostAdvice = 5

/** @throws `systemd.unavailable` without systemd-analyze, or with one that cannot look at files (before 250) */
export async function securityScore(file: Pick<UnitFile, 'unit' | 'text'>, scope: ServiceScope): Promise<SecurityScore> {
  return (await securityScores([file], scope))[0]!
}

/** Of several, in their order. What has the same settings is asked about once. @throws as `securityScore` */
export async function securityScores(files: readonly Pick<UnitFile, 'text'>[], scope: ServiceScope): Promise<readonly SecurityScore[]> {
  const settings = files.map(({ text }) => settingsOf(text))
  const distinct = [...new Set(settings)].map((text, index) => ({ unit: `taskflows-${index}.service`, text }))
  if (distinct.length === 0) return []
  const scores = await withFiles(distinct, async (directory) => {
    const ask = (...options: readonly string[]) => analyze(directory, ['security', `--${scope}`, '--offline=true', '--no-pager', ...options, ...distinct.map(({ unit }) => join(directory, unit))])
    return readScores(...await Promise.all([ask(), ask('--json=short')]), distinct.length)
  })
  const bySettings = new Map(distinct.map(({ text }, index) => [text, scores[index]!]))
  return settings.map((text) => bySettings.get(text)!)
}

/** Directives on which no exposure depends. */
const indifferent = /^(?:Exec\w+|Environment\w*|SyslogIdentifier|WorkingDirectory|LoadCredential\w*|Timeout\w+|Restart\w*|RuntimeMaxSec|Type|PIDFile)=/

/** All of [Service] that `security` goes by. */
function settingsOf(text: string): string {
  const [service = ''] = text.split('[Service]\n')[1]?.split('\n[') ?? []
  return ['[Service]', 'ExecStart=/bin/true', ...service.split('\n').filter((line) => line !== '' && !indifferent.test(line)), ''].join('\n')
}

/** Both list the units in the order in which they were asked about. */
function readScores(overall: Output, tables: Output, count: number): readonly SecurityScore[] {
  const levels = [...overall.stdout.matchAll(/exposure level for .*: (\d+\.\d) ([A-Z]+)/g)]
  const rows = tables.stdout.split('\n').filter((line) => line.startsWith('['))
  if (levels.length !== count || rows.length !== count) throw unavailable(`systemd-analyze security does not look at files: ${overall.stderr.trim()}`)
  return levels.map(([, score, word], index) => ({ score: Number(score), word: word!, advice: readAdvice(rows[index]!) }))
}

interface SecurityRow {
  readonly set: boolean | null
  readonly name: string
  readonly description: string
  readonly exposure: string | null
}

function readAdvice(json: string): SecurityScore['advice'] {
  const rows = JSON.parse(json) as readonly SecurityRow[]
  return rows
    .filter(({ set, exposure }) => set === false && exposure !== null)
    .map(({ name, description, exposure }) => ({ directive: name, about: description, exposure: Number(exposure) }))
    .sort((a, b) => b.exposure - a.exposure)
    .slice(0, mostAdvice)
}

async function withFiles<T>(files: readonly Pick<UnitFile, 'unit' | 'text'>[], work: (directory: string) => Promise<T>): Promise<T> {
  // Readable for the account alone, as mkdtemp makes it. Without a pause, so that the program is at work before the caller goes on.
  const directory = scratchDirectory()
  try {
    for (const { unit, text } of files) writeFileSync(join(directory, unit), text, { mode: 0o600 })
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Thousands of files are made sooner in memory, where there is a place for them. */
function scratchDirectory(): string {
  try {
    return mkdtempSync('/dev/shm/taskflows-verify-')
  } catch {
    return mkdtempSync(join(tmpdir(), 'taskflows-verify-'))
  }
}

interface Output {
  readonly stdout: string
  readonly stderr: string
}

/** With findings it ends with 1, which is no failure of ours. */
async function analyze(directory: string, options: readonly string[]): Promise<Output> {
  // Without the variable `--user` refuses to look at anything; what it holds does not matter. env(1) passes on all others.
  const given = [`XDG_RUNTIME_DIR=${directory}`, 'SYSTEMD_COLORS=0', 'SYSTEMD_LOG_LEVEL=info', 'SYSTEMD_LOG_TARGET=console', 'SYSTEMD_LOG_LOCATION=0', 'SYSTEMD_LOG_TIME=0']
  return new Promise((resolve, reject) => {
    execFile('env', [...given, 'systemd-analyze', ...options], { timeout: timeLimitMs, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error?.killed) reject(unavailable(`systemd-analyze gave no answer within ${timeLimitMs / 1000} s`))
      else if (error && (error.code === 127 || typeof error.code === 'string')) reject(unavailable('systemd-analyze is not installed', 'Install systemd (apt-get install systemd).'))
      else resolve({ stdout, stderr })
    })
  })
}

function unavailable(message: string, hint?: string): TaskflowsError {
  return new TaskflowsError('systemd.unavailable', message, hint === undefined ? {} : { hint })
}
