/** What becomes a file, and what a message says of it. */
import { expect, test } from 'vitest'
import { pixel } from '../../../test/testbed/alert-sample.ts'
import { compose } from './compose.ts'
import { Badge, Breadcrumb, CodeBlock, type Component, Image, KeyValues, List, LogEntry, ProgressBar, StatusIndicator, Table, Text } from './components.ts'
import type { Attachment } from './message.ts'

const limits = { inlineTableMaxRows: 20, attachmentMaxBytes: 10_000 }

const composed = (...content: Component[]) => compose({ subject: 's', severity: 'info', content }, limits)
const rows = (count: number) => Array.from({ length: count }, (_, at) => ({ id: at, name: `n${at}` }))
const text = ({ content }: Attachment) => String(content)

test('a table of as many rows as are allowed stays in the message', () => {
  const { blocks, files } = composed(new Table(rows(20)))
  expect(blocks).toMatchObject([{ kind: 'table', numeric: [true, false], rows: { length: 20 } }])
  expect(files).toEqual([])
})

test('one row more, and ten are shown and all are in a CSV file', () => {
  const { blocks, files } = composed(new Table(rows(21), { title: 'Open orders' }))
  expect(blocks).toMatchObject([
    { kind: 'caption', text: 'Open orders' },
    { kind: 'table', rows: { length: 10 } },
    { kind: 'note', text: '21 rows, the first 10 of them shown; see Open-orders.csv for all' },
  ])
  expect(files).toMatchObject([{ filename: 'Open-orders.csv', contentType: 'text/csv' }])
  expect(text(files[0]!).split('\r\n')).toHaveLength(23)
})

test('a file that was cut is said to be', () => {
  const { blocks, files } = composed(new Table(rows(5_000)))
  expect(blocks.at(-1)).toMatchObject({ text: expect.stringMatching(/^5,000 rows, the first 10 of them shown; see table\.csv for the first [\d,]+ lines$/) })
  expect(Buffer.byteLength(text(files[0]!))).toBeLessThanOrEqual(10_000)
})

test('a table that is too wide shows twenty columns', () => {
  const { blocks, files } = composed(new Table([Array.from({ length: 30 }, (_, at) => at)]))
  expect(blocks).toMatchObject([{ kind: 'table', columns: null, rows: [{ length: 20 }] }, { kind: 'note', text: '1 row of 30 columns, the first 20 columns shown; see table.csv for all' }])
  expect(files).toHaveLength(1)
})

test('a column of numbers stays one where some are missing; null and undefined are empty', () => {
  const { blocks } = composed(new Table([[1, 'a', null], [null, 'b', undefined], [-2.5, '3', '']]))
  expect(blocks).toMatchObject([{ numeric: [true, false, false], rows: [['1', 'a', ''], ['', 'b', ''], ['-2.5', '3', '']] }])
})

test('cells show times in UTC, objects as JSON, and do not break when a value does', () => {
  const broken = { toJSON: () => { throw new Error('no') } }
  const { blocks } = composed(new Table([[new Date(Date.UTC(2026, 10, 21)), { a: 1 }, true, 7n, broken, new Error('x')]]))
  expect(blocks).toMatchObject([{ rows: [['2026-11-21 00:00:00 UTC', '{"a":1}', 'true', '7', '(unreadable)', 'Error: x']] }])
})

test('log lines that follow each other are one log, whose end is shown when it is long', () => {
  const entries = Array.from({ length: 60 }, (_, at) => new LogEntry({ time: `t${at}`, level: at === 59 ? 'error' : 'info', message: `line ${at}` }))
  const { blocks, files } = composed(...entries.slice(0, 2), new Text('between'), ...entries)
  expect(blocks.map(({ kind }) => kind)).toEqual(['preformatted', 'paragraph', 'preformatted', 'note'])
  expect(blocks[0]).toMatchObject({ text: 't0 INFO  line 0\nt1 INFO  line 1' })
  expect(blocks[2]).toMatchObject({ text: expect.stringMatching(/^t50 INFO {2}line 50\n[^]*\nt59 ERROR line 59$/) })
  expect(blocks[3]).toMatchObject({ text: '60 lines, the last 10 of them shown; see messages.log for all' })
  expect(text(files[0]!).split('\n')).toHaveLength(61)
})

