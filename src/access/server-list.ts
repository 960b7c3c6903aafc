/**
 * TASKFLOWS_HOME/servers.json: the servers that `tf` knows by name, each with
 * the credential it is shown and the certificate it must show. `tf servers`
 * changes it; which server a command talks to is decided in `known-server.ts`.
 */
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { TaskflowsError, messageOf } from '../kernel/errors.ts'
import { nearest } from '../kernel/nearest.ts'
import { serverUrl } from '../kernel/server-address.ts'
import { type Fingerprint, readFingerprint } from '../kernel/tls/fingerprint.ts'
import { readPrivateFile, replacePrivateFile, withFileLock } from './private-file.ts'

export interface ListedServer {
  readonly name: string
  /** Without a slash at the end. */
  readonly url: string
  /** An API token of that server. */
  readonly token?: string
  /** The secret of that host: signs requests, and is never sent. */
  readonly secret?: string
  /** Of the one certificate that is believed. */
  readonly fingerprint?: Fingerprint
}

/** Means every server of the list. */
export const allServers = 'all'

/** What `-s` takes for a name: nothing that a shell or a URL would read otherwise. */
export function isServerName(name: string): boolean {
  return /^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/i.test(name) && name.toLowerCase() !== allServers
}

export function serverListPath(home: string): string {
  return join(home, 'servers.json')
}

/** In the order in which they were added. @throws `servers.invalid` when the file is not what it should be, or open to others */
export function listServers(home: string): readonly ListedServer[] {
  const path = serverListPath(home)
  if (!exists(path)) return []
  const text = readPrivateFile(path, (problem, mend) => invalid(path, problem, mend && `${mend}; if others could log in meanwhile, replace the credentials in it.`))
  try {
    return parseList(JSON.parse(text))
  } catch (error) {
    // The message of JSON.parse may quote the text, and with it a credential.
    throw invalid(path, error instanceof SyntaxError ? 'is not JSON' : messageOf(error))
  }
}

/** @throws `servers.exists` unless it may `replace` the one of its name, which then keeps its place */
export function addServer(home: string, server: ListedServer, { replace = false }: { readonly replace?: boolean } = {}): void {
  change(home, (servers) => {
    const at = servers.findIndex(({ name }) => name === server.name)
    if (at === -1) return [...servers, server]
    if (!replace) throw new TaskflowsError('servers.exists', `a server named ${JSON.stringify(server.name)} is on the list: ${servers[at]!.url}`, { details: { name: server.name, url: servers[at]!.url }, hint: 'Add --replace, or choose another name.' })
    return servers.with(at, server)
  })
}

/** All of them or none. @throws `servers.not_found` */
export function removeServers(home: string, names: readonly string[]): void {
  change(home, (servers) => {
    for (const name of names) findServer(servers, name)
    return servers.filter(({ name }) => !names.includes(name))
  })
}

/** @throws `servers.not_found` */
export function findServer(servers: readonly ListedServer[], name: string): ListedServer {
  const found = servers.find((server) => server.name === name)
  if (found) return found
  const names = servers.map((server) => server.name)
  const meant = nearest(name, names)
  throw new TaskflowsError('servers.not_found', `there is no server named ${JSON.stringify(name)}`, { details: { name, names }, ...(meant !== undefined && { hint: `Did you mean ${meant}?` }) })
}

/**
 * Takes over the list of an earlier version, once: its file is removed where that is allowed, and not looked at again.
 * @param places where it may be
 */
export function adoptOlderList(home: string, places: readonly string[]): void {
  if (exists(serverListPath(home))) return
  for (const place of places) {
    const servers = readOlderList(place)
    if (servers.length === 0) continue
    change(home, (present) => (present.length === 0 ? servers : present))
    return removeIfAllowed(place)
  }
}

function change(home: string, rule: (servers: readonly ListedServer[]) => readonly ListedServer[]): void {
  const path = serverListPath(home)
  withFileLock(path, () => replacePrivateFile(path, `${JSON.stringify({ servers: rule(listServers(home)) }, null, 2)}\n`))
}

function parseList(value: unknown): ListedServer[] {
  const { servers } = Object(value) as { servers?: unknown }
  if (!Array.isArray(servers)) throw new Error('must be { "servers": [...] }')
  const parsed = servers.map(parseServer)
  const twin = parsed.find(({ name }, at) => parsed.findIndex((other) => other.name === name) !== at)
  if (twin) throw new Error(`names ${JSON.stringify(twin.name)} twice`)
  return parsed
}

/** Messages show no credential. */
function parseServer(value: unknown, at: number): ListedServer {
  const { name, url, token, secret, fingerprint, ...rest } = Object(value) as Record<string, unknown>
  const where = `servers[${at}]`
  if (typeof name !== 'string' || !isServerName(name)) throw new Error(`${where}.name must be letters, digits, ".", "_" and "-", got ${JSON.stringify(name)}`)
  if (typeof url !== 'string' || addressOf(url) === undefined) throw new Error(`${where}.url must be a URL such as https://10.0.0.7:7777, got ${JSON.stringify(url)}`)
  if (token !== undefined && !isToken(token)) throw new Error(`${where}.token must be text without blanks and control characters`)
  if (secret !== undefined && !isSecret(secret)) throw new Error(`${where}.secret must be text without control characters and without blanks at its ends`)
  const pinned = fingerprint === undefined ? undefined : readFingerprint(String(fingerprint))
  if (fingerprint !== undefined && pinned === undefined) throw new Error(`${where}.fingerprint must be SHA256: and 64 hexadecimal digits, got ${JSON.stringify(fingerprint)}`)
  const unknown = Object.keys(rest)[0]
  if (unknown !== undefined) throw new Error(`${where}.${unknown} is not known; expected name, url, token, secret or fingerprint`)
  return { name, url: addressOf(url)!, ...(token !== undefined && { token }), ...(secret !== undefined && { secret }), ...(pinned && { fingerprint: pinned }) }
}

/** Whether it can stand in a header as it is. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,4096}$/.test(value)
}

/** Whether a server could have it as its secret: `security-file.ts` takes the same. */
export function isSecret(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value === value.trim() && !/\p{Cc}/u.test(value) && value.isWellFormed()
}

function addressOf(text: string): string | undefined {
  try {
    return serverUrl(text)
  } catch {
    return undefined
  }
}

/**
 * Older lists had no credentials: `{ host: { public_ipv4 } }`, or `[{ address: "ip:7777", hostname }]`. What cannot be read
 * is left where it is.
 */
function readOlderList(path: string): ListedServer[] {
  try {
    const old = JSON.parse(readFileSync(path, 'utf8')) as unknown
    const pairs = Array.isArray(old)
      ? (old as { hostname?: unknown; address?: unknown }[]).map(({ hostname, address }) => [hostname, address])
      : Object.entries(Object(old) as Record<string, { public_ipv4?: unknown }>).map(([host, facts]) => [host, facts?.public_ipv4 ?? host])
    return pairs.flatMap(([name, address]) => {
      const url = typeof address === 'string' ? addressOf(address) : undefined
      return typeof name === 'string' && isServerName(name) && url !== undefined ? [{ name, url }] : []
    })
  } catch {
    return []
  }
}

function removeIfAllowed(path: string): void {
  try {
    rmSync(path)
  } catch {
    // It was another account's; ours is in place from now on.
  }
}

function invalid(path: string, problem: string, hint = 'Correct it, or remove it and add the servers again: tf servers add NAME URL.'): TaskflowsError {
  return new TaskflowsError('servers.invalid', `${path} ${problem}`, { details: { file: path }, hint })
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
