/**
 * A certificate that signs itself, for servers whose callers pin it. Node signs,
 * but makes no X.509: what is signed is written here, in the DER of RFC 5280
 * (`der.ts` has the encoding).
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import { bitString, boolean, context, integer, objectId, octetString, sequence, set, time, utf8String } from './der.ts'

export interface SelfSigned {
  /** PEM. */
  readonly cert: string
  /** PEM, PKCS #8. */
  readonly key: string
}

export interface SelfSignedOptions {
  /** Host names and IP addresses that it is made for; the first is its common name. */
  readonly names: readonly [string, ...string[]]
  /** Epoch milliseconds. */
  readonly from: number
  readonly until: number
}

/** ECDSA on P-256, for TLS servers. */
export function selfSignedCertificate({ names, from, until }: SelfSignedOptions): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(objectId('2.5.4.3'), utf8String(names[0].slice(0, 64)))))
  const signature = sequence(objectId('1.2.840.10045.4.3.2'))
  const body = sequence(
    context(0, integer(Uint8Array.of(2))),
    integer(serialNumber()),
    signature,
    name,
    sequence(time(from), time(until)),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
    context(3, sequence(...extensions(names))),
  )
  const cert = sequence(body, signature, bitString(sign('sha256', body, privateKey)))
  return { cert: pem('CERTIFICATE', cert), key: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string }
}

/** Positive, and no longer than 20 bytes (RFC 5280, 4.1.2.2). */
function serialNumber(): Uint8Array {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes
}

/** No authority, good for signatures, for servers, under these names. */
function extensions(names: readonly string[]): Uint8Array[] {
  return [
    extension('2.5.29.19', sequence(), { critical: true }),
    extension('2.5.29.15', bitString(Uint8Array.of(0x80), 7), { critical: true }),
    extension('2.5.29.37', sequence(objectId('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', sequence(...names.map(alternativeName))),
  ]
}

function extension(id: string, value: Uint8Array, { critical = false } = {}): Uint8Array {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), octetString(value))
}

/** RFC 5280, 4.2.1.6: `dNSName` is 2, `iPAddress` 7. */
function alternativeName(name: string): Uint8Array {
  return isIP(name) === 0 ? context(2, Buffer.from(name, 'latin1'), { primitive: true }) : context(7, addressBytes(name), { primitive: true })
}

function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split('.'), Number)
  // A URL has every IPv6 address in one form: without the dots of an embedded IPv4 address.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const groupsOf = (text: string | undefined) => (text === undefined || text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)))
  const [before, after] = [groupsOf(head), groupsOf(tail)]
  const groups = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

function pem(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64').match(/.{1,64}/g)!.join('\n')}\n-----END ${label}-----\n`
}
