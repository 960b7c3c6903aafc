/** Flat blocks as Slack's `rich_text`, whose text is shown as it is: no markup, mentions, links or emoji are read out of it. */
import { markers, type ListEntry, type Span } from './blocks.ts'
import { pack, pieces } from './fit-text.ts'
import { linesOf } from './flatten.ts'
import type { SlackBlock } from './render-slack.ts'

interface RichElement {
  readonly type: 'text' | 'link'
  readonly text: string
  readonly url?: string
  readonly style?: { readonly bold?: true; readonly italic?: true; readonly code?: true }
}

/** Of one element that holds text: the limit of a section's text; there is none documented for rich_text. */
const longestText = 3000
/** Of one block, as JSON: half of what a message may be. */
const longestBlock = 6000

export function richText(elements: readonly object[]): SlackBlock {
  return { type: 'rich_text', elements }
}

/** One or more blocks, each with one element of the type. */
export function richParagraph(type: 'rich_text_section' | 'rich_text_quote', spans: readonly Span[]): SlackBlock[] {
  return inParts(elementsOf(spans)).map((elements) => richText([{ type, elements }]))
}

export function richPreformatted(text: string, head: readonly string[] = []): SlackBlock[] {
  const room = longestText - head.join('\n').length - 1
  const lines = text.split('\n').flatMap((line) => (line === '' ? [line] : pieces(line, room)))
  return pack(lines, '\n', room)
    .filter((part) => part !== '')
    .map((part) => richText([{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: [...head, part].join('\n') }] }]))
}

/** Slack has no lists within lists: an indented one follows, and the outer one goes on with its number. */
export function richList(entries: readonly ListEntry[]): SlackBlock[] {
  return inParts(entries).flatMap((part) => richText(sameKind(part).map((list) => {
    const { depth, ordered, number } = list[0]!
    return {
      type: 'rich_text_list',
      style: ordered ? 'ordered' : 'bullet',
      indent: depth,
      ...(ordered && number > 1 ? { offset: number - 1 } : {}),
      elements: list.map(({ text }) => ({ type: 'rich_text_section', elements: [{ type: 'text', text: text === '' ? ' ' : text }] })),
    }
  })))
}

function sameKind(entries: readonly ListEntry[]): ListEntry[][] {
  const lists: ListEntry[][] = []
  for (const entry of entries) {
    const last = lists.at(-1)
    if (last && last[0]!.depth === entry.depth && last[0]!.ordered === entry.ordered) last.push(entry)
    else lists.push([entry])
  }
  return lists
}

/** Together no more than a block should hold. */
function inParts<T>(elements: readonly T[]): T[][] {
  const parts: T[][] = []
  let taken = 0
  for (const element of elements) {
    const length = JSON.stringify(element).length + 100
    taken += length
    if (parts.length === 0 || taken > longestBlock) {
      parts.push([])
      taken = length
    }
    parts.at(-1)!.push(element)
  }
  return parts
}

function elementsOf(spans: readonly Span[]): RichElement[] {
  const lines = linesOf(spans)
  return lines.flatMap((line, at) => [...(at === 0 ? [] : [{ type: 'text' as const, text: '\n' }]), ...line.flatMap(elementOf)])
}

function elementOf({ text, bold, muted, framed, marker, href }: Span): RichElement[] {
  const dot: RichElement[] = marker === undefined ? [] : [{ type: 'text', text: `${markers[marker]} ` }]
  if (href !== undefined && href.length <= longestText) return [...dot, { type: 'link', url: href, text: pieces(text, longestText)[0]! }]
  const style = { ...(bold ? { bold } : {}), ...(muted ? { italic: muted } : {}), ...(framed ? { code: framed } : {}) }
  return [...dot, ...pieces(text, longestText).map((part): RichElement => ({ type: 'text', text: part, ...(Object.keys(style).length > 0 ? { style } : {}) }))]
}