test('long code shows its beginning, in lines that are not endless', () => {
  const { blocks, files } = composed(new CodeBlock('x'.repeat(5_000)))
  expect(blocks).toMatchObject([{ text: `${'x'.repeat(299)}…` }, { text: '1 line, the first one of them shown in part; see code.txt for all' }])
  expect(text(files[0]!)).toBe(`${'x'.repeat(5_000)}\n`)
})

test('long text, lists and pairs become files too', () => {
  const many = Array.from({ length: 300 }, (_, at) => `item ${at}`)
  const { files } = composed(new Text('word '.repeat(1_000)), new List(many, { ordered: true }), new KeyValues(many.map((name) => [name, 1] as const)))
  expect(files.map(({ filename }) => filename)).toEqual(['text.txt', 'list.txt', 'values.csv'])
  expect(text(files[1]!).split('\n')[299]).toBe('300. item 299')
})

test('without limits everything is shown where it stands', () => {
  const { blocks, files } = compose({ subject: 's', severity: 'info', content: [new Table(rows(3_000)), new Text('x'.repeat(50_000))] }, null)
  expect(blocks).toMatchObject([{ rows: { length: 3_000 } }, { spans: [{ text: 'x'.repeat(50_000) }] }])
  expect(files).toEqual([])
})

test('files that are given come first; one that is too large is named in the message', () => {
  const attachments = [
    { filename: 'a.txt', contentType: 'text/plain', content: 'a\nb\n' },
    { filename: 'b.bin', contentType: 'application/octet-stream', content: new Uint8Array(20_000) },
  ]
  const { blocks, files } = compose({ subject: 's', severity: 'info', content: [new Image({ alt: 'chart', bytes: pixel })], attachments }, limits)
  expect(files.map(({ filename, contentId }) => [filename, contentId])).toEqual([['a.txt', undefined], ['chart.png', 'picture-2@taskflows']])
  expect(blocks).toMatchObject([{ kind: 'attached_picture' }, { kind: 'note', text: 'b.bin is not attached: it is too large, or one file too many' }])
})

test('a text that is given stays as it is, or is cut at a line end', () => {
  const given = (content: string) => ({ filename: 'a.txt', contentType: 'text/plain', content })
  const { files } = compose({ subject: 's', severity: 'info', content: [], attachments: [given('a\r\nb'), given('line\r\n'.repeat(5_000))] }, limits)
  expect(text(files[0]!)).toBe('a\r\nb')
  expect(text(files[1]!)).toMatch(/^(line\n)+\[cut: the first 1,?\d+ of 5,?001 lines\]\n$/)
})

test('badges share a line, states stand below each other', () => {
  const { blocks } = composed(new Badge('a'), new Badge('b'), new StatusIndicator('x', 'success'), new StatusIndicator('y', 'error'))
  expect(blocks).toHaveLength(2)
  expect(blocks[1]).toMatchObject({ spans: [{ text: 'x' }, {}, { text: 'up' }, { text: '\n' }, { text: 'y' }, {}, { text: 'down' }] })
})

test.each([[0, 0, '0 %'], [99.75, 0.9975, '99 %'], [100, 1, '100 %'], [250, 1, '100 %']])('%d of 100 is a bar of %d that says %s', (done, share, words) => {
  expect(composed(new ProgressBar(done)).blocks).toMatchObject([{ kind: 'meter', share, text: words }])
})

test('the middle of a long way is left out', () => {
  const { blocks } = composed(new Breadcrumb(Array.from({ length: 50 }, (_, at) => String(at))))
  expect(blocks[0]!.kind === 'paragraph' && blocks[0]!.spans.map(({ text }) => text).join('')).toBe('0 › 1 › 2 › 3 › … › 44 › 45 › 46 › 47 › 48 › 49')
})

test('colours, bells and marks that reorder text do not get into a message', () => {
  const { subject, blocks } = compose({ subject: '\u001b[31mred\u0007\u202e\nline', severity: 'info', content: [new Text('a\r\nb\rc\u2028d\te\ud800')] }, limits)
  expect(subject).toBe('red line')
  expect(blocks).toMatchObject([{ spans: [{ text: 'a\nb\nc\nd    e\ufffd' }] }])
})
