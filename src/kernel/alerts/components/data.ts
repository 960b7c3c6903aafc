/** Components that show data: pairs, tables, trees, events in time, pictures. */
import type { Severity } from '../message.ts'
import { readList, readOptionalText, readOptions, readSeverity, readText, readTime, readWebAddress, refuse } from './arguments.ts'
import { imageType } from './image-type.ts'

/** What a cell holds: shown as people write it. Objects become JSON; `null` and `undefined` stay empty. */
export type Cell = unknown

export interface KeyValuesOptions {
  readonly title?: string
}

/** Names and their values. */
export class KeyValues {
  readonly kind = 'key_values'
  readonly pairs: readonly (readonly [string, Cell])[]
  readonly title: string | undefined

  /** @param pairs an object, a Map, or any other iterable of pairs */
  constructor(pairs: Readonly<Record<string, Cell>> | Iterable<readonly [string, Cell]>, options: KeyValuesOptions = {}) {
    if (typeof pairs !== 'object' || pairs === null) refuse('`pairs` of KeyValues', 'an object or pairs', pairs)
    this.pairs = [...(Symbol.iterator in pairs ? pairs : Object.entries(pairs))].map((pair, at) => readPair(`\`pairs[${at}]\` of KeyValues`, pair))
    this.title = readOptionalText('`title` of KeyValues', readOptions('KeyValues', options, ['title']).title)
  }
}

function readPair(where: string, pair: unknown): readonly [string, Cell] {
  if (!Array.isArray(pair) || pair.length !== 2) return refuse(where, 'a name with its value', pair)
  return [readText(where, pair[0]), pair[1]]
}

export interface TableOptions {
  /** Headings. For rows that are objects: the fields to show, in this order; default all, in order of their appearance. */
  readonly columns?: readonly string[]
  readonly title?: string
}

/** Rows and columns. Columns of numbers are aligned to the right. A long table becomes a CSV file. */
export class Table {
  readonly kind = 'table'
  /** `undefined`: rows without headings. */
  readonly columns: readonly string[] | undefined
  readonly rows: readonly (readonly Cell[])[]
  readonly title: string | undefined

  /** @param rows all of them objects, or all of them arrays */
  constructor(rows: readonly (Readonly<Record<string, Cell>> | readonly Cell[])[], options: TableOptions = {}) {
    const { columns, title } = readOptions('Table', options, ['columns', 'title'])
    const given = columns === undefined ? undefined : readList('`columns` of Table', columns).map((name, at) => readText(`\`columns[${at}]\` of Table`, name))
    const { names, cells } = readRows(readList('`rows` of Table', rows), given)
    this.columns = names
    this.rows = cells
    this.title = readOptionalText('`title` of Table', title)
  }
}

interface RowsRead {
  readonly names: readonly string[] | undefined
  readonly cells: readonly (readonly Cell[])[]
}

function readRows(rows: readonly unknown[], columns: readonly string[] | undefined): RowsRead {
  if (rows.every((row) => Array.isArray(row))) return { names: columns, cells: rows.map((row) => [...row]) }
  const odd = rows.findIndex((row) => typeof row !== 'object' || row === null || Array.isArray(row) !== Array.isArray(rows[0]))
  if (odd !== -1) return refuse(`\`rows[${odd}]\` of Table`, Array.isArray(rows[0]) ? 'an array, as the rows before it' : 'an object', rows[odd])
  const records = rows as readonly Readonly<Record<string, Cell>>[]
  const names = columns ?? [...new Set(records.flatMap((row) => Object.keys(row)))]
  return { names, cells: records.map((row) => names.map((name) => (Object.hasOwn(row, name) ? row[name] : undefined))) }
}

export interface TreeNode {
  readonly label: string
  readonly children?: readonly (TreeNode | string)[]
}

/** What belongs to what, drawn with lines. */
export class Tree {
  readonly kind = 'tree'
  readonly root: Required<TreeNode>

  /** @throws TypeError the tree is more than 20 levels deep */
  constructor(root: TreeNode) {
    this.root = readNode('`root` of Tree', root, 1)
  }
}

const deepestTree = 20

function readNode(where: string, node: unknown, depth: number): Required<TreeNode> {
  if (depth > deepestTree) return refuse('`root` of Tree', `at most ${deepestTree} levels deep`, depth)
  if (typeof node === 'string') return { label: node, children: [] }
  if (typeof node !== 'object' || node === null) return refuse(where, 'a node with a label, or a string', node)
  const { label, children = [] } = node as TreeNode
  return {
    label: readText(`\`label\` of ${where}`, label),
    children: readList(`\`children\` of ${where}`, children).map((child) => readNode('a node of Tree', child, depth + 1)),
  }
}

export interface TimelineEntry {
  /** Dates and epoch milliseconds are written in UTC. */
  readonly time: Date | number | string
  readonly title: string
  readonly text?: string
  /** Default `info`. */
  readonly severity?: Severity
}

/** What happened when, in the order given. */
export class Timeline {
  readonly kind = 'timeline'
  readonly entries: readonly { readonly time: string; readonly title: string; readonly text: string | undefined; readonly severity: Severity }[]

  constructor(entries: readonly TimelineEntry[]) {
    this.entries = readList('`entries` of Timeline', entries).map((entry, at) => {
      const where = `\`entries[${at}]\` of Timeline`
      const { time, title, text, severity = 'info' } = readOptions(where, entry as TimelineEntry, ['time', 'title', 'text', 'severity'])
      return {
        time: readTime(`\`time\` of ${where}`, time),
        title: readText(`\`title\` of ${where}`, title),
        text: readOptionalText(`\`text\` of ${where}`, text),
        severity: readSeverity(`\`severity\` of ${where}`, severity),
      }
    })
  }
}

export interface ImageOptions {
  /** What the picture shows, for those who do not see it. */
  readonly alt: string
  /** http or https: readers fetch it from there. */
  readonly url?: string
  /** A PNG, JPEG, GIF or WebP file, which is sent along. Instead of `url`. */
  readonly bytes?: Uint8Array
}

/** A picture. */
export class Image {
  readonly kind = 'image'
  readonly alt: string
  readonly source: { readonly url: string } | { readonly bytes: Uint8Array; readonly contentType: string; readonly extension: string }

  constructor(options: ImageOptions) {
    const { alt, url, bytes } = readOptions('Image', options, ['alt', 'url', 'bytes'])
    this.alt = readText('`alt` of Image', alt)
    if ((url === undefined) === (bytes === undefined)) refuse('the options of Image', 'with either `url` or `bytes`', options)
    this.source = bytes === undefined ? { url: readWebAddress('`url` of Image', url) } : { bytes, ...readImageType(bytes) }
  }
}

function readImageType(bytes: unknown): { readonly contentType: string; readonly extension: string } {
  const type = bytes instanceof Uint8Array ? imageType(bytes) : undefined
  return type ?? refuse('`bytes` of Image', 'the content of a PNG, JPEG, GIF or WebP file', bytes)
}
