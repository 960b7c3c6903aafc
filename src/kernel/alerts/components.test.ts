/** What components take, and in which words they refuse the rest. */
import { expect, test } from 'vitest'
import { pixel } from '../../../test/testbed/alert-sample.ts'
import * as components from './components.ts'
import {
  Badge, Breadcrumb, Callout, Card, CodeBlock, Grid, Heading, Image, Json, KeyValues, Link, List, LogEntry, MetricCard, PriceChange, ProgressBar, Table, Text, Timeline, Tree,
  type TreeNode,
} from './components.ts'

test.each<[string, () => unknown, string]>([
  ['text that is none', () => new Text(7 as never), 'Expected `text` of Text to be a string, got 7'],
  ['a level beyond three', () => new Heading('x', 4 as never), 'Expected `level` of Heading to be one of 1, 2, 3, got 4'],
  ['a severity that nobody knows', () => new Badge('x', 'critical' as never), 'Expected `severity` of Badge to be one of info, success, warning, error, got "critical"'],
  ['an option that nobody knows', () => new Callout('x', 'info', { titel: 'y' } as never), 'Expected the options of Callout to be among title, got `titel`; did you mean `title`?'],
  ['rows of two kinds', () => new Table([[1], { a: 1 }] as never), 'Expected `rows[1]` of Table to be an array, as the rows before it, got object'],
  ['a row that is none', () => new Table([{ a: 1 }, null] as never), 'Expected `rows[1]` of Table to be an object, got null'],
  ['an item that is no text', () => new List(['a', 1 as never]), 'Expected `items[1]` of List to be a string, got 1'],
  ['a pair without a value', () => new KeyValues([['a']] as never), 'Expected `pairs[0]` of KeyValues to be a name with its value, got an array'],
  ['a script as an address', () => new Link('x', 'javascript:alert(1)'), 'Expected `url` of Link to be an address that begins with http:// or https://, got "javascript:alert(1)"'],
  ['a picture from two places', () => new Image({ alt: 'x', url: 'https://a.example', bytes: pixel }), 'Expected the options of Image to be with either `url` or `bytes`, got object'],
  ['a picture that is none', () => new Image({ alt: 'x', bytes: Buffer.from('<svg/>') }), 'Expected `bytes` of Image to be the content of a PNG, JPEG, GIF or WebP file, got object'],
  ['a total of nothing', () => new ProgressBar(1, 0), 'Expected `total` of ProgressBar to be more than 0, got 0'],
  ['a share below nothing', () => new ProgressBar(-1), 'Expected `done` of ProgressBar to be 0 or more, got -1'],
  ['a price that is no number', () => new PriceChange({ symbol: 'x', previous: Number.NaN, current: 1 }), 'Expected `previous` of PriceChange to be a finite number, got NaN'],
  ['a currency that is none', () => new PriceChange({ symbol: 'x', previous: 1, current: 1, currency: 'euro' }), 'Expected `currency` of PriceChange to be three letters such as EUR, got "euro"'],
  ['a figure that is none', () => new MetricCard('x', Infinity), 'Expected `value` of MetricCard to be a finite number or a string, got Infinity'],
  ['a way without steps', () => new Breadcrumb([]), 'Expected `steps` of Breadcrumb to be one or more strings, got an array'],
  ['a time that is none', () => new Timeline([{ time: new Date(Number.NaN), title: 'x' }]), 'Expected `time` of `entries[0]` of Timeline to be a Date, epoch milliseconds or text, got Invalid Date'],
  ['a level of logs that nobody knows', () => new LogEntry({ message: 'x', level: 'notice' as never }), 'Expected `level` of LogEntry to be one of trace, debug, info, warn, error, fatal, got "notice"'],
  ['a language that would end the fence', () => new CodeBlock('x', 'a\nb'), 'Expected `language` of CodeBlock to be the name of a language, got "a\\nb"'],
  ['content that is no component', () => new Card([{ kind: 'marquee' } as never]), 'Expected item 0 of `content` of Card to be a component or a string, got object'],
  ['a function as JSON', () => new Json(() => 1), 'Expected `value` of Json to be something that JSON can hold, got function'],
  ['columns beyond four', () => new Grid([], { columns: 5 as never }), 'Expected `columns` of Grid to be one of 1, 2, 3, 4, got 5'],
  ['a tree that is none', () => new Tree(null as never), 'Expected `root` of Tree to be a node with a label, or a string, got null'],
])('%s is refused by name', (_what, make, message) => {
  expect(make).toThrow(new TypeError(message))
})

test('JSON that holds itself is refused', () => {
  const value: { self?: unknown } = {}
  value.self = value
  expect(() => new Json(value)).toThrow(/^Expected `value` of Json to be something that JSON can hold: TypeError: Converting circular structure/)
})

test('cards and grids hold each other five deep, not six', () => {
  const five = new Card(new Grid([new Card(new Grid([new Card('innermost')]))]))
  expect(five.content).toHaveLength(1)
  expect(() => new Grid([five])).toThrow(new TypeError('Expected cards and grids to be nested at most 5 deep, got 6'))
})

test('lists are five deep, not six; trees twenty, not more', () => {
  const list = (depth: number): List => new List(depth === 1 ? ['x'] : ['x', list(depth - 1)])
  expect(list(5).items).toHaveLength(2)
  expect(() => list(6)).toThrow(new TypeError('Expected `items` of List to be nested at most 5 deep, got 6'))
  const tree = (depth: number): TreeNode => ({ label: 'x', children: depth === 1 ? [] : [tree(depth - 1)] })
  expect(new Tree(tree(20)).root.children).toHaveLength(1)
  expect(() => new Tree(tree(21))).toThrow(new TypeError('Expected `root` of Tree to be at most 20 levels deep, got 21'))
})

test('rows that are objects show all their fields, in order of appearance, or those that are named', () => {
  const rows = [{ a: 1, b: 2 }, { b: 3, c: 4 }]
  expect(new Table(rows)).toMatchObject({ columns: ['a', 'b', 'c'], rows: [[1, 2, undefined], [undefined, 3, 4]] })
  expect(new Table(rows, { columns: ['c', 'a'] })).toMatchObject({ columns: ['c', 'a'], rows: [[undefined, 1], [4, undefined]] })
  expect(new Table([{ a: 1 }], { columns: ['constructor'] }).rows).toEqual([[undefined]])
})

test('pairs come from objects, maps and lists', () => {
  const pairs = [['a', 1], ['b', 2]]
  expect(new KeyValues({ a: 1, b: 2 }).pairs).toEqual(pairs)
  expect(new KeyValues(new Map([['a', 1], ['b', 2]])).pairs).toEqual(pairs)
  expect(new KeyValues([['a', 1], ['b', 2]]).pairs).toEqual(pairs)
})

test('what changes after a component was made does not change it', () => {
  const row = [1]
  const value = { a: 1 }
  const [table, json] = [new Table([row]), new Json(value)]
  row[0] = 2
  value.a = 2
  expect(table.rows).toEqual([[1]])
  expect(json.json).toBe('{\n  "a": 1\n}')
})

test('the names of the documents are there', () => {
  const { Map: MapComponent, Alert, JSONComponent, SpinnerComponent, TreeView } = components
  expect([MapComponent, Alert, JSONComponent, SpinnerComponent, TreeView].map(({ name }) => name)).toEqual(['KeyValues', 'Callout', 'Json', 'Spinner', 'Tree'])
})
