/**
 * Which certificate of a server is believed: exactly the one that was pinned,
 * else one that an authority signed for this name and these days. Pure.
 */
import { TaskflowsError } from '../errors.ts'
import { type Fingerprint } from './fingerprint.ts'

export interface Trust {
  /** The one certificate that is believed, whoever signed it, whatever names and days stand in it. */
  readonly fingerprint?: Fingerprint
  /** PEM of the authorities that are believed, in place of those that Node knows. */
  readonly ca?: string
}

/** What the handshake showed. */
export interface Presented {
  readonly fingerprint: Fingerprint
  /** Why Node does not believe it, such as `DEPTH_ZERO_SELF_SIGNED_CERT`. */
  readonly problem: string | undefined
}

/** Why nothing may be said to the server at `origin`. */
export function refusalOf(origin: string, { fingerprint: pinned }: Trust, { fingerprint, problem }: Presented): TaskflowsError | undefined {
  if (pinned !== undefined) return pinned === fingerprint ? undefined : otherCertificate(origin, pinned, fingerprint)
  if (problem === undefined) return undefined
  return new TaskflowsError('server.untrusted', `the certificate of ${origin} is not believed: ${reasons[problem] ?? problem}; its fingerprint is ${fingerprint}`, {
    details: { url: origin, presented: fingerprint, reason: problem },
    hint: 'Compare the fingerprint with what `tf api security certificate` shows on that host, then pin it: tf servers add NAME URL --fingerprint SHA256:... Or name the authority that signed it in TASKFLOWS_TLS_CA.',
  })
}

function otherCertificate(origin: string, expected: Fingerprint, presented: Fingerprint): TaskflowsError {
  return new TaskflowsError('server.untrusted', `${origin} shows another certificate than the one that is pinned: expected ${expected}, got ${presented}`, { details: { url: origin, expected, presented } })
}

/** In our words what OpenSSL and Node call it. */
const reasons: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'it was signed by an authority that is not known',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'it was signed by an authority that is not known',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'it was signed by an authority that is not known',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it was made for another name',
}
