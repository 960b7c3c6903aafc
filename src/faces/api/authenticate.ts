/**
 * Finds out who calls. Signed requests are the host's admin; with security
 * disabled so is everybody on loopback.
 *
 * In two steps: `admit` looks at the headers alone, so that a stranger's body
 * is never read; `identify` has the body too.
 */
import type { IncomingMessage } from 'node:http'
import { type Signature, readSignature, verifySignature } from '../../access/hmac.ts'
import { isLoopbackAddress, isLoopbackHostHeader } from '../../access/loopback.ts'
import type { NonceStore } from '../../access/nonces.ts'
import { type Caller, anonymous } from '../../access/roles.ts'
import type { Security } from '../../access/security-file.ts'
import type { Clock } from '../../kernel/clock.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { hmacHeaders } from '../../kernel/hmac-signature.ts'
import type { Log } from '../../kernel/observe/log.ts'

export interface Authenticator {
  /** Whether callers have to show credentials. */
  required(): boolean
  /** What can be told from the headers. @throws `access.*` when it is already clear that the request fails */
  admit(request: IncomingMessage): Admission
  /** Who calls, once the body is there. @throws `access.*` */
  identify(admission: Admission, request: IncomingMessage, body: Uint8Array | string): Promise<Caller>
  /** Someone on this machine, whatever credentials are required: enough for `/metrics`. */
  isLocal(request: IncomingMessage): boolean
}

/** A caller that is known already, or a signature that awaits the body. */
export type Admission = { readonly caller: Caller } | { readonly signature: Signature; readonly secret: string }

export interface AuthenticatorOptions {
  /** The settings in force, looked at for every request: `followSecurity(home)`. */
  readonly security: () => Security
  readonly nonces: NonceStore
  readonly clock: Clock
  readonly log: Log
}

/** Whoever holds the secret of the host. */
const host: Caller = { name: 'host', role: 'admin', tenant: null }
const local: Caller = { name: 'local', role: 'admin', tenant: null }

export function createAuthenticator({ security, nonces, clock, log }: AuthenticatorOptions): Authenticator {
  let wasEnabled = true
  const settings = () => {
    const { hmac } = security()
    if (wasEnabled && !hmac.enabled) log.warn({}, 'SECURITY IS DISABLED: every program on this machine is admin without credentials. `tf api security setup` enables it again.')
    if (!wasEnabled && hmac.enabled) log.info({}, 'security is enabled again: requests must be signed')
    wasEnabled = hmac.enabled
    return hmac
  }
  return {
    required: () => settings().enabled,
    admit: (request) => {
      const { enabled, secret } = settings()
      if (!enabled) return { caller: localCaller(request) }
      refuseBearer(request)
      return { signature: readSignature(request.headers, clock.now()), secret }
    },
    identify: async (admission, request, body) => {
      if ('caller' in admission) return admission.caller
      const { signature, secret } = admission
      verifySignature(signature, { method: request.method!, path: request.url!, body }, secret)
      if (await nonces.remember(signature.nonce)) return host
      throw new TaskflowsError('access.replayed', `the nonce ${signature.nonce} was used before`)
    },
    isLocal: (request) => isFromThisMachine(request) && isLoopbackHostHeader(request.headers.host) && !isCrossSite(request),
  }
}

/** With security disabled: refuses what a web page could make the browser of this machine send. */
function localCaller(request: IncomingMessage): Caller {
  if (!isFromThisMachine(request)) {
    throw new TaskflowsError('access.unauthenticated', 'security is disabled on this server, so it answers loopback callers only', { hint: 'Run `tf api security setup` on the server, and sign the requests.' })
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

function isCrossSite({ headers }: IncomingMessage): boolean {
  if (headers['sec-fetch-site'] === 'cross-site') return true
  return headers.origin !== undefined && headers.origin !== `http://${headers.host ?? ''}`
}

function refuseBearer({ headers }: IncomingMessage): void {
  if (headers.authorization === undefined || headers[hmacHeaders.signature] !== undefined) return
  throw new TaskflowsError('access.unauthenticated', 'this server knows no tokens: the Authorization header is not looked at', { hint: 'Sign the request with HMAC: X-HMAC-Timestamp, X-HMAC-Nonce, X-HMAC-Signature (docs/reference/rest.md).' })
}

/** For operations that are public. */
export const noAdmission: Admission = { caller: anonymous }
