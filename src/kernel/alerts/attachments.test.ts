/** Files of messages: CSV, where they are cut, and what they are called. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostileText } from '../../../test/testbed/hostile-text.ts'
import { Files, csvRecords, safeFilename } from './attachments.ts'

const words = (...texts: string[]) => texts.map((text) => ({ text, number: false }))

test('cells with commas, quotes and line breaks are quoted as RFC 4180 says', () => {
  expect(csvRecords(['a', 'b'], [words('1,2', 'say "so"'), words('two\r\nlines', 'plain')])).toEqual(['a,b', '"1,2","say ""so"""', '"two\nlines",plain'])
})

test.each(['=1+1', '+1', '-1', '@SUM(1)', '\t=1', '\r=1', ' =1', '＝1', '\u0000=1', '\u202e=1'])('a spreadsheet does not compute %j', (text) => {
  const [record = ''] = csvRecords(null, [words(text)])
  expect(record).toMatch(/^"'/)
})

test('a negative number stays a number', () => {
  expect(csvRecords(null, [[{ text: '-1.5', number: true }]])).toEqual(['-1.5'])
})

test('whatever is written, the same cells are read, and none of them computes', () => {
  fc.assert(fc.property(fc.array(fc.array(hostileText, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 }), (rows) => {
    const read = csvRecords(null, rows.map((row) => words(...row))).map(readRecord)
    expect(read.map((row) => row.length)).toEqual(rows.map((row) => row.length))
    expect(read.flat().filter((cell) => /^\s*[=+\-@]/.test(cell))).toEqual([])
  }))
})

test('a file that is too large is cut after a whole record, and says so in its last line', () => {
  const files = new Files(60)
  const made = files.addText({ filename: 'a.csv', contentType: 'text/csv', records: ['n', ...Array.from({ length: 100 }, (_, at) => String(at))], lineBreak: '\r\n' })
  const { content } = files.list[0]!
  expect(content).toBe('n\r\n0\r\n1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n[cut: the first 8 of 101 lines]\r\n')
  expect(Buffer.byteLength(content)).toBeLessThanOrEqual(60)
  expect(made).toEqual({ filename: 'a.csv', kept: 8, total: 101 })
})

test('a file that just fits is whole', () => {
  const files = new Files(6)
  files.addText({ filename: 'a.txt', contentType: 'text/plain', records: ['12', '45'], lineBreak: '\n' })
  expect(files.list[0]!.content).toBe('12\n45\n')
})

test('a file of which no line fits is left out, and so is the tenth', () => {
  const files = new Files(100)
  const add = (records: string[]) => files.addText({ filename: 'a.txt', contentType: 'text/plain', records, lineBreak: '\n' }).kept
  expect(add(['x'.repeat(200)])).toBe(0)
  expect(Array.from({ length: 10 }, () => add(['x']))).toEqual([...Array.from({ length: 9 }, () => 1), 0])
  expect(files.list.map(({ filename }) => filename).slice(0, 3)).toEqual(['a.txt', 'a-2.txt', 'a-3.txt'])
})

test.each([['../../etc/passwd', 'etc-passwd'], ['a/b\\c.csv', 'a-b-c.csv'], ['..', 'file'], ['', 'file'], ['naïve orders.csv', 'naïve-orders.csv'], ['a\r\nb: c.txt', 'a-b-c.txt'], ['gpj.\u202eexe', 'gpj.exe']])(
  'a file called %j is sent as %s',
  (wanted, name) => {
    expect(safeFilename(wanted)).toBe(name)
  },
)

function readRecord(record: string): string[] {
  return [...`,${record}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '')
}
