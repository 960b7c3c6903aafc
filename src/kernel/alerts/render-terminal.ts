/** A message as text for a terminal, or for any place that has nothing but text. */
import { displayWidth, padEnd } from '../display-width.ts'
import type { Block, Composition, EventBlock, ListEntry, Span } from './blocks.ts'
import { compose } from './compose.ts'
import type { AlertMessage, Severity } from './message.ts'
import { textGrid } from './text-grid.ts'

export interface TerminalOptions {
  /** In columns; at least 20. */
  readonly width: number
  readonly colour: boolean
}

/** Holds no control characters but line breaks and, with `colour`, escape sequences of ours. Nothing is moved into files. */
export function renderTerminal(message: AlertMessage, { width, colour }: TerminalOptions): string {
  return textOf(compose(message, null), { width: Math.max(20, width), colour })
}

/** The subject, and all blocks below it. */
export function textOf({ subject, severity, blocks }: Composition, options: TerminalOptions): string {
  const paint = penFor(options.colour)
  const title = wrap(subject, options.width - 2).map((line, at) => `${at === 0 ? paint(severity, '●') : ' '} ${paint('bold', line)}`)
  return `${[...(subject === '' ? [] : [...title, '']), ...linesOf(blocks, options)].join('\n')}\n`
}

/** Blocks without a subject. */
export function linesOf(blocks: readonly Block[], options: TerminalOptions): string[] {
  return blocks.flatMap((block, at) => [...(at > 0 && !isAttached(blocks[at - 1]!, block) ? [''] : []), ...blockLines(block, options)])
}

/** Captions stand right above what they name, notes right below what they are about. */
function isAttached(before: Block, block: Block): boolean {
  return before.kind === 'caption' || block.kind === 'note' || block.kind === 'space' || before.kind === 'space'
}

type Style = Severity | 'bold' | 'dim'

// Colours of the sixteen that every terminal has, so that they fit its background.
const codes = { bold: [1, 22], dim: [2, 22], info: [34, 39], success: [32, 39], warning: [33, 39], error: [31, 39] } as const satisfies Record<Style, readonly [number, number]>

function penFor(colour: boolean): (style: Style, text: string) => string {
  return (style, text) => (colour && text !== '' ? `\u001b[${codes[style][0]}m${text}\u001b[${codes[style][1]}m` : text)
}

function blockLines(block: Block, options: TerminalOptions): string[] {
  const { width, colour } = options
  const paint = penFor(colour)
  switch (block.kind) {
    case 'paragraph': return spanLines(block.spans, options)
    case 'heading': return wrap(block.level === 1 ? block.text.toUpperCase() : block.text, width).map((line) => paint('bold', line))
    case 'caption': return wrap(block.text, width).map((line) => paint('bold', line))
    case 'note': return wrap(block.text, width).map((line) => paint('dim', line))
    case 'pairs': return pairLines(block.pairs, options)
    case 'table': {
      const { head, lines } = textGrid(block, width)
      return [...head.map((line, at) => paint(at === 0 ? 'bold' : 'dim', line)), ...lines]
    }
    case 'list': return block.entries.flatMap((entry) => entryLines(entry, width))
    case 'events': return block.events.flatMap((event) => eventLines(event, options))
    case 'preformatted': return block.text.split('\n').map((line) => `  ${line}`)
    case 'space': return ['']
    case 'divider': return [paint('dim', '─'.repeat(Math.min(width, 72)))]
    case 'picture': return wrap(`[${block.alt}] ${block.url}`, width)
    case 'attached_picture': return wrap(`[${block.alt}]`, width)
    case 'callout': return barred([...(block.title === '' ? [] : wrap(block.title, width - 2).map((line) => paint('bold', line))), ...wrap(block.text, width - 2)], paint(block.tone, '┃'))
    case 'meter': return meterLines(block, options)
    case 'figure': return [...wrap(block.label, width).map((line) => paint('dim', line)), ...wrap([block.value, block.change].filter(Boolean).join('  '), width).map((line) => paint('bold', line))]
    case 'card': return cardLines(block, options)
    case 'grid': return linesOf(block.cells.flat(), options)
    default: return block satisfies never
  }
}

function barred(lines: readonly string[], bar: string): string[] {
  return lines.map((line) => `${bar} ${line}`)
}

function cardLines({ title, blocks, footer }: Extract<Block, { kind: 'card' }>, options: TerminalOptions): string[] {
  const paint = penFor(options.colour)
  const width = Math.max(12, options.width - 2)
  const inner = [
    ...(title === '' ? [] : wrap(title, width).map((line) => paint('bold', line))),
    ...linesOf(blocks, { ...options, width }),
    ...(footer === '' ? [] : wrap(footer, width).map((line) => paint('dim', line))),
  ]
  return [paint('dim', '╭─'), ...barred(inner, paint('dim', '│')), paint('dim', '╰─')]
}

