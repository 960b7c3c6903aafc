/** Audits the secrets themselves: whether they are asked for, hard to guess, changed from time to time, and kept where they should be. */
import { statSync } from 'node:fs'
import { securityPath, securityStatus } from '../access/security-file.ts'
import type { Explanation } from '../config.ts'
import { settings, settingsToCome } from '../config.ts'
import { type TaskflowsError, messageOf } from '../kernel/errors.ts'
import { type Finding, fail, ok, skipped, warn } from './finding.ts'

const dayMs = 86_400_000
/** How long a secret may stay the same. */
const rotationDays = 90
/** What cannot be guessed by trying (NIST SP 800-57: 112 bits and more). */
const enoughBits = 112

export function* auditSecrets(explanation: Explanation, home: string, nowMs: number): Generator<Finding> {
  yield* auditHostSecret(home, nowMs)
  yield* auditEnvironment(explanation)
  yield* auditPasswords(explanation)
}

function* auditHostSecret(home: string, nowMs: number): Generator<Finding> {
  const regenerate = 'tf api security setup --regenerate-secret'
  try {
    const security = securityStatus(home)
    if (security === undefined) return yield skipped('signatures', 'there is no secret yet: the first tf serve makes one, and asks for signatures')
    yield security.hmac.enabled ? ok('signatures', 'requests must be signed') : fail('signatures', 'disabled: every program on this machine is admin', 'tf api security setup')
    const bits = Math.floor(bitsOf(security.hmac.secret))
    yield bits >= enoughBits ? ok('secret strength', `about ${bits} bits`) : warn('secret strength', `about ${bits} bits, expected ${enoughBits}: it is short of different characters`, regenerate)
    const days = Math.floor((nowMs - statSync(securityPath(home)).mtimeMs) / dayMs)
    yield days <= rotationDays ? ok('secret age', `${days} days`) : warn('secret age', `${days} days, and it should change every ${rotationDays}`, regenerate)
  } catch (error) {
    yield fail('signatures', messageOf(error), (error as TaskflowsError).hint ?? regenerate)
  }
}

/** What the characters of a text can hold at most, going by how often each comes (Shannon). */
export function bitsOf(secret: string): number {
  const counts = Map.groupBy(secret, (character) => character)
  const perCharacter = [...counts.values()].reduce((bits, { length }) => bits - (length / secret.length) * Math.log2(length / secret.length), 0)
  return perCharacter * secret.length
}

/** Every program of the account, and whoever sees its dumps and crash reports, can read the environment. */
function* auditEnvironment({ settings: explained, toCome }: Explanation): Generator<Finding> {
  const plain = Object.values({ ...explained, ...toCome }).filter(({ secretInPlain, source }) => secretInPlain && /^[A-Z]/.test(source)).map(({ source }) => source)
  yield plain.length === 0
    ? ok('secrets in the environment', 'none')
    : warn('secrets in the environment', `${plain.join(', ')}: as they are`, 'Keep each in a file of mode 0600, and refer to it in config.yaml: token: ${file:PATH}')
}

const shortestPassword = 12
const shortestSigningSecret = 32

function* auditPasswords({ toCome }: Explanation): Generator<Finding> {
  for (const [name, least] of [['adminPassword', shortestPassword], ['jwtSecret', shortestSigningSecret]] as const) {
    const { value } = toCome[name]!
    const { env } = { ...settings, ...settingsToCome }[name]
    if (typeof value === 'string' && value.length < least) yield fail('passwords', `${env} has ${value.length} characters, expected ${least} or more`, `Choose a longer one for ${env}.`)
  }
}
