/**
 * Lines that wait to be pushed, in the batches in which they will be. Bounded:
 * the oldest go first. A batch that is full is packed at once, and then takes
 * about a tenth of the memory.
 */
import type { LogLevel } from '../../kernel/observe/log-level.ts'
import type { LogLine } from '../../kernel/observe/log-line.ts'
import { type LineBytes, createLineBytes } from './line-bytes.ts'

/** Streams by level: the JSON of their entries with commas between them, in the order of their coming. */
export type Streams = ReadonlyMap<LogLevel, readonly Buffer[]>

export interface LineBatch {
  readonly lines: number
}

interface Growing extends LineBatch {
  readonly streams: Map<LogLevel, LineBytes>
  lines: number
  bytes: number
  body: Promise<Buffer> | undefined
  isBeingPacked: boolean
}

export interface BatchOptions {
  /** Of one batch before it is packed. */
  readonly maxBatchBytes: number
  /** Of all that wait. */
  readonly maxBufferBytes: number
  readonly pack: (streams: Streams) => Promise<Buffer>
}

export interface LineBatches {
  /** Returns how many older lines had to go. */
  add(line: LogLine): number
  /** The one to push now, and from then on the one that is not dropped to make room. */
  takeOldest(): LineBatch | undefined
  /** What is sent of it. From then on no line is added. */
  bodyOf(batch: LineBatch): Promise<Buffer>
  /** It was pushed, or never will be. */
  remove(batch: LineBatch): void
  /** It waits again, like the others. */
  putBack(): void
  /** Whether the oldest batch is as large as one may be. */
  readonly hasFull: boolean
  readonly lines: number
}

export function createLineBatches({ maxBatchBytes, maxBufferBytes, pack }: BatchOptions): LineBatches {
  const batches: Growing[] = []
  let taken: LineBatch | undefined
  let packing: Promise<unknown> = Promise.resolve()
  let bytes = 0
  let lines = 0

  const forget = (at: number): number => {
    const [gone] = batches.splice(at, 1)
    bytes -= gone!.bytes
    lines -= gone!.lines
    if (!gone!.isBeingPacked) dropBytes(gone!)
    return gone!.lines
  }

  /** What is being pushed is in the hands of Loki already. */
  const makeRoom = (): number => {
    const oldest = batches[0] === taken ? 1 : 0
    return oldest < batches.length ? forget(oldest) : 0
  }

  const packUp = async (batch: Growing): Promise<Buffer> => {
    // It had to make room meanwhile.
    if (!batches.includes(batch)) return Buffer.alloc(0)
    batch.isBeingPacked = true
    const body = await pack(new Map([...batch.streams].map(([level, entries]) => [level, entries.all()])))
    dropBytes(batch)
    if (batches.includes(batch)) bytes += body.length - batch.bytes
    batch.bytes = body.length
    return body
  }

  /** One at a time: what is being packed takes memory for itself. */
  const close = (batch: Growing): Promise<Buffer> => {
    batch.body ??= packing.then(() => packUp(batch))
    packing = batch.body.catch(() => {})
    return batch.body
  }

  const open = (): Growing => {
    const batch: Growing = { streams: new Map(), lines: 0, bytes: 0, body: undefined, isBeingPacked: false }
    batches.push(batch)
    return batch
  }

  const withRoomFor = (size: number): Growing => {
    const newest = batches.at(-1)
    if (newest && !newest.body && newest.bytes + size <= maxBatchBytes) return newest
    // Whoever sends it hears of what went wrong.
    if (newest) close(newest).catch(() => {})
    return open()
  }

  return {
    add: (line) => {
      const entry = entryOf(line)
      const length = Buffer.byteLength(entry)
      const size = length + 1
      const dropped = bytes + size > maxBufferBytes ? makeRoom() : 0
      const batch = withRoomFor(size)
      if (!batch.streams.has(line.level)) batch.streams.set(line.level, createLineBytes())
      batch.streams.get(line.level)!.add(entry, length)
      batch.bytes += size
      batch.lines += 1
      bytes += size
      lines += 1
      return dropped
    },
    takeOldest: () => (taken = batches[0]),
    bodyOf: (batch) => close(batch as Growing),
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

function dropBytes({ streams }: Growing): void {
  for (const entries of streams.values()) entries.drop()
  streams.clear()
}

/** `[timestamp, line, structured metadata]` (https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs). */
function entryOf({ timestampNs, text, ids }: LogLine): string {
  const known = JSON.stringify(ids)
  return `["${timestampNs}",${JSON.stringify(text)}${known === '{}' ? '' : `,${known}`}]`
}
