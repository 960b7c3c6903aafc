/** YAML with definitions in it: parsed without surprises, and with the line of each field. The parser is loaded with the first file. */
import { createRequire } from 'node:module'
import type { LineCounter, Node, Pair, YAMLMap } from 'yaml'
import { ValidationError, messageOf } from '../../../kernel/errors.ts'

const loadYaml = () => createRequire(import.meta.url)('yaml') as typeof import('yaml')
type Yaml = ReturnType<typeof loadYaml>

export interface YamlDocument {
  readonly content: unknown
  /** Of a field such as `services[2].env.PORT`, from 1, or of the nearest around it. */
  lineOf(path: string): number
}

/** More would be a bomb: few lines that stand for millions. */
const mostAliases = 200

/** Anchors and merge keys hold, tags of one's own do not. @throws ValidationError `service.invalid`, with file, line and column */
export function parseYaml(text: string, where: string): YamlDocument {
  const yaml = loadYaml()
  const lines = new yaml.LineCounter()
  const document = parse(yaml, text, lines, where)
  const fault = [...document.errors, ...document.warnings][0]
  if (fault) {
    const { line, col } = lines.linePos(fault.pos[0])
    throw notYaml(`${where}:${line}:${col}`, fault.message)
  }
  return { content: contentOf(document, where), lineOf: (path) => lineOf(yaml, document.contents, path, lines) }
}

function parse(yaml: Yaml, text: string, lineCounter: LineCounter, where: string) {
  try {
    // Pretty errors quote the text, and with it a secret.
    return yaml.parseDocument(text, { lineCounter, prettyErrors: false, merge: true, stringKeys: true })
  } catch (error) {
    // The parser recurses: a file of nothing but brackets exhausts its stack.
    throw notYaml(where, messageOf(error))
  }
}

function contentOf(document: { toJS(options: { readonly maxAliasCount: number }): unknown }, where: string): unknown {
  try {
    return document.toJS({ maxAliasCount: mostAliases })
  } catch (error) {
    throw notYaml(where, messageOf(error))
  }
}

function notYaml(where: string, problem: string): ValidationError {
  return new ValidationError('service.invalid', `${where}: is not YAML that can be read: ${problem}`)
}

function lineOf(yaml: Yaml, contents: unknown, path: string, lines: LineCounter): number {
  let node = contents
  let start = (contents as Node | null)?.range?.[0] ?? 0
  for (const step of path.match(/[^.[\]]+/g) ?? []) {
    const pair = yaml.isMap(node) ? pairOf(yaml, node, step) : undefined
    const next = pair ? pair.value : yaml.isSeq(node) ? node.items[Number(step)] : undefined
    const range = ((pair?.key ?? next) as Node | null | undefined)?.range
    if (!range) break
    start = range[0]
    node = next
  }
  return lines.linePos(start).line
}

function pairOf(yaml: Yaml, map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => yaml.isScalar(pair.key) && String(pair.key.value) === key)
}

/** Block style, without anchors; what a text could be taken for is quoted. */
export function writeYaml(content: unknown): string {
  return loadYaml().stringify(content, { aliasDuplicateObjects: false, lineWidth: 0 })
}
