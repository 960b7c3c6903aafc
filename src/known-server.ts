/**
 * Which server this process talks to, and with which credential: the one that
 * was named, else that of its home. Whether it answers is seen when it is asked.
 *
 * The secret of this home signs requests to its own server and to a named one
 * on this machine; it is never used for another machine.
 */
import { existsSync, readFileSync } from 'node:fs'
import { isLoopbackName } from './access/loopback.ts'
import { securityPath, securityStatus } from './access/security-file.ts'
import type { Config } from './config.ts'
import { serverRecordPath, serverUrl } from './kernel/server-address.ts'

export interface KnownServer {
  /** Without a slash at the end. */
  readonly url: string
  /** Sent as `Authorization: Bearer`; wins over the secret. */
  readonly token?: string
  /** Signs each request. */
  readonly secret?: string
}

type Where = Pick<Config, 'server' | 'home' | 'token'>

/** The server of the configuration. @throws `cli.usage` when it is no address */
export function namedServer(config: Where): KnownServer | undefined {
  if (config.server === null) return undefined
  const url = serverUrl(config.server)
  return { url, ...credentials(config, isLoopbackName(new URL(url).hostname)) }
}

/** The server that this home has on record. A server that was stopped has taken its word back. */
export function homeServer(config: Where): KnownServer | undefined {
  const url = recordedUrl(serverRecordPath(config.home))
  return url === undefined ? undefined : { url, ...credentials(config, true) }
}

/** Whether a server is named, or one was ever started in this home: it may be away just now. */
export function hasServer({ server, home }: Where): boolean {
  return server !== null || existsSync(securityPath(home))
}

function credentials({ token, home }: Where, ours: boolean): Pick<KnownServer, 'token' | 'secret'> {
  if (token !== null) return { token }
  const secret = ours ? securityStatus(home)?.hmac.secret : undefined
  return secret === undefined ? {} : { secret }
}

function recordedUrl(path: string): string | undefined {
  try {
    return new URL((JSON.parse(readFileSync(path, 'utf8')) as { url: string }).url).origin
  } catch {
    return undefined
  }
}
