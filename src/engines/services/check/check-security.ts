/** What the exposure of a service means: what would lower it most, and whether it is too high. Pure; systemd counts it. */
import { type Finding, findingOf } from './check-finding.ts'
import type { ServiceDefinition } from '../service-definition.ts'

/** As `systemd-analyze security` counts: 0 (least exposed) to 10. */
export interface Exposure {
  readonly score: number
  /** `SAFE`, `OK`, `MEDIUM`, `EXPOSED`, `UNSAFE`, ... */
  readonly word: string
  /** The weightiest first. */
  readonly advice: readonly { readonly directive: string; readonly about: string; readonly exposure: number }[]
}

/** From `EXPOSED` on. */
const worthSaying = 7
const mostSaid = 3

/** @param hardened how exposed it would be under the profile that suits it; absent when it has one */
export function checkExposure(definition: ServiceDefinition, { score, word, advice }: Exposure, { hardened, maxScore }: { readonly hardened?: Exposure | undefined; readonly maxScore?: number | undefined }): Finding[] {
  const tooHigh = maxScore !== undefined && score > maxScore
  if (!tooHigh && score < worthSaying) return []
  const profile = hardened === undefined ? [] : [`hardening: '${profileFor(definition)}' makes it ${hardened.score} ${hardened.word}`]
  // A profile that is enough needs no more words.
  const enough = hardened !== undefined && hardened.score <= (maxScore ?? worthSaying)
  const directives = enough ? [] : (hardened?.advice ?? advice).filter(({ directive }) => isInReach(directive, definition)).map(({ directive, about, exposure }) => `${directive} (${exposure}: ${about})`)
  const ways = [...profile, ...directives].slice(0, mostSaid)
  return [findingOf(definition, {
    severity: tooHigh ? 'error' : 'advice', check: 'security', field: 'hardening',
    message: `exposure ${score} ${word}${tooHigh ? `, more than ${maxScore}` : ''}`, hint: ways.length === 0 ? null : `${ways.join('; ')}.`,
  })]
}

/** `batch` for what ends by itself, `web` for what stays. */
export function profileFor({ type, startSchedule }: ServiceDefinition): 'web' | 'batch' {
  return type === 'oneshot' || startSchedule !== undefined ? 'batch' : 'web'
}

/** What needs another root directory, a life without the network, or rights that the manager of an account does not have, is no advice. */
function isInReach(directive: string, definition: ServiceDefinition): boolean {
  if (/^RootDirectory|^PrivateNetwork|AF_\(INET/.test(directive)) return false
  return definition.scope === 'system' || /^(?:NoNewPrivileges|Restrict|SystemCall|LockPersonality|MemoryDenyWriteExecute|KeyringMode|UMask|IPAddress)/.test(directive)
}
