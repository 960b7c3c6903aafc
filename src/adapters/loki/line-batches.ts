/** Lines that wait to be pushed, in the batches in which they will be. Bounded: the oldest go first. */
import type { LogLevel } from '../../kernel/observe/log-level.ts'
import type { LogLine } from '../../kernel/observe/log-line.ts'

export interface LineBatch {
  /** JSON of the entries of each stream, with commas between them, in the order of their coming. */
  readonly streams: ReadonlyMap<LogLevel, { readonly json: () => readonly Buffer[] }>
  readonly lines: number
  readonly bytes: number
}

interface Growing extends LineBatch {
  readonly streams: Map<LogLevel, Entries>
  lines: number
  bytes: number
}

export interface BatchLimits {
  /** Of one batch, uncompressed. */
  readonly maxBatchBytes: number
  /** Of all that wait. */
  readonly maxBufferBytes: number
}

export interface LineBatches {
  /** Returns how many older lines had to go. */
  add(line: LogLine): number
  /** The one to push now, and from then on the one that is not dropped to make room. */
  takeOldest(): LineBatch | undefined
  /** It was pushed, or never will be. */
  remove(batch: LineBatch): void
  /** It waits again, like the others. */
  putBack(): void
  /** Whether the oldest batch is as large as one may be. */
  readonly hasFull: boolean
  readonly lines: number
}

export function createLineBatches({ maxBatchBytes, maxBufferBytes }: BatchLimits): LineBatches {
  const batches: Growing[] = []
  const chunks = createChunks()
  let taken: LineBatch | undefined
  let bytes = 0
  let lines = 0

  const forget = (at: number): number => {
    const [gone] = batches.splice(at, 1)
    for (const entries of gone!.streams.values()) entries.drop()
    bytes -= gone!.bytes
    lines -= gone!.lines
    return gone!.lines
  }

  /** What is being pushed is in the hands of Loki already. */
  const makeRoom = (): number => {
    const oldest = batches[0] === taken ? 1 : 0
    return oldest < batches.length ? forget(oldest) : 0
  }

  const roomFor = (size: number): Growing => {
    const newest = batches.at(-1)
    if (newest && newest !== taken && newest.bytes + size <= maxBatchBytes) return newest
    const batch: Growing = { streams: new Map(), lines: 0, bytes: 0 }
    batches.push(batch)
    return batch
  }

  return {
    add: (line) => {
      const entry = entryOf(line)
      const size = Buffer.byteLength(entry) + 1
      const dropped = bytes + size > maxBufferBytes ? makeRoom() : 0
      const batch = roomFor(size)
      if (!batch.streams.has(line.level)) batch.streams.set(line.level, createEntries(chunks))
      batch.streams.get(line.level)!.add(entry)
      batch.bytes += size
      batch.lines += 1
      bytes += size
      lines += 1
      return dropped
    },
    takeOldest: () => (taken = batches[0]),
    remove: (batch) => {
      const at = batches.indexOf(batch as Growing)
      if (at >= 0) forget(at)
      taken = undefined
    },
    putBack: () => { taken = undefined },
    get hasFull() { return batches.length > 1 },
    get lines() { return lines },
  }
}

interface Entries {
  add(entry: string): void
  json(): readonly Buffer[]
  /** They are not needed any more. */
  drop(): void
}

/**
 * Thousands of strings that wait for a second cost the garbage collector more than all the rest, so they soon become
 * bytes; and those stay in the same memory all the time, which the allocator would otherwise spread.
 */
const chunkLength = 24_576
const longestText = 16_384

interface Chunks {
  /** The text as bytes. */
  fill(text: string): Buffer
  /** They may be filled again. */
  giveBack(chunks: readonly Buffer[]): void
}

function createChunks(): Chunks {
  const free: Buffer[] = []
  return {
    fill: (text) => {
      if (Buffer.byteLength(text) > chunkLength) return Buffer.from(text)
      const chunk = free.pop() ?? Buffer.allocUnsafeSlow(chunkLength)
      return chunk.subarray(0, chunk.write(text))
    },
    giveBack: (chunks) => {
      for (const { buffer } of chunks) if (buffer.byteLength === chunkLength) free.push(Buffer.from(buffer))
    },
  }
}

function createEntries({ fill, giveBack }: Chunks): Entries {
  const filled: Buffer[] = []
  let text = ''
  return {
    add: (entry) => {
      text += text === '' && filled.length === 0 ? entry : `,${entry}`
      if (text.length < longestText) return
      filled.push(fill(text))
      text = ''
    },
    json: () => (text === '' ? filled : [...filled, Buffer.from(text)]),
    drop: () => giveBack(filled),
  }
}

/** `[timestamp, line, structured metadata]` (https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs). */
function entryOf({ timestampNs, text, ids }: LogLine): string {
  const known = JSON.stringify(ids)
  return `["${timestampNs}",${JSON.stringify(text)}${known === '{}' ? '' : `,${known}`}]`
}
