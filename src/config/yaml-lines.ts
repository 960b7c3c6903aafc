/**
 * The YAML of a configuration: one map of names and plain values. Nothing is
 * expanded, so no alias can make much of little. `config-file.ts` knows what the names mean.
 */
import { createRequire } from 'node:module'
import type { LineCounter, Node, Pair } from 'yaml'
import { messageOf } from '../kernel/errors.ts'

/** A value as it is written, since `0o17` may be a password; what is no plain value is only named. */
export type YamlValue =
  | { readonly kind: 'text' | 'boolean'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'other'; readonly what: string }

export interface YamlLine {
  readonly key: string
  readonly value: YamlValue
  readonly line: number
  readonly column: number
}

/** Says what is wrong, without quoting values. Counted from 1. */
export class YamlFault extends Error {
  readonly line: number
  readonly column: number

  constructor(message: string, { line, col }: { readonly line: number; readonly col: number }) {
    super(message)
    this.line = line
    this.column = col
  }
}

/** Most commands find no configuration file and must not pay for the parser. */
const loadYaml = () => createRequire(import.meta.url)('yaml') as typeof import('yaml')

/** @throws YamlFault */
export function readYamlLines(text: string): YamlLine[] {
  const yaml = loadYaml()
  const lines = new yaml.LineCounter()
  const document = parse(yaml, text, lines)
  const fault = [...document.errors, ...document.warnings][0]
  if (fault) throw new YamlFault(fault.code === 'MULTIPLE_DOCS' ? 'expected one document, and another begins here' : `is not YAML: ${fault.message}`, lines.linePos(fault.pos[0]))
  const { contents } = document
  if (contents === null || isEmpty(yaml, contents)) return []
  if (!yaml.isMap(contents)) throw new YamlFault('expected lines such as `port: 8080`', positionOf(contents, lines))
  return contents.items.map((pair) => lineOf(yaml, pair as Pair, lines))
}

type Yaml = ReturnType<typeof loadYaml>

function parse(yaml: Yaml, text: string, lineCounter: LineCounter) {
  try {
    // Pretty errors quote the text, and with it a secret. Keys are compared by whoever knows them.
    return yaml.parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false })
  } catch (error) {
    // The parser recurses: a file of nothing but brackets exhausts its stack.
    throw new YamlFault(`is not YAML: ${messageOf(error)}`, { line: 1, col: 1 })
  }
}

function isEmpty(yaml: Yaml, node: unknown): boolean {
  return yaml.isScalar(node) && node.value === null && node.source === ''
}

function lineOf(yaml: Yaml, { key, value }: Pair, lines: LineCounter): YamlLine {
  const position = positionOf(key, lines)
  if (!yaml.isScalar(key) || typeof key.value !== 'string') throw new YamlFault('expected the name of a setting', position)
  return { key: key.value, value: valueOf(yaml, value), line: position.line, column: position.col }
}

function positionOf(node: unknown, lines: LineCounter): { line: number; col: number } {
  return lines.linePos((node as Node | null)?.range?.[0] ?? 0)
}

function valueOf(yaml: Yaml, node: unknown): YamlValue {
  if (yaml.isScalar(node)) return plainValue(node)
  if (yaml.isSeq(node)) return listOf(node.items.map((item) => valueOf(yaml, item)))
  return { kind: 'other', what: yaml.isMap(node) ? 'a map' : yaml.isAlias(node) ? 'an alias' : 'nothing' }
}

function plainValue({ value, source }: { readonly value: unknown; readonly source?: string }): YamlValue {
  if (value === null || value === undefined || value === '') return { kind: 'other', what: 'nothing' }
  if (typeof value === 'string') return { kind: 'text', text: value }
  if (source === undefined || !['number', 'bigint', 'boolean'].includes(typeof value)) return { kind: 'other', what: 'a value with a tag' }
  return { kind: typeof value === 'boolean' ? 'boolean' : 'text', text: source }
}

function listOf(values: readonly YamlValue[]): YamlValue {
  const items = values.map((value) => (value.kind === 'text' ? value.text : undefined))
  return items.every((item) => item !== undefined) ? { kind: 'list', items } : { kind: 'other', what: 'a list of other things than names' }
}
