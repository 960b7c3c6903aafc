/**
 * TASKFLOWS_HOME/security.json: whether requests must be signed, and with which
 * secret. `tf api security` changes it, the server reads it, and a running
 * server follows each change at once.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { TaskflowsError, messageOf } from '../kernel/errors.ts'
import { createPrivateFile, readPrivateFile, replacePrivateFile } from './private-file.ts'

export interface Security {
  readonly hmac: {
    /** When false, callers on loopback are admin without a signature. */
    readonly enabled: boolean
    readonly secret: string
  }
}

/** The shortest secret that is accepted, in characters. */
export const shortestSecret = 32

export function securityPath(home: string): string {
  return join(home, 'security.json')
}

/**
 * The settings, made with a new secret when there are none yet: for the first `tf serve`.
 * @param legacyPath where an earlier version kept the file; its secret is taken over and the file removed.
 */
export function ensureSecurity(home: string, { legacyPath }: { readonly legacyPath?: string } = {}): Security {
  const path = securityPath(home)
  if (!exists(path)) {
    const legacy = legacyPath === undefined ? undefined : readLegacy(legacyPath)
    // Two servers that start for the first time at once agree on the file of the one that was quicker.
    createPrivateFile(path, textOf(legacy ?? withNewSecret()))
    if (legacy !== undefined) unlinkSync(legacyPath!)
  }
  return readSecurity(home)
}

/**
 * The settings as they are.
 * @throws `security.invalid` naming the file when it is missing, readable by others, or not what it should be
 */
export function readSecurity(home: string): Security {
  const path = securityPath(home)
  const text = readPrivateFile(path, (problem, mend) => invalid(path, problem, mend && `${mend}; if others could log in meanwhile, also: tf api security setup --regenerate-secret`))
  try {
    return parseSecurity(JSON.parse(text))
  } catch (error) {
    // The message of JSON.parse may quote the text, and with it the secret.
    throw invalid(path, error instanceof SyntaxError ? 'is not JSON' : messageOf(error))
  }
}

/** The settings, or `undefined` before the first `tf serve` or `tf api security setup`. */
export function securityStatus(home: string): Security | undefined {
  return exists(securityPath(home)) ? readSecurity(home) : undefined
}

/** Requires signatures from now on. Keeps the secret unless `regenerate`, which also replaces a broken file. */
export function setupSecurity(home: string, { regenerate = false }: { readonly regenerate?: boolean } = {}): Security {
  const current = regenerate ? undefined : securityStatus(home)
  return replaceFile(home, { hmac: { enabled: true, secret: current?.hmac.secret ?? newSecret() } })
}

/** Lets callers on loopback do everything without a signature. The secret is kept for a later `setup`. */
export function disableSecurity(home: string): Security {
  return replaceFile(home, { hmac: { enabled: false, secret: securityStatus(home)?.hmac.secret ?? newSecret() } })
}

/** Requires signatures with this secret. @throws `security.invalid` when it is too short or cannot be typed */
export function setSecret(home: string, secret: string): Security {
  const problem = problemOfSecret(secret)
  if (problem !== undefined) throw new TaskflowsError('security.invalid', `the secret ${problem}`, { hint: 'Or let `tf api security setup --regenerate-secret` make one.' })
  return replaceFile(home, { hmac: { enabled: true, secret } })
}

/**
 * The settings in force, for a server: each call looks whether the file has changed since the last.
 * @throws `security.invalid` as `readSecurity` does: a file that cannot be trusted lets nobody in
 */
export function followSecurity(home: string): () => Security {
  const path = securityPath(home)
  let known: { readonly version: string; readonly security: Security } | undefined
  return () => {
    const version = versionOf(path)
    if (known?.version !== version) known = { version, security: readSecurity(home) }
    return known.security
  }
}

/** Changes whenever the content may have: our writes make a new file, an editor's change the times. */
function versionOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? 'missing' : `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`
}

function parseSecurity(value: unknown): Security {
  const { hmac } = (value ?? {}) as { hmac?: { enabled?: unknown; secret?: unknown } }
  if (typeof hmac?.enabled !== 'boolean') throw new Error('hmac.enabled must be true or false')
  if (typeof hmac.secret !== 'string') throw new Error('hmac.secret must be text')
  const problem = problemOfSecret(hmac.secret)
  if (problem !== undefined) throw new Error(`hmac.secret ${problem}`)
  return { hmac: { enabled: hmac.enabled, secret: hmac.secret } }
}

function problemOfSecret(secret: string): string | undefined {
  if (secret.length < shortestSecret) return `must have at least ${shortestSecret} characters, not ${secret.length}`
  if (secret !== secret.trim() || /\p{Cc}/u.test(secret) || !secret.isWellFormed()) return 'must be text without control characters and without spaces at its ends'
  return undefined
}

function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

function withNewSecret(): Security {
  return { hmac: { enabled: true, secret: newSecret() } }
}

/** The older file had its fields at the top: `{ enable_hmac, hmac_secret }`. One without a usable secret is left alone. */
function readLegacy(path: string): Security | undefined {
  if (!exists(path)) return undefined
  try {
    const old = JSON.parse(readFileSync(path, 'utf8')) as { enable_hmac?: boolean; hmac_secret?: string }
    return parseSecurity({ hmac: { enabled: old.enable_hmac ?? true, secret: old.hmac_secret } })
  } catch {
    return undefined
  }
}

function invalid(path: string, problem: string, mend = 'Correct it, or make a new one: tf api security setup --regenerate-secret'): TaskflowsError {
  return new TaskflowsError('security.invalid', `${path} ${problem}`, { details: { file: path }, hint: mend })
}

function replaceFile(home: string, security: Security): Security {
  replacePrivateFile(securityPath(home), textOf(security))
  return security
}

function textOf(security: Security): string {
  return `${JSON.stringify(security, null, 2)}\n`
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
