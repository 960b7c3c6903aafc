/**
 * Flat blocks as Markdown, in units that may be set apart: what GitHub's and Discord's flavours have in common.
 * `render-markdown.ts` and `render-discord.ts` say where they differ.
 */
import { markers, type ListEntry, type Span, type TableBlock } from './blocks.ts'
import { pack, pieces } from './fit-text.ts'
import { type FlatBlock, linesOf } from './flatten.ts'
import type { Severity } from './message.ts'

export interface Flavour {
  /** Of one unit, in UTF-16 units; 2000 or more. */
  readonly longestUnit: number
  /** Text of more is escaped in parts, so that no part is longer than a unit whatever it consists of. */
  readonly longestText: number
  /** Between two lines of a paragraph. */
  readonly lineBreak: string
  /** Makes text safe within a line, wherever it is cut. */
  escape(text: string): string
  /** Text in a frame. */
  framed(text: string): string
  /** `label` is escaped already. */
  link(label: string, span: Span & { readonly href: string }): string
  /** Makes text safe between two fences, and gives the fence. */
  fence(code: string): { readonly fence: string; readonly code: string }
  note(text: string): string
  divider: string
  picture(alt: string, url: string): string
  /** Lines before a quote. */
  quoteHead(tone: Severity): string[]
  table(block: TableBlock): string[]
}

/** Each unit is whole Markdown of its own, and no longer than the flavour lets it be. */
export function unitsOf(block: FlatBlock, flavour: Flavour): string[] {
  const { longestUnit } = flavour
  switch (block.kind) {
    case 'paragraph': return pack(spanLines(block.spans, flavour), flavour.lineBreak, longestUnit)
    case 'heading': return [`${'#'.repeat(Math.min(3, block.level + 1))} ${startOfLine(flavour.escape(block.text))}`]
    case 'caption': return [`**${flavour.escape(block.text)}**`]
    case 'note': return [flavour.note(flavour.escape(block.text))]
    case 'quote': return pack([...flavour.quoteHead(block.tone), ...spanLines(block.spans, flavour)].map((line) => `> ${line}`), '\n', longestUnit)
    case 'list': return pack(block.entries.flatMap((entry) => entryLines(entry, flavour)), '\n', longestUnit)
    case 'table': return flavour.table(block)
    case 'preformatted': return fenced(block.text, block.language, flavour)
    case 'space': return ['']
    case 'divider': return [flavour.divider]
    case 'picture': return [flavour.picture(flavour.escape(block.alt), block.url)]
    default: return block satisfies never
  }
}

/** As many fenced blocks as the text needs. */
export function fenced(text: string, language: string, flavour: Flavour): string[] {
  const { fence, code } = flavour.fence(text)
  const overhead = 2 * fence.length + language.length + 2
  const lines = code.split('\n').flatMap((line) => (line === '' ? [line] : pieces(line, flavour.longestUnit - overhead)))
  return pack(lines, '\n', flavour.longestUnit - overhead).map((part) => `${fence}${language}\n${part}\n${fence}`)
}

/** What would begin a list, a heading or a quote, or underline one, is text. */
export function startOfLine(escaped: string): string {
  return escaped.replace(/^\s+/, '').replace(/^(?=[-+=#>])/, '\\').replace(/^(\d+)(?=[.)])/, '$1\\')
}

function spanLines(spans: readonly Span[], flavour: Flavour): string[] {
  return linesOf(spans).flatMap((line) => {
    const rendered = line.flatMap((span) => pieces(span.text, flavour.longestText).map((text) => renderSpan({ ...span, text }, flavour)))
    return rendered.length === 0 ? [''] : pack(rendered, '', flavour.longestUnit - 10).map(startOfLine)
  })
}

function renderSpan(span: Span, flavour: Flavour): string {
  const { text, bold, framed, marker, href } = span
  const dot = marker === undefined ? '' : `${markers[marker]} `
  if (framed) return `${dot}${flavour.framed(text)}`
  const escaped = flavour.escape(text)
  if (href !== undefined) return `${dot}${flavour.link(escaped, { ...span, href })}`
  return `${dot}${bold ? inBold(escaped) : escaped}`
}

/** White space at its edges would keep it from being bold. */
function inBold(escaped: string): string {
  const [, before = '', inner = '', after = ''] = /^(\s*)(.*?)(\s*)$/s.exec(escaped)!
  return inner === '' ? escaped : `${before}**${inner}**${after}`
}

/** What ends the target, or escapes, is percent-encoded. */
export function linkTarget(url: string): string {
  return url.replace(/[()\\<>`\s]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function entryLines({ text, ordered, number, depth }: ListEntry, flavour: Flavour): string[] {
  // Deep enough for whatever number is before it in an outer list.
  const indent = '    '.repeat(depth)
  const [first = '', ...rest] = spanLines([{ text }], flavour)
  return [`${indent}${ordered ? `${number}.` : '-'} ${first}`, ...rest.map((line) => `${indent}  ${line}`)]
}
