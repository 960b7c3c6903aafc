/**
 * Connections over TLS that carry nothing before the certificate at their other
 * end is believed; `trust.ts` decides which is. Loaded for https:// only.
 */
import { Agent } from 'node:https'
import { isIP } from 'node:net'
import { type TLSSocket, connect } from 'node:tls'
import { TaskflowsError } from '../errors.ts'
import { type Fingerprint, fingerprintOf } from './fingerprint.ts'
import { type Presented, type Trust, refusalOf } from './trust.ts'

/** How long a connection and its handshake may take, in milliseconds. */
export const connectWithinMs = 10_000

/** The certificate that answers there, whatever it is: for a person to compare. @throws `server.unreachable` */
export async function lookAtCertificate(server: URL): Promise<{ readonly fingerprint: Fingerprint; readonly validTo: Date }> {
  const socket = await handshake(server, {})
  try {
    const { fingerprint256, validTo } = socket.getPeerX509Certificate()!
    return { fingerprint: fingerprintOf({ fingerprint256 }), validTo: new Date(validTo) }
  } finally {
    socket.destroy()
  }
}

/** For requests of `node:https` to this server alone. They fail with `server.untrusted` or `server.unreachable`, and then nothing was sent. */
export function createSecureAgent(server: URL, trust: Trust): Agent {
  // Requests wait for the socket that `connected` is given, so theirs is the first byte behind the handshake.
  const createConnection = (_options: unknown, connected: (error: Error | null, socket?: TLSSocket) => void): void => {
    openTrusted(server, trust).then((socket) => connected(null, socket), (error: Error) => connected(error))
  }
  return Object.assign(new Agent({ keepAlive: true }), { createConnection: createConnection as unknown as Agent['createConnection'] })
}

async function openTrusted(server: URL, trust: Trust): Promise<TLSSocket> {
  const socket = await handshake(server, trust)
  const refusal = refusalOf(server.origin, trust, presentedBy(socket))
  if (refusal === undefined) return socket
  socket.destroy()
  throw refusal
}

function presentedBy(socket: TLSSocket): Presented {
  const error = socket.authorizationError as Error & { code?: string } | string | null
  return {
    fingerprint: fingerprintOf(socket.getPeerX509Certificate()!),
    problem: socket.authorized ? undefined : typeof error === 'string' ? error : (error?.code ?? error?.message ?? 'it cannot be verified'),
  }
}

/** Resolves once keys are agreed upon. Node's own judgement does not end it, because a pinned certificate has none to fear. */
function handshake(server: URL, { ca }: Trust): Promise<TLSSocket> {
  const host = server.hostname.replace(/^\[(.*)\]$/, '$1')
  return new Promise((resolve, reject) => {
    const socket = connect({
      host, port: Number(server.port || 443), minVersion: 'TLSv1.2', rejectUnauthorized: false,
      ...(isIP(host) === 0 && { servername: host }), ...(ca !== undefined && { ca }),
    })
    const late = setTimeout(() => socket.destroy(new Error(`no connection within ${connectWithinMs / 1000} s`)), connectWithinMs)
    socket.once('close', () => clearTimeout(late))
    socket.once('error', (error) => reject(unreachable(server, error)))
    socket.once('secureConnect', () => {
      clearTimeout(late)
      resolve(socket)
    })
  })
}

function unreachable(server: URL, error: NodeJS.ErrnoException): TaskflowsError {
  const speaksPlainly = /SSL|EPROTO|TLS/.test(error.code ?? '') && /wrong version number|packet length too long|http request/i.test(error.message)
  const reason = speaksPlainly ? 'what answers there does not speak TLS' : error.message
  return new TaskflowsError('server.unreachable', `no taskflows server answers at ${server.origin}: ${reason}`, {
    details: { url: server.origin }, cause: error,
    ...(speaksPlainly && { hint: `Name it with http:// if it has no certificate: http://${server.host}` }),
  })
}
