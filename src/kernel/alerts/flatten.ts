/**
 * Blocks in fewer words, for destinations that have lines of text and little else: no columns, frames, bars or
 * colours. What is left says the same, one thing below the other.
 */
import type { Block, Span } from './blocks.ts'
import type { Severity } from './message.ts'

type Kept = 'paragraph' | 'heading' | 'caption' | 'note' | 'table' | 'list' | 'preformatted' | 'space' | 'divider' | 'picture'

export type FlatBlock = Extract<Block, { readonly kind: Kept }> | { readonly kind: 'quote'; readonly tone: Severity; readonly spans: readonly Span[] }

export function flatten(blocks: readonly Block[]): FlatBlock[] {
  return blocks.flatMap(flattenOne)
}

function flattenOne(block: Block): FlatBlock[] {
  switch (block.kind) {
    case 'pairs': return [inLines(block.pairs.map(([name, value]) => [{ text: `${name}:`, bold: true }, { text: ` ${value}` }]))]
    case 'events': return [inLines(block.events.map(({ time, title, text, tone }) => [
      { text: time, marker: tone },
      { text: ' ' },
      { text: title, bold: true },
      ...(text === '' ? [] : [{ text: `\n${text}` }]),
    ]))]
    case 'callout': return [{
      kind: 'quote',
      tone: block.tone,
      spans: [...(block.title === '' ? [] : [{ text: block.title, bold: true, marker: block.tone }, { text: '\n' }]), { text: block.text }],
    }]
    case 'meter': return [inLines([[...(block.label === '' ? [] : [{ text: `${block.label}: ` }]), { text: `${bar(block.share)} ${block.text}` }]])]
    case 'figure': return [inLines([[{ text: `${block.label}: ` }, { text: block.value, bold: true }, ...(block.change === '' ? [] : [{ text: ` ${block.change}`, tone: block.tone }])]])]
    case 'card': return [
      ...(block.title === '' ? [] : [{ kind: 'caption' as const, text: block.title }]),
      ...flatten(block.blocks),
      ...(block.footer === '' ? [] : [{ kind: 'note' as const, text: block.footer }]),
    ]
    case 'grid': return flatten(block.cells.flat())
    case 'attached_picture': return [{ kind: 'note', text: `${block.alt}: see ${block.file.filename}` }]
    default: return [block]
  }
}

function inLines(lines: readonly (readonly Span[])[]): FlatBlock {
  return { kind: 'paragraph', spans: lines.flatMap((line, at) => (at === 0 ? line : [{ text: '\n' }, ...line])) }
}

const barLength = 20

function bar(share: number): string {
  const full = Math.floor(share * barLength)
  return '▰'.repeat(full) + '▱'.repeat(barLength - full)
}

/** The lines of a paragraph, each with its spans and without line breaks. */
export function linesOf(spans: readonly Span[]): Span[][] {
  const lines: Span[][] = [[]]
  for (const span of spans) {
    for (const [at, text] of span.text.split('\n').entries()) {
      if (at > 0) lines.push([])
      if (text !== '') lines.at(-1)!.push({ ...span, text })
    }
  }
  return lines
}
