import { inflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { zipOf } from './zip.ts'

/** Reads an archive by its directory, as unzip does. */
function unzip(zip: Buffer) {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]))
  let at = zip.readUInt32LE(end + 16)
  return Array.from({ length: zip.readUInt16LE(end + 10) }, () => {
    expect(zip.readUInt32LE(at)).toBe(0x02014b50)
    const [size, nameLength, local] = [zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28), zip.readUInt32LE(at + 42)]
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    at += 46 + nameLength
    expect(zip.readUInt32LE(local)).toBe(0x04034b50)
    const begin = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    return { name, text: inflateRawSync(zip.subarray(begin, begin + size)).toString(), crc: zip.readUInt32LE(local + 14) }
  })
}

test('files come out of an archive as they went in', () => {
  const files = [{ filename: 'a.txt', contentType: 'text/plain', content: '123456789' }, { filename: 'größe.csv', contentType: 'text/csv', content: Buffer.from('x'.repeat(100_000)) }, { filename: 'empty', contentType: 'text/plain', content: '' }]
  const { filename, contentType, content } = zipOf(files)
  expect({ filename, contentType }).toEqual({ filename: 'attachments.zip', contentType: 'application/zip' })
  expect(content.length).toBeLessThan(1500)
  // The check value of CRC-32.
  expect(unzip(content as Buffer)).toEqual([{ name: 'a.txt', text: '123456789', crc: 0xcbf43926 }, { name: 'größe.csv', text: 'x'.repeat(100_000), crc: expect.any(Number) }, { name: 'empty', text: '', crc: 0 }])
})

test('an archive of nothing is one', () => {
  expect(unzip(zipOf([]).content as Buffer)).toEqual([])
})
