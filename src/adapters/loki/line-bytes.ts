/**
 * The entries of one stream as bytes. Thousands of strings that wait for a second
 * cost the garbage collector more than all the rest, so they soon become bytes;
 * and those stay in the same memory, which the allocator would otherwise spread.
 */

export interface LineBytes {
  add(entry: string): void
  /** The entries, with commas between them. */
  all(): readonly Buffer[]
  /** What `all` answered is not needed any more. */
  drop(): void
}

const chunkLength = 24_576
/** Leaves room for characters of more than one byte. */
const longestText = 16_384
/** Of chunks that are kept for later. */
const mostFree = 128

const free: Buffer[] = []

export function createLineBytes(): LineBytes {
  const filled: Buffer[] = []
  let text = ''
  return {
    add: (entry) => {
      text += text === '' && filled.length === 0 ? entry : `,${entry}`
      if (text.length < longestText) return
      filled.push(fill(text))
      text = ''
    },
    all: () => (text === '' ? filled : [...filled, Buffer.from(text)]),
    drop: () => giveBack(filled),
  }
}

function fill(text: string): Buffer {
  if (Buffer.byteLength(text) > chunkLength) return Buffer.from(text)
  const chunk = free.pop() ?? Buffer.allocUnsafeSlow(chunkLength)
  return chunk.subarray(0, chunk.write(text))
}

function giveBack(chunks: readonly Buffer[]): void {
  for (const { buffer } of chunks) if (buffer.byteLength === chunkLength && free.length < mostFree) free.push(Buffer.from(buffer))
}
