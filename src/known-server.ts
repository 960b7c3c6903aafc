/**
 * Which server this process talks to, with which credential, and which
 * certificate it believes: the one that was named, else that of its home.
 * Whether it answers is seen when it is asked.
 *
 * The secret of this home signs requests to its own server and to one on this
 * machine; it is never used for another machine. Servers of the list
 * (`access/server-list.ts`) bring their own.
 */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isLoopbackName } from './access/loopback.ts'
import { securityPath, securityStatus } from './access/security-file.ts'
import { type ListedServer, adoptOlderList, allServers, listServers } from './access/server-list.ts'
import { type Config, settings } from './config.ts'
import { TaskflowsError, messageOf } from './kernel/errors.ts'
import { serverRecordPath, serverUrl } from './kernel/server-address.ts'
import { type Fingerprint, fingerprintOf } from './kernel/tls/fingerprint.ts'
import type { Trust } from './kernel/tls/trust.ts'

export interface KnownServer extends Trust {
  /** Without a slash at the end. */
  readonly url: string
  /** Sent as `Authorization: Bearer`; wins over the secret. */
  readonly token?: string
  /** Signs each request. */
  readonly secret?: string
}

type Where = Pick<Config, 'server' | 'home' | 'token' | 'tlsCa'>

/**
 * The server of the configuration: one of the list, else an address.
 * @throws `cli.usage` when it is neither, `servers.invalid`, `config.invalid` for the authorities
 */
export function namedServer(config: Where): KnownServer | undefined {
  const { server } = config
  if (server === null) return undefined
  const listed = server.includes('://') ? undefined : knownServers(config.home).find(({ name }) => name === server)
  return listedServer(listed ?? { url: serverUrl(server) }, config)
}

/** How a server of the list is reached. One that has no credential there is shown what an address would be shown. */
export function listedServer({ url, token, secret, fingerprint }: Omit<ListedServer, 'name'>, config: Where): KnownServer {
  const { protocol, hostname } = new URL(url)
  const credential = token !== undefined ? { token } : secret !== undefined ? { secret } : credentials(config, isLoopbackName(hostname))
  const ca = protocol === 'https:' && config.tlsCa !== null ? readAuthorities(config.tlsCa) : undefined
  return { url, ...credential, ...(ca !== undefined && { ca }), ...(fingerprint && { fingerprint }) }
}

/** The server that this home has on record. A server that was stopped has taken its word back. */
export function homeServer(config: Where): KnownServer | undefined {
  const record = recordedServer(config.home)
  return record && { ...record, ...credentials(config, true) }
}

/** The same without a credential: for what everybody may ask. */
export function recordedServer(home: string): Pick<KnownServer, 'url' | 'fingerprint'> | undefined {
  try {
    const { url, certificate } = JSON.parse(readFileSync(serverRecordPath(home), 'utf8')) as { url: string; certificate?: string }
    const fingerprint = certificate === undefined ? undefined : fingerprintOfFile(certificate)
    return { url: new URL(url).origin, ...(fingerprint && { fingerprint }) }
  } catch {
    return undefined
  }
}

/** Whether a server is named, or one was ever started in this home: it may be away just now. */
export function hasServer({ server, home }: Pick<Config, 'server' | 'home'>): boolean {
  return server !== null || existsSync(securityPath(home))
}

/** The status of its page `/health`, for which nobody has to be known. @throws when it does not answer within `patienceMs` */
export async function healthOf({ url, ...trust }: KnownServer, patienceMs: number): Promise<number> {
  const { destinationOf, openExchange } = await import('./client/http-exchange.ts')
  const destination = await destinationOf(new URL(url), trust)
  const answer = await openExchange(destination, { method: 'GET', path: '/health', body: undefined }, { connection: 'close' }, AbortSignal.timeout(patienceMs))
  answer.resume()
  return answer.statusCode!
}

/** The list of this home, with what an earlier version had when there is none yet. @throws `servers.invalid` */
export function knownServers(home: string): readonly ListedServer[] {
  if (home === settings.home.default) adoptOlderList(home, [join(homedir(), '.taskflows', 'data', 'servers.json'), '/opt/taskflows/data/servers.json'])
  return listServers(home)
}

/** What several values of `--server` name, each once, in their order; `all` is every server of the list. @throws `servers.not_found` when that is empty */
export function serverNames(given: readonly string[], home: string): readonly string[] {
  const listed = given.includes(allServers) ? knownServers(home).map(({ name }) => name) : []
  if (given.includes(allServers) && listed.length === 0) throw new TaskflowsError('servers.not_found', 'the list of servers is empty', { hint: 'tf servers add NAME URL' })
  return [...new Set(given.flatMap((name) => (name === allServers ? listed : [name])))]
}

function credentials({ token, home }: Where, ours: boolean): Pick<KnownServer, 'token' | 'secret'> {
  if (token !== null) return { token }
  const secret = ours ? securityStatus(home)?.hmac.secret : undefined
  return secret === undefined ? {} : { secret }
}

function readAuthorities(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new TaskflowsError('config.invalid', `${settings.tlsCa.env}: ${path} cannot be read: ${messageOf(cause)}`, { details: { setting: 'tlsCa' }, cause })
  }
}

/** Of the file that the server of this home shows: it may have been renewed since. */
function fingerprintOfFile(path: string): Fingerprint | undefined {
  try {
    return fingerprintOf(new X509Certificate(readFileSync(path)))
  } catch {
    return undefined
  }
}
