/**
 * What systemd-analyze(1) says of units, installed or not: `verify`, and the
 * exposure that `security` counts. Neither needs a manager or root.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServiceScope } from '../../engines/services/service-definition.ts'
import type { UnitFile, VerifyFinding } from '../../engines/services/service-manager.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { readFindings } from './verify-findings.ts'

/** Thousands of units take seconds. */
const timeLimitMs = 60_000

/** In one call, so that they know each other. @throws `systemd.unavailable` without systemd-analyze */
export async function verifyUnits(files: readonly Pick<UnitFile, 'unit' | 'text'>[], scope: ServiceScope): Promise<readonly VerifyFinding[]> {
  if (files.length === 0) return []
  return withFiles(files, async (directory) => {
    const paths = files.map(({ unit }) => join(directory, unit))
    const { stderr } = await analyze(directory, ['verify', `--${scope}`, '--man=no', '--generators=no', ...paths])
    if (/^Failed to (initialize|look)|unrecognized option/m.test(stderr)) throw unavailable(`systemd-analyze verify cannot look at units: ${stderr.trim()}`)
    return readFindings(stderr, files.map(({ unit }) => unit))
  })
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
export async function securityScore({ unit, text }: Pick<UnitFile, 'unit' | 'text'>, scope: ServiceScope): Promise<SecurityScore> {
  return withFiles([{ unit, text }], async (directory) => {
    const ask = (...options: readonly string[]) => analyze(directory, ['security', `--${scope}`, '--offline=true', '--no-pager', ...options, join(directory, unit)])
    const [overall, table] = await Promise.all([ask(), ask('--json=short')])
    const [, score, word] = /exposure level for .*: (\d+\.\d) ([A-Z]+)/.exec(overall.stdout) ?? []
    if (score === undefined || word === undefined) throw unavailable(`systemd-analyze security said nothing of ${unit}: ${overall.stderr.trim()}`)
    return { score: Number(score), word, advice: readAdvice(table.stdout) }
  })
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
  // Readable for the account alone, as mkdtemp makes it.
  const directory = await mkdtemp(join(tmpdir(), 'taskflows-verify-'))
  try {
    await Promise.all(files.map(({ unit, text }) => writeFile(join(directory, unit), text, { mode: 0o600 })))
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
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
