/** Every component, with hostile text in every field that takes text. */
import fc from 'fast-check'
import {
  Badge, Breadcrumb, Callout, Card, CodeBlock, type Component, Divider, Grid, Heading, Image, Json, KeyValues, LineBreak, Link, List, type ListItem, LogEntry, logLevels,
  MetricCard, PriceChange, ProgressBar, Spinner, StatusIndicator, Table, Text, Timeline, Tree, type TreeNode,
} from '../../src/kernel/alerts/components.ts'
import type { AlertMessage } from '../../src/kernel/alerts/message.ts'
import { pixel } from './alert-sample.ts'
import { hostileText as text } from './hostile-text.ts'

const severity = fc.constantFrom('info', 'success', 'warning', 'error' as const)
const number = fc.double({ noNaN: true, noDefaultInfinity: true })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const given = <T extends object>(fields: T) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }
const cell = fc.oneof(text, number, fc.constantFrom(null, undefined, true, new Date(0), new Date(Number.NaN), 12n, { a: '<b>' }, Symbol('s'), new Error('@everyone')))
const address = fc.oneof(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.tuple(fc.constantFrom('https://a.example/', 'http://a.example/?', 'https://a.example/#'), text).map(([start, rest]) => start + rest))

const { list, node } = fc.letrec<{ list: List; item: ListItem; node: TreeNode | string }>((tie) => ({
  list: fc.tuple(fc.array(tie('item'), { maxLength: 5 }), fc.boolean()).filter(([items]) => depthOf(items) < 4).map(([items, ordered]) => new List(items, { ordered })),
  item: fc.oneof({ depthSize: 'small', maxDepth: 3 }, text, tie('list')),
  node: fc.oneof({ depthSize: 'small', maxDepth: 4 }, text, fc.record({ label: text, children: fc.array(tie('node'), { maxLength: 4 }) })),
}))

function depthOf(items: readonly ListItem[]): number {
  return Math.max(0, ...items.map((item) => (typeof item === 'string' ? 0 : 1 + depthOf(item.items))))
}

const leaves: readonly fc.Arbitrary<Component>[] = [
  text.map((each) => new Text(each)),
  fc.tuple(text, fc.constantFrom(1, 2, 3 as const)).map(([each, level]) => new Heading(each, level)),
  fc.constantFrom(new LineBreak(), new Divider()),
  list,
  fc.tuple(text, maybe(fc.constantFrom('ts', 'c++'))).map(([code, language]) => new CodeBlock(code, language)),
  fc.oneof(text, fc.dictionary(text, text)).map((value) => new Json(value)),
  fc.record({ message: text, level: fc.constantFrom(...logLevels), time: text, logger: text }).map((options) => new LogEntry(options)),
  fc.tuple(text, address).map(([label, url]) => new Link(label, url)),
  fc.array(text, { minLength: 1, maxLength: 20 }).map((steps) => new Breadcrumb(steps)),
  fc.tuple(fc.array(fc.tuple(text, cell), { maxLength: 6 }), maybe(text)).map(([pairs, title]) => new KeyValues(pairs, given({ title }))),
  fc.tuple(fc.array(fc.array(cell, { maxLength: 6 }), { maxLength: 14 }), maybe(fc.array(text, { maxLength: 6 })), maybe(text)).map(([rows, columns, title]) => new Table(rows, given({ columns, title }))),
  fc.array(fc.dictionary(text, cell, { maxKeys: 5 }), { maxLength: 8 }).map((rows) => new Table(rows)),
  fc.record({ label: text, children: fc.array(node, { maxLength: 4 }) }).map((root) => new Tree(root)),
  fc.array(fc.record({ time: text, title: text, text, severity }), { maxLength: 6 }).map((entries) => new Timeline(entries)),
  fc.tuple(text, address).map(([alt, url]) => new Image({ alt, url })),
  text.map((alt) => new Image({ alt, bytes: pixel })),
  fc.tuple(text, severity).map(([each, tone]) => new Badge(each, tone)),
  fc.tuple(text, severity, text).map(([label, tone, status]) => new StatusIndicator(label, tone, status)),
  fc.tuple(fc.double({ min: 0, noNaN: true, max: 1e300 }), fc.double({ min: 1e-300, max: 1e300, noNaN: true }), text).map(([done, total, label]) => new ProgressBar(done, total, { label })),
  text.map((each) => new Spinner(each)),
  fc.tuple(text, severity, text).map(([each, tone, title]) => new Callout(each, tone, { title })),
  fc.tuple(text, number, number, maybe(fc.constantFrom('EUR', 'XXX'))).map(([symbol, previous, current, currency]) => new PriceChange(given({ symbol, previous, current, currency }) as never)),
  fc.tuple(text, fc.oneof(text, number), fc.oneof(text, number), severity).map(([label, value, change, tone]) => new MetricCard(label, value, { change, severity: tone, unit: String(value) })),
]

const { component } = fc.letrec<{ component: Component }>((tie) => ({
  component: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    ...leaves,
    fc.tuple(fc.array(tie('component'), { maxLength: 3 }), text, text).map(([content, title, footer]) => new Card(content, { title, footer })),
    fc.tuple(fc.array(tie('component'), { maxLength: 5 }), fc.constantFrom(1, 2, 3, 4 as const)).map(([cells, columns]) => new Grid(cells, { columns })),
  ),
}))

export const hostileMessage: fc.Arbitrary<AlertMessage> = fc.record({
  subject: text,
  severity,
  content: fc.array(component, { maxLength: 12 }),
  attachments: fc.array(fc.record({ filename: text, contentType: fc.constant('text/plain'), content: text }), { maxLength: 3 }),
})
