/**
 * Finds out who calls: whoever shows a token is that token's caller, signed
 * requests are the host's admin; with security disabled so is everybody else on
 * loopback.
 *
 * In two steps: `admit` looks at the headers alone, so that a stranger's body
 * is never read; `identify` has the body too, which a signature covers.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { readBearer, showsBearer } from '../../access/bearer.ts'
import { type Signature, readSignature, verifySignature } from '../../access/hmac.ts'
import { isLoopbackAddress, isLoopbackHostHeader } from '../../access/loopback.ts'
import type { NonceStore } from '../../access/nonces.ts'
import { type Caller, anonymous } from '../../access/roles.ts'
import type { Security } from '../../access/security-file.ts'
import { type TokenStore, callerOf } from '../../access/tokens.ts'
import type { Clock } from '../../kernel/clock.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/observe/log.ts'
import { createCallLimit, createGuessLimit } from './rate-limit.ts'

export interface Authenticator {
  /** Whether callers have to show credentials. */
  required(): boolean
  /** What can be told from the headers. @throws `access.*` when it is already clear that the request fails */
  admit(request: IncomingMessage): Promise<Admission>
  /** Who calls, once the body is there. @throws `access.*` */
  identify(admission: Admission, request: IncomingMessage, body: Uint8Array | string): Promise<Identity>
  /** Whether the same credentials would be good now, for answers that go on for long. */
  isStillGood(admission: Admission): Promise<boolean>
  /** Someone on this machine, whatever credentials are required: enough for `/metrics`. */
  isLocal(request: IncomingMessage): boolean
}

/** A caller that is known already, by a token if there is a credential; or a signature that awaits the body. */
export type Admission = { readonly caller: Caller; readonly credential?: string } | { readonly signature: Signature; readonly secret: string }

export interface Identity {
  readonly caller: Caller
  /**
   * Rejects when the request was seen before. Nothing may be changed or answered before it resolves; what only reads may
   * be prepared meanwhile.
   */
  readonly confirmed: Promise<void>
}

export interface AuthenticatorOptions {
  /** The settings in force, looked at for every request: `followSecurity(home)`. */
  readonly security: () => Security
  readonly nonces: NonceStore
  readonly tokens: Pick<TokenStore, 'find'>
  /** Requests per second of each caller, 0 for any number; `null` for 1,000 with a token and any number without. */
  readonly rateLimit: number | null
  readonly clock: Clock
  readonly log: Log
}

/** Whoever holds the secret of the host. */
const host: Caller = { name: 'host', role: 'admin', tenant: null }
const local: Caller = { name: 'local', role: 'admin', tenant: null }

const alreadyConfirmed = Promise.resolve()

const usualTokenRate = 1_000

export function createAuthenticator({ security, nonces, tokens, rateLimit, clock, log }: AuthenticatorOptions): Authenticator {
  const settings = announcing(security, log)
  const warnOfPlainHttp = plainHttpWarning(log)
  const guesses = createGuessLimit(clock)
  const countCall = createCallLimit(clock)

  const admitToken = async (credential: string, request: IncomingMessage): Promise<Admission> => {
    const token = await tokens.find(credential)
    if (token === undefined) {
      throw new TaskflowsError('access.unauthenticated', 'the token is unknown, revoked or expired', { hint: 'An admin can create another: tf api tokens create NAME.' })
    }
    warnOfPlainHttp(request)
    const caller = callerOf(token)
    countCall(caller.name, token.rateLimit ?? rateLimit ?? usualTokenRate)
    return { caller, credential }
  }
  const admitLocal = (request: IncomingMessage): Admission => {
    const caller = localCaller(request)
    countCall(caller.name, rateLimit ?? 0)
    return { caller }
  }
  const refuseReplay = async ({ nonce }: Signature): Promise<void> => {
    if (await nonces.remember(nonce)) return
    throw new TaskflowsError('access.replayed', `the nonce ${nonce} was used before`)
  }

  return {
    required: () => settings().enabled,
    admit: async (request) => {
      const { enabled, secret } = settings()
      if (!enabled && !showsBearer(request.headers)) return admitLocal(request)
      guesses.refuse(request)
      return guesses.watch(request, async () => {
        const credential = readBearer(request.headers)
        return credential === undefined ? { signature: readSignature(request.headers, clock.now()), secret } : admitToken(credential, request)
      })
    },
    identify: async (admission, request, body) => {
      if ('caller' in admission) return { caller: admission.caller, confirmed: alreadyConfirmed }
      const { signature, secret } = admission
      await guesses.watch(request, async () => verifySignature(signature, { method: request.method!, path: request.url!, body }, secret))
      countCall(host.name, rateLimit ?? 0)
      const confirmed = guesses.watch(request, () => refuseReplay(signature))
      // Whoever prepares an answer meanwhile may fail first.
      confirmed.catch(() => {})
      return { caller: host, confirmed }
    },
    isStillGood: async (admission) => {
      if ('secret' in admission) return settings().secret === admission.secret
      if (admission.credential !== undefined) return (await tokens.find(admission.credential)) !== undefined
      return admission.caller !== local || !settings().enabled
    },
    isLocal: (request) => isFromThisMachine(request) && isLoopbackHostHeader(request.headers.host) && !isCrossSite(request),
  }
}

