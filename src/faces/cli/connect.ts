/**
 * Where the operations are: at the server that was named, else at the server of
 * this home, else in this process.
 *
 * The secret of this home signs requests to its own server and to a named one
 * on this machine; it is never used for another machine.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isLoopbackName } from '../../access/loopback.ts'
import { securityStatus } from '../../access/security-file.ts'
import { type Client, createClient } from '../../client/create-client.ts'
import { createHttpTransport } from '../../client/http-transport.ts'
import type { Config } from '../../config.ts'
import type { TaskflowsContract } from '../../contract/index.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { routes } from './manifest.ts'
import type { Talk } from './output/talk.ts'
import { serverUrl } from './server-address.ts'

export interface Connection extends AsyncDisposable {
  readonly client: Client<TaskflowsContract>
}

/** How long the server of this home has to answer before the work is done without it. */
const answerWithinMs = 1000

export async function connect({ config, talk }: { readonly config: Config; readonly talk: Talk }): Promise<Connection> {
  if (config.server !== null) return named(serverUrl(config.server), config)
  const own = await ownServer(config.home)
  return own === undefined ? inProcess(config, talk) : overHttp(own, credentials(config, true))
}

function named(url: string, config: Config): Connection {
  return overHttp(url, credentials(config, isLoopbackName(new URL(url).hostname)))
}

function credentials({ token, home }: Config, ours: boolean): { readonly token?: string; readonly secret?: string } {
  if (token !== null) return { token }
  const secret = ours ? securityStatus(home)?.hmac.secret : undefined
  return secret === undefined ? {} : { secret }
}

function overHttp(url: string, identity: { readonly token?: string; readonly secret?: string }, timeoutMs?: number): Connection {
  const transport = createHttpTransport({ url, routes, ...identity, ...(timeoutMs !== undefined && { timeoutMs }) })
  return { client: createClient(transport), [Symbol.asyncDispose]: async () => {} }
}

async function inProcess(config: Config, talk: Talk): Promise<Connection> {
  const { openLocal } = await import('../../app.ts')
  const { client, close } = await openLocal(config, { onProgress: talk.progress })
  talk.progress('')
  return { client, [Symbol.asyncDispose]: close }
}

/** The URL that the server of this home wrote down, if a taskflows server answers there. */
async function ownServer(home: string): Promise<string | undefined> {
  const url = await recordedUrl(join(home, 'run', 'server.json'))
  if (url === undefined) return undefined
  try {
    await overHttp(url, {}, answerWithinMs).client.system.health({})
  } catch (thrown) {
    // One that answers with its troubles is there; the call itself will tell them.
    if (!(thrown instanceof TaskflowsError) || thrown.code === 'server.unreachable') return undefined
  }
  return url
}

async function recordedUrl(path: string): Promise<string | undefined> {
  try {
    return new URL((JSON.parse(await readFile(path, 'utf8')) as { url: string }).url).origin
  } catch {
    return undefined
  }
}
