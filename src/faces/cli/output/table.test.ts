import { expect, test } from 'vitest'
import { type Column, formatTable } from './table.ts'

interface Row {
  readonly id: string
  readonly name: string
  readonly tries: number
  readonly note: string | null
}

const columns: readonly Column<Row>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'NAME', value: ({ name }) => name, flexible: true },
  { header: 'TRIES', value: ({ tries }) => tries, align: 'right' },
  { header: 'NOTE', value: ({ note }) => note, style: () => 'red' },
]
const rows: readonly Row[] = [
  { id: 'a1', name: 'resize', tries: 1, note: null },
  { id: 'b22', name: '日本語のとても長い名前', tries: 12, note: 'bad\u001b[2J' },
]
const plain = (_style: string, text: string) => text

test('columns line up by what the terminal shows', () => {
  expect(formatTable(rows, columns, { paint: plain })).toEqual([
    'ID   NAME                    TRIES  NOTE',
    'a1   resize                      1  -',
    'b22  日本語のとても長い名前     12  bad\\x1b[2J',
  ])
})

test('a narrow terminal cuts flexible columns and leaves ids whole', () => {
  expect(formatTable(rows, columns, { width: 35, paint: plain })).toEqual([
    'ID   NAME         TRIES  NOTE',
    'a1   resize           1  -',
    'b22  日本語のと…     12  bad\\x1b[2J',
  ])
})

test('what is spare is left out where cutting does not help, and stays where everything is wanted', () => {
  const spared: readonly Column<Row>[] = columns.map((column) => ({ ...column, ...(column.header === 'TRIES' && { spare: 2 }), ...(column.header === 'NOTE' && { spare: 1 }) }))
  const headers = (width: number, whole = false) => formatTable(rows, spared, { width, whole, paint: plain })[0]!.split(/ +/)
  expect(headers(30)).toEqual(['ID', 'NAME', 'TRIES', 'NOTE'])
  expect(headers(29)).toEqual(['ID', 'NAME', 'TRIES'])
  expect(headers(12)).toEqual(['ID', 'NAME'])
  expect(headers(12, true)).toEqual(['ID', 'NAME', 'TRIES', 'NOTE'])
})

test('styles surround the text and do not count as width', () => {
  const [, line] = formatTable(rows, columns, { paint: (style, text) => `<${style}>${text}</>` })
  expect(line).toBe('a1   resize                      1  <red>-</>')
})
