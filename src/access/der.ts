/** The few types of ASN.1 that a certificate is made of, in DER (ITU-T X.690). Pure; `self-signed-certificate.ts` says what is written. */

/** @param bytes unsigned, the most significant first; without leading zeros */
export function integer(bytes: Uint8Array): Uint8Array {
  return tagged(0x02, bytes[0]! < 0x80 ? bytes : Buffer.concat([Uint8Array.of(0), bytes]))
}

export function boolean(value: boolean): Uint8Array {
  return tagged(0x01, Uint8Array.of(value ? 0xff : 0))
}

/** @param unused how many of the last bits mean nothing */
export function bitString(bytes: Uint8Array, unused = 0): Uint8Array {
  return tagged(0x03, Buffer.concat([Uint8Array.of(unused), bytes]))
}

export function octetString(bytes: Uint8Array): Uint8Array {
  return tagged(0x04, bytes)
}

/** @param dotted such as `2.5.4.3` */
export function objectId(dotted: string): Uint8Array {
  const [first, second, ...rest] = dotted.split('.').map(Number) as [number, number, ...number[]]
  return tagged(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)))
}

export function utf8String(text: string): Uint8Array {
  return tagged(0x0c, Buffer.from(text, 'utf8'))
}

/** UTCTime until 2049, GeneralizedTime from then on, to the second (RFC 5280, 4.1.2.5). @param ms since the epoch */
export function time(ms: number): Uint8Array {
  const digits = `${new Date(ms).toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`
  return new Date(ms).getUTCFullYear() < 2050 ? tagged(0x17, Buffer.from(digits.slice(2), 'latin1')) : tagged(0x18, Buffer.from(digits, 'latin1'))
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return tagged(0x30, Buffer.concat(parts))
}

export function set(...parts: readonly Uint8Array[]): Uint8Array {
  return tagged(0x31, Buffer.concat(parts))
}

/** `[number]`, around other values unless `primitive`. */
export function context(number: number, content: Uint8Array, { primitive = false } = {}): Uint8Array {
  return tagged(0x80 | (primitive ? 0 : 0x20) | number, content)
}

function tagged(tag: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(tag, ...lengthBytes(content.length)), content])
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length]
  const bytes = []
  for (let rest = length; rest > 0; rest >>= 8) bytes.unshift(rest & 0xff)
  return [0x80 | bytes.length, ...bytes]
}

function base128(number: number): number[] {
  const bytes = [number & 0x7f]
  for (let rest = number >> 7; rest > 0; rest >>= 7) bytes.unshift(0x80 | (rest & 0x7f))
  return bytes
}
