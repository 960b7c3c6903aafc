/** Audits .env files: whether git would commit one that holds secrets, and whether others can read it. */
import { execFile } from 'node:child_process'
import { readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { messageOf } from '../kernel/errors.ts'
import { readText } from '../kernel/read-text.ts'
import { type Finding, fail, ok, skipped, warn } from './finding.ts'

const check = '.env files'
const mostBytes = 1024 * 1024

/** @param place git is asked about it and everything below, modes are looked at in it alone */
export async function* auditEnvFiles(place: string): AsyncGenerator<Finding> {
  try {
    const directory = realpathSync(place)
    yield await auditGit(directory)
    const open = readdirSync(directory).filter(isEnvFile).map((name) => join(directory, name)).filter((path) => isOpen(path) && holdsSecret(path))
    for (const path of open) yield warn(check, `${path} holds secrets and can be read by others`, `chmod 600 ${path}`)
  } catch (error) {
    yield skipped(check, `not examined: ${messageOf(error)}`)
  }
}

async function auditGit(directory: string): Promise<Finding> {
  const listed = await committable(directory)
  if ('reason' in listed) return skipped(check, `not examined: ${listed.reason}`)
  const exposed = listed.paths.filter(holdsSecret)
  if (exposed.length === 0) return ok(check, `git would commit none with secrets in or below ${directory}`)
  return fail(check, `git commits, or would commit, ${exposed.join(', ')}`, 'Add .env to .gitignore; git rm --cached what is tracked, and replace the secrets in it.')
}

/** A repository may name a program for git to run; looking must not run it. */
const quietly = ['-c', 'core.fsmonitor=false']

/** Those that are tracked, or that `git add .` would take. */
async function committable(directory: string): Promise<{ readonly paths: readonly string[] } | { readonly reason: string }> {
  try {
    const { stdout } = await promisify(execFile)('git', [...quietly, 'ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', '.env*', '**/.env*'], { cwd: directory, timeout: 10_000, maxBuffer: 16 * 1024 ** 2 })
    return { paths: [...new Set(stdout.split('\0'))].filter((path) => isEnvFile(basename(path))).map((path) => join(directory, path)) }
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    if (code === 'ENOENT') return { reason: 'git is not installed' }
    return { reason: /not a git repository/.test(stderr ?? '') ? `${directory} is in no git repository` : `git failed: ${(stderr ?? '').trim().split('\n')[0]}` }
  }
}

/** Those that show how one looks are meant to be committed. */
function isEnvFile(name: string): boolean {
  return /^\.env(\..+)?$/.test(name) && !/\.(example|sample|template|dist|defaults)$/.test(name)
}

const secretLine = /^\s*(?:export\s+)?\w*(?:SECRET|TOKEN|PASSWORD|PASSWD|PWD|CREDENTIAL|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|WEBHOOK)\w*\s*=\s*["']?[^\s"'#$]/im
const urlWithPassword = /:\/\/[^\s:@/]*:[^\s@/]+@/

/** A reference to something else, `TOKEN=$TOKEN`, is none. */
function holdsSecret(path: string): boolean {
  const found = readText(path, mostBytes)
  return found !== undefined && 'text' in found && (secretLine.test(found.text) || urlWithPassword.test(found.text))
}

function isOpen(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && (stat.mode & 0o077) !== 0
}
