/**
 * The entries of one stream as bytes. Thousands of strings that wait for a second
 * cost the garbage collector more than all the rest, so they are bytes at once; and
 * those stay in the same memory, which the allocator would otherwise spread.
 */

export interface LineBytes {
  /** @param size bytes of the entry */
  add(entry: string, size: number): void
  /** The entries, with commas between them. */
  all(): readonly Buffer[]
  /** What `all` answered is not needed any more. */
  drop(): void
}

const chunkLength = 16_384
/** Of chunks that are kept for later. */
const mostFree = 128

const free: Buffer[] = []

export function createLineBytes(): LineBytes {
  const chunks: Buffer[] = []
  let used = 0
  return {
    add: (entry, size) => {
      const newest = chunks.at(-1)
      const comma = newest ? 1 : 0
      if (newest && used + size + comma <= newest.length) {
        used += newest.write(',', used)
        used += newest.write(entry, used)
        return
      }
      // Only as much of the last one as was used: between chunks there is nothing.
      if (newest) chunks[chunks.length - 1] = newest.subarray(0, used)
      const chunk = takeChunk(size + comma)
      used = chunk.write(newest ? `,${entry}` : entry)
      chunks.push(chunk)
    },
    all: () => chunks.map((chunk, at) => (at === chunks.length - 1 ? chunk.subarray(0, used) : chunk)),
    drop: () => giveBack(chunks),
  }
}

function takeChunk(size: number): Buffer {
  return size > chunkLength ? Buffer.allocUnsafeSlow(size) : free.pop() ?? Buffer.allocUnsafeSlow(chunkLength)
}

function giveBack(chunks: readonly Buffer[]): void {
  for (const { buffer } of chunks) if (buffer.byteLength === chunkLength && free.length < mostFree) free.push(Buffer.from(buffer))
}
