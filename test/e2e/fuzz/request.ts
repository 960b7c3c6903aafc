/** One request as text that can be printed and repeated, and as the bytes that go over the wire. */
import { gzipSync } from 'node:zlib'

/** How the head says where the body ends. Only `length`, `chunked` and `none` tell the truth. */
export const framings = ['length', 'chunked', 'none', 'gzip', 'too long', 'too short', 'both', 'broken chunk', 'no number', 'twice'] as const
export type Framing = (typeof framings)[number]

/** `whole` waits for the answer; `after another` is sent right behind a GET /health; `cut` goes away in the middle; `in pieces` comes in many packets. */
export const deliveries = ['whole', 'after another', 'in pieces', 'cut'] as const
export type Delivery = (typeof deliveries)[number]

export type Header = readonly [name: string, value: string]

export interface FuzzRequest {
  /** Of the document, for the record. */
  readonly place: string
  /** See `callers.ts`. */
  readonly caller: string
  readonly method: string
  /** What stands between method and version. */
  readonly target: string
  readonly version: string
  readonly headers: readonly Header[]
  /** `latin1` is for bytes that are no UTF-8. */
  readonly body: { readonly text: string; readonly encoding: 'utf8' | 'latin1' } | undefined
  readonly framing: Framing
  readonly delivery: Delivery
}

/** What a caller adds; `request` is as it is sent. */
export type Credentials = (request: { readonly method: string; readonly path: string; readonly body: Uint8Array }) => readonly Header[]

/** @param fill puts things that exist in their places */
export function bytesOf({ method, target, version, headers, body: given, framing }: FuzzRequest, fill: (text: string) => string, credentials: Credentials): Buffer {
  const path = fill(target)
  const plain = given === undefined ? Buffer.alloc(0) : Buffer.from(fill(given.text), given.encoding)
  const body = framing === 'gzip' ? gzipSync(plain) : plain
  const lines = [...headers.map(([name, value]): Header => [name, fill(value)]), ...credentials({ method, path, body }).map(([name, value]): Header => [name, fill(value)]), ...(given === undefined ? [] : framingHeaders(framing, body.length))]
  const head = `${method} ${path} ${version}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  return Buffer.concat([Buffer.from(head, 'utf8'), given === undefined ? Buffer.alloc(0) : framed(framing, body)])
}

function framingHeaders(framing: Framing, length: number): readonly Header[] {
  switch (framing) {
    case 'length': return [['Content-Length', String(length)]]
    case 'gzip': return [['Content-Length', String(length)], ['Content-Encoding', 'gzip']]
    case 'chunked':
    case 'broken chunk': return [['Transfer-Encoding', 'chunked']]
    case 'too long': return [['Content-Length', String(length + 7)]]
    case 'too short': return [['Content-Length', String(Math.max(0, length - 3))]]
    case 'both': return [['Content-Length', String(length)], ['Transfer-Encoding', 'chunked']]
    case 'no number': return [['Content-Length', '1e3']]
    case 'twice': return [['Content-Length', String(length)], ['Content-Length', String(length + 1)]]
    case 'none': return []
    default: return framing satisfies never
  }
}

function framed(framing: Framing, body: Buffer): Buffer {
  if (framing === 'broken chunk') return Buffer.concat([Buffer.from('zz\r\n'), body])
  if (framing !== 'chunked' && framing !== 'both') return body
  const half = body.length >> 1
  const chunks = [body.subarray(0, half), body.subarray(half)].filter(({ length }) => length > 0)
  return Buffer.concat([...chunks.flatMap((chunk) => [Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]), Buffer.from('0\r\n\r\n')])
}

/** A line for a shell that sends these bytes: curl where curl can, else printf to nc. */
export function shellLine(bytes: Buffer, url: string): string {
  const text = bytes.toString('latin1')
  const [, method, path, headers, body] = /^([A-Z]+) (\/\S*) HTTP\/1\.1\r\n((?:[^\r\n]+\r\n)*)\r\n([^]*)$/.exec(text) ?? []
  const lines = (headers ?? '').split('\r\n').filter((line) => line !== '' && !/^content-length:/i.test(line))
  if (method === undefined || /[^ -~]/.test(text.replaceAll('\r\n', '')) || /^transfer-encoding:/im.test(headers!)) return `printf '%b' ${quoted(escaped(text))} | nc ${new URL(url).host.replace(':', ' ')}`
  return ['curl -i --path-as-is', method === 'HEAD' ? '-I' : `-X ${method}`, ...lines.map((line) => `-H ${quoted(line)}`), ...(body ? [`--data-binary ${quoted(body)}`] : []), quoted(`${url}${path!}`)].join(' ')
}

function escaped(text: string): string {
  return text.replaceAll(/[^ -~]|\\/g, (letter) => `\\0${letter.charCodeAt(0).toString(8).padStart(3, '0')}`)
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