function meterLines({ label, share, text }: Extract<Block, { kind: 'meter' }>, { width, colour }: TerminalOptions): string[] {
  const paint = penFor(colour)
  const size = Math.max(10, Math.min(30, width - text.length - 1))
  const full = Math.floor(share * size)
  return [...(label === '' ? [] : wrap(label, width)), `${paint('success', '█'.repeat(full))}${paint('dim', '░'.repeat(size - full))} ${text}`]
}

function pairLines(pairs: Extract<Block, { kind: 'pairs' }>['pairs'], { width, colour }: TerminalOptions): string[] {
  const paint = penFor(colour)
  const name = Math.min(Math.floor(width / 3), pairs.reduce((most, [each]) => Math.max(most, displayWidth(each)), 1))
  return pairs.flatMap(([key, value]) => {
    const names = wrap(key, name)
    const values = wrap(value, width - name - 2)
    return Array.from({ length: Math.max(names.length, values.length) }, (_, at) => {
      const { [at]: left = '' } = names
      const { [at]: right = '' } = values
      return right === '' ? paint('dim', left) : `${paint('dim', padEnd(left, name))}  ${right}`
    })
  })
}

function entryLines({ text, ordered, number, depth }: ListEntry, width: number): string[] {
  const bullet = `${'  '.repeat(depth)}${ordered ? `${number}.` : '-'} `
  return wrap(text, Math.max(10, width - bullet.length)).map((line, at) => `${at === 0 ? bullet : ' '.repeat(bullet.length)}${line}`)
}

function eventLines({ time, title, text, tone }: EventBlock, { width, colour }: TerminalOptions): string[] {
  const paint = penFor(colour)
  const head = wrap([time, title].filter(Boolean).join('  '), width - 2).map((line, at) => `${at === 0 ? paint(tone, '●') : ' '} ${line}`)
  return [...head, ...(text === '' ? [] : wrap(text, width - 2).map((line) => `  ${paint('dim', line)}`))]
}

/** Painted word by word, since a line break must not stand between an escape sequence and its end. */
function spanLines(spans: readonly Span[], { width, colour }: TerminalOptions): string[] {
  const paint = penFor(colour)
  const lines: string[] = []
  let line = ''
  let taken = 0
  for (const { text, style } of spans.flatMap((span) => wordsOf(span, width))) {
    const size = displayWidth(text)
    if (text === '\n' || (taken > 0 && taken + size > width)) {
      lines.push(line.trimEnd())
      line = ''
      taken = 0
    }
    if (text === '\n' || (taken === 0 && text === ' ')) continue
    line += style.reduceRight((painted, each) => paint(each, painted), text)
    taken += size
  }
  return [...lines, line.trimEnd()]
}

interface Word {
  readonly text: string
  readonly style: readonly Style[]
}

function wordsOf({ text, bold, muted, tone, framed, marker, href }: Span, width: number): Word[] {
  const style: Style[] = [...(bold ? ['bold' as const] : []), ...(muted ? ['dim' as const] : []), ...(tone ? [tone] : [])]
  const shown = `${framed ? `[${text}]` : text}${href === undefined || href === text ? '' : ` ${href}`}`
  const words = shown.split(/(\s)/).filter((part) => part !== '').flatMap((part) => chopped(part, width))
  return [...(marker === undefined ? [] : [{ text: '●', style: [marker] }, { text: ' ', style: [] }]), ...words.map((word) => ({ text: word, style: /^\s$/.test(word) ? [] : style }))]
}

/** Lines of at most `width` columns, broken at spaces where there are some. Indents stay. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    const lines: string[] = []
    let current = ''
    for (const word of line.split(/(?<= )/).flatMap((part) => chopped(part, width))) {
      if (current !== '' && displayWidth(current + word.trimEnd()) > width) {
        lines.push(current.trimEnd())
        current = ''
      }
      current += word
    }
    return [...lines, current.trimEnd()]
  })
}

/** A word that is wider than a line, in parts that are not. */
function chopped(word: string, width: number): string[] {
  if (displayWidth(word.trimEnd()) <= width) return [word]
  const parts: string[] = []
  let part = ''
  for (const character of word) {
    if (part !== '' && displayWidth(part + character) > width) {
      parts.push(part)
      part = ''
    }
    part += character
  }
  return [...parts, part]
}
