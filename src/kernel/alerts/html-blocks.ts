/** Blocks as HTML that mail clients show alike: tables for what stands side by side, styles inline, no scripts, nothing fetched but pictures. */
import type { Block, EventBlock, ListEntry, Span, TableBlock } from './blocks.ts'
import type { Look } from './html-theme.ts'
import type { Attachment, Severity } from './message.ts'

export interface HtmlOptions {
  readonly look: Look
  /** Where a picture among the files is found. */
  readonly addressOf: (file: Attachment) => string
}

export function blocksHtml(blocks: readonly Block[], options: HtmlOptions): string {
  return blocks.map((block) => blockHtml(block, options)).join('')
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => entities[char]!)
}

const below = 'margin:0 0 14px'
const mono = 'font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace'
const breaks = 'overflow-wrap:anywhere;word-break:break-word'
const wholeWidth = 'width:100%;border-collapse:collapse'

function blockHtml(block: Block, options: HtmlOptions): string {
  const { look } = options
  switch (block.kind) {
    case 'paragraph': return `<p${look(`${below};${breaks}`)}>${spansHtml(block.spans, look)}</p>`
    case 'heading': return headingHtml(block, look)
    case 'caption': return `<p${look(`margin:0 0 6px;font-weight:600;${breaks}`)}>${escapeHtml(block.text)}</p>`
    case 'note': return `<p${look(`margin:-6px 0 14px;font-size:13px;${breaks}`, 'muted')}>${escapeHtml(block.text)}</p>`
    case 'pairs': return pairsHtml(block.pairs, look)
    case 'table': return tableHtml(block, look)
    case 'list': return listHtml(block.entries, look)
    case 'events': return eventsHtml(block.events, look)
    case 'preformatted': return `<pre${look(`${below};padding:10px 12px;border-width:1px;border-style:solid;border-radius:6px;font-size:12.5px;line-height:1.5;white-space:pre-wrap;${breaks};${mono}`, 'code')}>${escapeHtml(block.text)}</pre>`
    case 'space': return `<div${look('height:14px;line-height:14px;font-size:0')}>&nbsp;</div>`
    case 'divider': return `<hr${look('margin:18px 0;border-width:1px 0 0;border-style:solid', 'edge')}>`
    case 'picture': return pictureHtml(block.alt, block.url, look)
    case 'attached_picture': return pictureHtml(block.alt, options.addressOf(block.file), look)
    case 'callout': return calloutHtml(block, look)
    case 'meter': return meterHtml(block, look)
    case 'figure': return figureHtml(block, look)
    case 'card': return cardHtml(block, options)
    case 'grid': return gridHtml(block, options)
    default: return block satisfies never
  }
}

function lines(text: string): string {
  return escapeHtml(text).replaceAll('\n', '<br>')
}

function spansHtml(spans: readonly Span[], look: Look): string {
  return spans.map((span) => spanHtml(span, look)).join('')
}

function spanHtml({ text, bold, muted, tone, framed, marker, href }: Span, look: Look): string {
  const dot = marker === undefined ? '' : `<span${look('', marker)}>&#9679;</span> `
  if (href !== undefined) return `${dot}<a href="${escapeHtml(href)}"${look('text-decoration:underline', 'info')}>${lines(text)}</a>`
  if (framed) return `${dot}<span${look('display:inline-block;padding:0 8px;border-radius:10px;font-size:12px;line-height:20px;font-weight:600', tone ?? 'info', groundOf(tone ?? 'info'))}>${lines(text)}</span>`
  const weight = bold ? 'font-weight:600' : ''
  if (tone !== undefined) return `${dot}<span${look(weight, tone)}>${lines(text)}</span>`
  if (muted) return `${dot}<span${look(weight, 'muted')}>${lines(text)}</span>`
  return `${dot}${bold ? `<strong${look(weight)}>${lines(text)}</strong>` : lines(text)}`
}

function groundOf(tone: Severity): `${Severity}Ground` {
  return `${tone}Ground`
}

const headingSizes = { 1: '19px', 2: '17px', 3: '15px' } as const

function headingHtml({ level, text }: Extract<Block, { kind: 'heading' }>, look: Look): string {
  const tag = `h${level + 1}`
  return `<${tag}${look(`margin:20px 0 8px;font-size:${headingSizes[level]};line-height:1.35;font-weight:600;${breaks}`, 'ink')}>${escapeHtml(text)}</${tag}>`
}

function pairsHtml(pairs: Extract<Block, { kind: 'pairs' }>['pairs'], look: Look): string {
  const rows = pairs.map(([name, value]) =>
    `<tr><th scope="row"${look(`padding:2px 16px 2px 0;width:1%;min-width:84px;text-align:left;vertical-align:top;font-weight:400;${breaks}`, 'muted')}>${escapeHtml(name)}</th>` +
    `<td${look(`padding:2px 0;vertical-align:top;${breaks}`)}>${lines(value)}</td></tr>`)
  return `<table${look(`${below};${wholeWidth}`)}>${rows.join('')}</table>`
}

function tableHtml({ columns, rows, numeric }: TableBlock, look: Look): string {
  const align = (at: number) => (numeric[at] ? 'text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums' : 'text-align:left')
  const side = (at: number) => (at === numeric.length - 1 ? '0' : '16px')
  const edge = 'border-width:0 0 1px;border-style:solid'
  const head = columns?.map((name, at) => `<th scope="col"${look(`padding:6px ${side(at)} 6px 0;${edge};font-size:13px;font-weight:600;vertical-align:bottom;${align(at)}`, 'muted', 'edge')}>${escapeHtml(name)}</th>`)
  const body = rows.map((row) => `<tr>${row.map((cell, at) => `<td${look(`padding:6px ${side(at)} 6px 0;${edge};vertical-align:top;${align(at)}`, 'edge')}>${escapeHtml(cell)}</td>`).join('')}</tr>`)
  // A table that is too wide is moved within its own box, not the whole message.
  return `<div${look(`${below};overflow-x:auto`)}><table${look(wholeWidth)}>${head === undefined ? '' : `<tr>${head.join('')}</tr>`}${body.join('')}</table></div>`
}

