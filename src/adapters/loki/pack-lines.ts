/** The body of a push: streams with their labels as JSON, perhaps compressed. */
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { constants, createGzip } from 'node:zlib'
import type { Streams } from './line-batches.ts'
import { severityLabel } from './loki-labels.ts'

export interface PackOptions {
  readonly labels: Readonly<Record<string, string>>
  readonly gzip: boolean
}

export async function packLines(streams: Streams, { labels, gzip }: PackOptions): Promise<Buffer> {
  const parts = [...streams].flatMap(([level, entries], at) => [
    Buffer.from(`${at === 0 ? '{"streams":[' : ','}{"stream":${JSON.stringify({ ...labels, [severityLabel]: level.toUpperCase() })},"values":[`),
    ...entries,
    Buffer.from(']}'),
  ])
  parts.push(Buffer.from(']}'))
  return gzip ? compress(parts) : Buffer.concat(parts)
}

/** At the fastest level: lines of logs are so alike that the others gain little. */
function compress(parts: readonly Buffer[]): Promise<Buffer> {
  return buffer(Readable.from(parts, { objectMode: false }).pipe(createGzip({ level: constants.Z_BEST_SPEED })))
}
