/** What the texts of settings mean, whether they come from flags, variables or config.yaml. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseDuration } from '../kernel/duration.ts'
import type { Kind } from './setting.ts'

export const text: Kind<string> = {
  expected: 'text without control characters',
  parse: (given) => (/\p{Cc}/u.test(given) ? undefined : given),
}

/** A leading `~/` is the account's directory, also where no shell sees it. */
export const path: Kind<string> = {
  expected: 'a path',
  parse: (given, base) => (given.includes('\0') ? undefined : resolve(base, given.replace(/^~(?=\/|$)/, homedir()))),
}

/** No dots, spaces or slashes are wrong in all of them; whether it can be listened on is seen when that is tried. */
export const host: Kind<string> = {
  expected: 'a host name or an IP address',
  parse: (given) => (/^[\w.:%[\]-]+$/.test(given) ? given : undefined),
}

export const port: Kind<number> = {
  expected: 'a port from 0 (any free one) to 65535',
  parse: (given) => (/^\d{1,5}$/.test(given) && Number(given) <= 65_535 ? Number(given) : undefined),
}

export function whole(least: number, most: number): Kind<number> {
  const expected = most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`
  return { expected, parse: (given) => (/^\d{1,16}$/.test(given) && Number(given) >= least && Number(given) <= most ? Number(given) : undefined) }
}

const yes = ['1', 'true', 'yes', 'on']
const no = ['0', 'false', 'no', 'off']

export const yesNo: Kind<boolean> = {
  expected: 'yes or no (also 1, true, on; 0, false, off)',
  parse: (given) => (yes.includes(given.toLowerCase()) ? true : no.includes(given.toLowerCase()) ? false : undefined),
}

/** Upper and lower case count as the same. @param meant other words, and which of `words` each means */
export function oneOf<const W extends string>(words: readonly W[], meant: Readonly<Record<string, W>> = {}): Kind<W> {
  return {
    expected: `one of ${words.join(', ')}`,
    parse: (given) => words.find((word) => word === given.toLowerCase()) ?? new Map(Object.entries(meant)).get(given.toLowerCase()),
  }
}

/** Seconds. */
export const duration: Kind<number> = {
  expected: 'a duration such as 90 (seconds), 5m or 1h 30min',
  parse: (given) => {
    const ms = parseDuration(given)
    return ms === undefined ? undefined : ms / 1000
  },
}

/** A name of the IANA time zone database, or an offset such as +02:00. */
export const timeZone: Kind<string> = {
  expected: 'a time zone such as Europe/Berlin or UTC',
  parse: (given) => {
    try {
      return new Intl.DateTimeFormat('en', { timeZone: given }).resolvedOptions().timeZone
    } catch {
      return undefined
    }
  },
}

export const databaseUrl: Kind<string> = {
  expected: 'a URL such as postgres://user@host/database',
  parse: (given) => (/^postgres(ql)?:\/\//.test(given) && URL.canParse(given) ? given : undefined),
}

export const httpUrl: Kind<string> = {
  expected: 'a URL such as https://host/path',
  parse: (given) => (isHttpUrl(given) ? given : undefined),
}

/** Where http:// may be left out. */
export const httpAddress: Kind<string> = {
  expected: 'host:port or a URL such as http://localhost:3000',
  parse: (given) => (isHttpUrl(given.includes('://') ? given : `http://${given}`) ? given : undefined),
}

export const hostAndPort: Kind<string> = {
  expected: 'host:port, such as localhost:24224',
  parse: (given) => {
    const [, name = '', number = ''] = /^(.+):(\d+)$/.exec(given) ?? []
    return host.parse(name, '') !== undefined && port.parse(number, '') !== undefined ? given : undefined
  },
}

/** Names with commas between them. */
export const names: Kind<readonly string[]> = {
  expected: 'names with commas between them',
  parse: (given) => (/\p{Cc}/u.test(given) ? undefined : given.split(',').map((name) => name.trim()).filter((name) => name !== '')),
  many: true,
}

/** Joins a home and what lies below it, for defaults. */
export const inAccountHome = (...parts: readonly string[]): string => join(homedir(), ...parts)

function isHttpUrl(given: string): boolean {
  return /^https?:\/\/[^\s/?#]/.test(given) && URL.canParse(given)
}