/** Each entry is no more than one deeper than the one before it. */
function listHtml(entries: readonly ListEntry[], look: Look, depth = 0): string {
  const { ordered } = entries[0]!
  const tag = ordered ? 'ol' : 'ul'
  const items: { own: ListEntry; inner: ListEntry[] }[] = []
  for (const entry of entries) {
    if (entry.depth === depth) items.push({ own: entry, inner: [] })
    else items.at(-1)!.inner.push(entry)
  }
  const shown = items.map(({ own, inner }) => `<li${look(`margin:2px 0;${breaks}`)}>${escapeHtml(own.text)}${inner.length === 0 ? '' : listHtml(inner, look, depth + 1)}</li>`)
  return `<${tag}${look(`margin:0 0 ${depth === 0 ? '14px' : '0'};padding:0 0 0 22px`)}>${shown.join('')}</${tag}>`
}

function eventsHtml(events: readonly EventBlock[], look: Look): string {
  const rows = events.map(({ time, title, text, tone }) =>
    `<tr><td${look('padding:3px 0;width:18px;vertical-align:top', tone)}>&#9679;</td>` +
    `<td${look(`padding:3px 0;vertical-align:top;${breaks}`)}><span${look('font-weight:600')}>${escapeHtml(title)}</span> <span${look('font-size:13px;font-variant-numeric:tabular-nums', 'muted')}>${escapeHtml(time)}</span>` +
    `${text === '' ? '' : `<br>${lines(text)}`}</td></tr>`)
  return `<table role="presentation"${look(`${below};${wholeWidth};table-layout:fixed`)}>${rows.join('')}</table>`
}

function pictureHtml(alt: string, address: string, look: Look): string {
  return `<p${look(below)}><img src="${escapeHtml(address)}" alt="${escapeHtml(alt)}"${look('max-width:100%;height:auto;border:0;border-radius:4px')}></p>`
}

function calloutHtml({ tone, title, text }: Extract<Block, { kind: 'callout' }>, look: Look): string {
  const head = title === '' ? '' : `<div${look('font-weight:600', tone)}>${escapeHtml(title)}</div>`
  return `<div${look(`${below};padding:10px 14px;border-width:0 0 0 4px;border-style:solid;border-radius:4px;${breaks}`, groundOf(tone))}>${head}${lines(text)}</div>`
}

function meterHtml({ label, share, text }: Extract<Block, { kind: 'meter' }>, look: Look): string {
  const words = `<tr><td${look(`padding:0;${breaks}`)}>${escapeHtml(label)}</td><td${look('padding:0 0 0 12px;text-align:right;white-space:nowrap;font-size:13px', 'muted')}>${escapeHtml(text)}</td></tr>`
  const bar = `<div${look('margin-top:5px;height:8px;border-radius:4px;overflow:hidden;font-size:0;line-height:0', 'track')}><div${look(`width:${(share * 100).toFixed(1)}%;height:8px`, 'infoBar')}></div></div>`
  return `<div${look(below)}><table role="presentation"${look(wholeWidth)}>${words}</table>${bar}</div>`
}

function figureHtml({ label, value, change, tone }: Extract<Block, { kind: 'figure' }>, look: Look): string {
  return `<div${look(`${below};padding:10px 14px;border-width:1px;border-style:solid;border-radius:6px;${breaks}`, 'edge')}>` +
    `<div${look('font-size:13px', 'muted')}>${escapeHtml(label)}</div><div${look('font-size:22px;line-height:1.3;font-weight:600', 'ink')}>${escapeHtml(value)}</div>` +
    `${change === '' ? '' : `<div${look('font-size:13px', tone === 'info' ? 'muted' : tone)}>${escapeHtml(change)}</div>`}</div>`
}

function cardHtml({ title, blocks, footer }: Extract<Block, { kind: 'card' }>, options: HtmlOptions): string {
  const { look } = options
  const head = title === '' ? '' : `<div${look(`margin:0 0 8px;font-weight:600;${breaks}`)}>${escapeHtml(title)}</div>`
  const foot = footer === '' ? '' : `<div${look(`margin:0 0 10px;font-size:13px;${breaks}`, 'muted')}>${escapeHtml(footer)}</div>`
  return `<div${look(`${below};padding:12px 14px 0;border-width:1px;border-style:solid;border-radius:6px`, 'edge')}>${head}${blocksHtml(blocks, options)}${foot}</div>`
}

const gap = 10

function gridHtml({ columns, cells }: Extract<Block, { kind: 'grid' }>, options: HtmlOptions): string {
  const { look } = options
  const rows: string[] = []
  for (let first = 0; first < cells.length; first += columns) {
    const row = Array.from({ length: columns }, (_, at) => {
      // Shares of the gap on both sides, so that all columns are equally wide and the outer ones flush.
      const padding = `0 ${(columns - 1 - at) * gap / columns}px 0 ${at * gap / columns}px`
      return `<td class="column"${look(`padding:${padding};width:${(100 / columns).toFixed(2)}%;vertical-align:top`)}>${blocksHtml(cells[first + at] ?? [], options)}</td>`
    })
    rows.push(`<tr>${row.join('')}</tr>`)
  }
  return rows.length === 0 ? '' : `<table role="presentation"${look(`${wholeWidth};table-layout:fixed`)}>${rows.join('')}</table>`
}
