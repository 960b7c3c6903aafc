/** The names of fields in log lines: as JSON, and which of them hold what nobody may read. */
import { type LineId, lineIds } from './log-line.ts'
import { cutText, jsonText } from './log-text.ts'

/** As they are found in a name, ignoring case and what joins words: `dbPassword`, `X-Api-Key`. */
const secretWords = [
  'password', 'passwd', 'passphrase', 'secret', 'token', 'authorization', 'cookie', 'apikey', 'accesskey', 'privatekey', 'signingkey', 'credential',
] as const

export interface LogKey {
  /** With the colon: `"user_id":`. */
  readonly json: string
  /** Whether what stands under this name must not be shown. */
  readonly hides: (value: unknown) => boolean
  /** Set when it has a place at the top of the line. */
  readonly id: LineId | undefined
}

const longestKey = 256
/** Names come from data, too. */
const mostKept = 2_000

/** @param redact further names that hold secrets */
export function createLogKeys(redact: readonly string[] = []): (name: string) => LogKey {
  const further = new Set(redact.map(joined))
  const known = new Map<string, LogKey>()

  const judge = (name: string): LogKey['hides'] => {
    const word = joined(name)
    if (further.has(word) || secretWords.some((secret) => word.endsWith(secret))) return isSaid
    return secretWords.some((secret) => word.includes(secret)) ? isSaidInWords : () => false
  }

  return (name) => {
    const kept = known.get(name)
    if (kept) return kept
    const id = lineIds.find((one) => one === name)
    const key: LogKey = { json: `${jsonText(cutText(name, longestKey))}:`, hides: judge(name), id }
    if (known.size >= mostKept) known.clear()
    known.set(name, key)
    return key
  }
}

const isSaid = (value: unknown): boolean => value !== undefined

/** `token_count: 3` tells how many there are, `tokens: ['...']` which. */
const isSaidInWords = (value: unknown): boolean => value !== undefined && typeof value !== 'number' && typeof value !== 'boolean'

function joined(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}