/** The settings in force; what changes is said in the log. */
function announcing(security: () => Security, log: Log): () => Security['hmac'] {
  let wasEnabled = true
  return () => {
    const { hmac } = security()
    if (wasEnabled && !hmac.enabled) log.warn({}, 'SECURITY IS DISABLED: every program on this machine is admin without credentials. `tf api security setup` enables it again.')
    if (!wasEnabled && hmac.enabled) log.info({}, 'security is enabled again: requests must be signed or carry a token')
    wasEnabled = hmac.enabled
    return hmac
  }
}

/** Unlike a signature a token is on the wire as it is. Said once; a proxy that took the request over TLS says so. */
function plainHttpWarning(log: Log): (request: IncomingMessage) => void {
  let said = false
  return ({ socket, headers }) => {
    if (said || isEncrypted(socket) || isLoopbackAddress(socket.remoteAddress) || headers['x-forwarded-proto'] === 'https') return
    said = true
    log.warn({ remote_address: socket.remoteAddress }, 'a token came over plain HTTP from another machine: whoever is on the way can read it. Put TLS in front of this server (docs/reference/access.md)')
  }
}

function isEncrypted(socket: Socket): boolean {
  return 'encrypted' in socket
}

/** With security disabled: refuses what a web page could make the browser of this machine send. */
function localCaller(request: IncomingMessage): Caller {
  if (!isFromThisMachine(request)) {
    throw new TaskflowsError('access.unauthenticated', 'security is disabled on this server, so without a token it answers loopback callers only', { hint: 'Send Authorization: Bearer with an API token, or run `tf api security setup` on the server and sign the requests.' })
  }
  const { host: name, origin } = request.headers
  if (!isLoopbackHostHeader(name)) {
    throw new TaskflowsError('access.bad_host', `the Host header is ${JSON.stringify(name ?? '')}; with security disabled expected localhost, 127.0.0.1 or [::1]`)
  }
  if (isCrossSite(request)) throw new TaskflowsError('access.denied', `the request comes from the web page of another site: ${origin ?? 'unknown'}`)
  return local
}

/** The socket decides. A proxy on this machine has a loopback socket too, but says for whom it asks. */
function isFromThisMachine({ socket, headers }: IncomingMessage): boolean {
  return isLoopbackAddress(socket.remoteAddress) && headers['x-forwarded-for'] === undefined && headers['forwarded'] === undefined
}

function isCrossSite({ headers, socket }: IncomingMessage): boolean {
  if (headers['sec-fetch-site'] === 'cross-site') return true
  return headers.origin !== undefined && headers.origin !== `${isEncrypted(socket) ? 'https' : 'http'}://${headers.host ?? ''}`
}

/** For operations that are public. */
export const noAdmission: Admission = { caller: anonymous }
