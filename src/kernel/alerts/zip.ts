/** Puts files into one archive, as PKWARE's APPNOTE 6.3 says: deflated, with names in UTF-8. */
import { crc32, deflateRawSync } from 'node:zlib'
import type { Attachment } from './message.ts'

const versionNeeded = 20
const namesInUtf8 = 0x0800
const deflated = 8
/** The first day that the format knows: equal files make equal archives. */
const firstDay = 0x0021

interface Packed {
  readonly name: Buffer
  /** What the local header and the directory say alike. */
  readonly facts: Buffer
  readonly bytes: Buffer
}

export function zipOf(files: readonly Attachment[], filename = 'attachments.zip'): Attachment {
  const packed = files.map(pack)
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const file of packed) {
    const { name, facts, bytes } = file
    directory.push(directoryEntry(file, offset))
    parts.push(number(0x04034b50, 4), facts, name, bytes)
    offset += 4 + facts.length + name.length + bytes.length
  }
  const directorySize = directory.reduce((sum, { length }) => sum + length, 0)
  const end = [number(0x06054b50, 4), number(0, 4), number(files.length, 2), number(files.length, 2), number(directorySize, 4), number(offset, 4), number(0, 2)]
  return { filename, contentType: 'application/zip', content: Buffer.concat([...parts, ...directory, ...end]) }
}

function pack({ filename, content }: Attachment): Packed {
  const plain = Buffer.from(content as Uint8Array)
  const bytes = deflateRawSync(plain)
  const name = Buffer.from(filename)
  const facts = [
    number(versionNeeded, 2), number(namesInUtf8, 2), number(deflated, 2), number(0, 2), number(firstDay, 2), number(crc32(plain), 4),
    number(bytes.length, 4), number(plain.length, 4), number(name.length, 2), number(0, 2),
  ]
  return { name, bytes, facts: Buffer.concat(facts) }
}

function directoryEntry({ name, facts }: Packed, offset: number): Buffer {
  // Comment, disk, attributes inside and outside: none.
  return Buffer.concat([number(0x02014b50, 4), number(versionNeeded, 2), facts, number(0, 10), number(offset, 4), name])
}

/** Little-endian. */
function number(value: number, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  bytes.writeUIntLE(value, 0, Math.min(size, 6))
  return bytes
}
