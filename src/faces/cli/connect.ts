/**
 * Where the operations are: at the server that was named, else at the server of
 * this home, else in this process.
 */
import { existsSync } from 'node:fs'
import { isLoopbackName } from '../../access/loopback.ts'
import type { Client } from '../../client/create-client.ts'
import type { Config } from '../../config.ts'
import type { TaskflowsContract } from '../../contract/index.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { serverRecordPath } from '../../kernel/server-address.ts'
import type { KnownServer } from '../../known-server.ts'
import { defaults, routes } from './manifest.ts'
import type { Talk } from './output/talk.ts'

export interface Connection extends AsyncDisposable {
  readonly client: Client<TaskflowsContract>
  /** Of the server, if it is one. */
  readonly url?: string
}

/** How long the server of this home has to answer before the work is done without it. */
const answerWithinMs = 1000

/** @param area whose operations are wanted: services need no database, and in this process nothing else is there with them */
export async function connect({ config, talk }: { readonly config: Config; readonly talk: Talk }, area?: string): Promise<Connection> {
  return (await connectToServer(config, talk)) ?? (area === 'services' || area === 'environments' ? withServices(config, talk) : inProcess(config, talk))
}

/** For what only a server can tell: `undefined` when none is named and that of this home does not answer. @param talk told when what is said can be read on the way */
export async function connectToServer(config: Config, talk?: Pick<Talk, 'warn'>): Promise<(Connection & { readonly url: string }) | undefined> {
  // Where none is, neither a transport is loaded nor what it signs with.
  if (config.server === null && !existsSync(serverRecordPath(config.home))) return undefined
  const { homeServer, namedServer } = await import('../../known-server.ts')
  const named = namedServer(config)
  const timeoutMs = config.serverTimeoutSeconds * 1000
  if (named && !isPrivate(named)) talk?.warn(`${named.url} is asked without TLS: whoever is on the way can read and change what is said${named.token === undefined ? '' : ', and use the token'} (docs/guides/many-hosts.md)`)
  if (named) return overHttp(named, timeoutMs)
  const own = homeServer(config)
  return own && await answers(own) ? overHttp(own, timeoutMs) : undefined
}

/** Whether nobody on the way can read what is said. */
export function isPrivate({ url }: Pick<KnownServer, 'url'>): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || isLoopbackName(hostname)
}

export async function overHttp(server: KnownServer, timeoutMs: number): Promise<Connection & { readonly url: string }> {
  const [{ createClient }, { createHttpTransport }] = await Promise.all([import('../../client/create-client.ts'), import('../../client/http-transport.ts')])
  const { url } = server
  const transport = createHttpTransport({ ...server, routes, timeoutMs })
  return { url, client: createClient(transport), [Symbol.asyncDispose]: async () => {} }
}

async function inProcess(config: Config, talk: Talk): Promise<Connection> {
  const { openLocal } = await import('../../app.ts')
  const { client, close } = await openLocal(config, { onProgress: talk.progress })
  talk.progress('')
  return { client, [Symbol.asyncDispose]: close }
}

async function withServices(config: Config, talk: Talk): Promise<Connection> {
  const { openLocalServices } = await import('../../local-services.ts')
  const { client, close } = openLocalServices(config, { defaults, onProgress: talk.progress })
  return { client, [Symbol.asyncDispose]: close }
}

/** Whether a taskflows server answers there. */
async function answers({ url, fingerprint }: KnownServer): Promise<boolean> {
  try {
    await (await overHttp({ url, ...(fingerprint && { fingerprint }) }, answerWithinMs)).client.system.health({})
  } catch (thrown) {
    // One that answers with its troubles is there; the call itself will tell them.
    if (!(thrown instanceof TaskflowsError) || thrown.code === 'server.unreachable') return false
  }
  return true
}
