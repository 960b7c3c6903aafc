/** The body of a push: streams with their labels as JSON, perhaps compressed. */
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { Streams } from './line-batches.ts'
import { severityLabel } from './loki-labels.ts'

export interface PackOptions {
  readonly labels: Readonly<Record<string, string>>
  readonly gzip: boolean
}

const compress = promisify(gzip)

/** One for all batches of the process: a megabyte for each of them would be garbage that the collector sees late. */
let desk = Buffer.alloc(0)
let inUse: Promise<unknown> = Promise.resolve()

export function packLines(streams: Streams, options: PackOptions): Promise<Buffer> {
  const packed = inUse.then(() => pack(streams, options))
  inUse = packed.catch(() => {})
  return packed
}

async function pack(streams: Streams, { labels, gzip }: PackOptions): Promise<Buffer> {
  const json = onDesk([...partsOf(streams, labels)])
  // The fastest level: lines of logs are so alike that the others gain little.
  return gzip ? compress(json, { level: constants.Z_BEST_SPEED }) : Buffer.from(json)
}

function* partsOf(streams: Streams, labels: Readonly<Record<string, string>>): Generator<Buffer> {
  let before = '{"streams":['
  for (const [level, entries] of streams) {
    yield Buffer.from(`${before}{"stream":${JSON.stringify({ ...labels, [severityLabel]: level.toUpperCase() })},"values":[`)
    yield* entries
    before = ']},'
  }
  yield Buffer.from(']}]}')
}

function onDesk(parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  if (desk.length < length) desk = Buffer.allocUnsafeSlow(length)
  let at = 0
  for (const part of parts) at += part.copy(desk, at)
  return desk.subarray(0, length)
}
