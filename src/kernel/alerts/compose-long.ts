/** The blocks of components that may be too long to be read in a message: those become a file, of which the message shows a part. */
import { type Files, type FileText, type MadeFile, csvRecords } from './attachments.ts'
import type { Block, EventBlock, ListEntry } from './blocks.ts'
import { cellText } from './cell-text.ts'
import { cleanLine, cleanText } from './clean-text.ts'
import { decimal, line, paragraph } from './compose-short.ts'
import type { Image, KeyValues, List, LogEntry, Table, Timeline } from './components.ts'
import { cut } from './fit-text.ts'
import type { RenderLimits } from './message.ts'

export interface Context {
  readonly files: Files
  /** `null`: nothing is too long. */
  readonly limits: RenderLimits | null
}

/** Above these text, code and logs become a file. */
const mostCharacters = 3000
const mostLines = 40
/** Above this lists, pairs and timelines do. */
const mostEntries = 200
const mostColumns = 20
/** What is shown of something that became a file. */
const excerptLines = 10
const excerptWidth = 300
const longestValue = 1000

export function composeText(text: string, context: Context): Block[] {
  const clean = cleanText(text).trim()
  if (clean === '') return []
  if (!isLong(clean, context)) return [paragraph([{ text: clean }])]
  const made = context.files.addText({ filename: 'text.txt', contentType: 'text/plain', records: clean.split('\n'), lineBreak: '\n' })
  return [paragraph([{ text: cut(clean, excerptWidth * 3) }]), note(`${decimal(clean.length)} characters`, 'only the beginning is shown', made)]
}

interface FixedText {
  readonly filename: string
  readonly language: string
  /** What is newest in a log stands at its end. */
  readonly endMatters?: boolean
}

export function composeFixed(text: string, { filename, language, endMatters = false }: FixedText, context: Context): Block[] {
  const clean = cleanText(text).replace(/\n+$/, '')
  if (clean === '') return []
  if (!isLong(clean, context)) return [{ kind: 'preformatted', text: clean, language }]
  const lines = clean.split('\n')
  const contentType = filename.endsWith('.json') ? 'application/json' : 'text/plain'
  const made = context.files.addText({ filename, contentType, records: lines, lineBreak: '\n' })
  const part = endMatters ? lines.slice(-excerptLines) : lines.slice(0, excerptLines)
  const shown = `the ${endMatters ? 'last' : 'first'} ${part.length === 1 ? 'one' : part.length} of them shown${part.some((each) => each.length > excerptWidth) ? ' in part' : ''}`
  return [{ kind: 'preformatted', text: part.map((each) => cut(each, excerptWidth)).join('\n'), language }, note(counted(lines.length, 'line'), shown, made)]
}

export function composeLog(entries: readonly LogEntry[], context: Context): Block[] {
  const lines = entries.map(({ time, level, logger, message }) => [time, level.toUpperCase().padEnd(5), logger && `${logger}:`, message].filter(Boolean).join(' '))
  return composeFixed(lines.join('\n'), { filename: 'messages.log', language: '', endMatters: true }, context)
}

export function composeList(list: List, context: Context): Block[] {
  const entries = stepByStep(unfold(list, 0))
  if (entries.length === 0) return []
  if (!hasMany(entries, context)) return [{ kind: 'list', entries }]
  const records = entries.map(({ text, ordered, number, depth }) => `${'  '.repeat(depth)}${ordered ? `${number}.` : '-'} ${text}`)
  const made = context.files.addText({ filename: 'list.txt', contentType: 'text/plain', records, lineBreak: '\n' })
  return [{ kind: 'list', entries: entries.slice(0, excerptLines) }, note(counted(entries.length, 'entry'), firstShown(excerptLines), made)]
}

function unfold({ items, ordered }: List, depth: number): ListEntry[] {
  let number = 0
  return items.flatMap((item) => {
    if (typeof item !== 'string') return unfold(item, depth + 1)
    number += 1
    return [{ text: cleanLine(item, longestValue), ordered, number, depth }]
  })
}

/** A list that begins with a list, or nests two at once, is no deeper than one that does not. */
function stepByStep(entries: readonly ListEntry[]): ListEntry[] {
  const taken: ListEntry[] = []
  for (const entry of entries) taken.push({ ...entry, depth: Math.min(entry.depth, (taken.at(-1)?.depth ?? -1) + 1) })
  return taken
}

export function composePairs({ pairs, title }: KeyValues, context: Context): Block[] {
  if (pairs.length === 0) return []
  const shown = (count: number): Block => ({ kind: 'pairs', pairs: pairs.slice(0, count).map(([name, value]) => [line(name), cut(cleanText(cellText(value)).trim(), longestValue)]) })
  if (!hasMany(pairs, context)) return [...caption(title), shown(pairs.length)]
  const made = context.files.addText(csvFile(title ?? 'values', ['name', 'value'], pairs))
  return [...caption(title), shown(excerptLines), note(counted(pairs.length, 'value'), firstShown(excerptLines), made)]
}

export function composeTimeline({ entries }: Timeline, context: Context): Block[] {
  if (entries.length === 0) return []
  const events = entries.map(({ time, title, text = '', severity }): EventBlock => ({ time: line(time), title: line(title), text: cut(cleanText(text).trim(), longestValue), tone: severity }))
  if (!hasMany(events, context)) return [{ kind: 'events', events }]
  const made = context.files.addText(csvFile('timeline', ['time', 'severity', 'title', 'text'], entries.map(({ time, severity, title, text }) => [time, severity, title, text])))
  return [{ kind: 'events', events: events.slice(0, excerptLines) }, note(counted(events.length, 'event'), firstShown(excerptLines), made)]
}

export function composeTable({ columns, rows, title }: Table, context: Context): Block[] {
  const width = Math.max(columns?.length ?? 0, rows.reduce((most, row) => Math.max(most, row.length), 0))
  if (width === 0) return []
  const { limits } = context
  const shownRows = limits === null || rows.length <= limits.inlineTableMaxRows ? rows : rows.slice(0, Math.min(excerptLines, limits.inlineTableMaxRows))
  const shownWidth = limits === null ? width : Math.min(width, mostColumns)
  const table = tableBlock(columns, shownRows, shownWidth)
  if (shownRows === rows && shownWidth === width) return [...caption(title), table]
  const made = context.files.addText(csvFile(title ?? 'table', columns ?? null, rows))
  const size = shownWidth === width ? counted(rows.length, 'row') : `${counted(rows.length, 'row')} of ${counted(width, 'column')}`
  const shown = shownRows === rows ? `the first ${shownWidth} columns shown` : firstShown(shownRows.length)
  return [...caption(title), table, note(size, shown, made)]
}

function tableBlock(columns: readonly string[] | undefined, rows: readonly (readonly unknown[])[], width: number): Block {
  const places = Array.from({ length: width }, (_, at) => at)
  return {
    kind: 'table',
    columns: columns === undefined ? null : places.map((at) => line(columns[at] ?? '')),
    rows: rows.map((row) => places.map((at) => line(cellText(row[at])))),
    numeric: places.map((at) => isNumeric(rows.map((row) => row[at]))),
  }
}

/** A column of numbers stays one where some are missing. */
function isNumeric(cells: readonly unknown[]): boolean {
  const present = cells.filter((cell) => cell !== null && cell !== undefined)
  return present.length > 0 && present.every((cell) => typeof cell === 'number' || typeof cell === 'bigint')
}

function csvFile(title: string, columns: readonly string[] | null, rows: readonly (readonly unknown[])[]): FileText {
  const cells = rows.map((row) => row.map((value) => ({ text: cellText(value), number: typeof value === 'number' || typeof value === 'bigint' })))
  return { filename: `${title}.csv`, contentType: 'text/csv', records: csvRecords(columns, cells), lineBreak: '\r\n' }
}

export function composeImage({ alt, source }: Image, { files }: Context): Block {
  const words = line(alt) || 'picture'
  if ('url' in source) return { kind: 'picture', alt: words, url: source.url }
  const file = files.addPicture({ filename: `${words}.${source.extension}`, contentType: source.contentType, content: source.bytes })
  if (file === undefined) return { kind: 'note', text: `${words}: the picture is not attached, it is too large or one file too many` }
  return { kind: 'attached_picture', alt: words, file }
}

function caption(title: string | undefined): Block[] {
  return title === undefined || line(title) === '' ? [] : [{ kind: 'caption', text: line(title) }]
}

function firstShown(count: number): string {
  return count === 0 ? 'none of them shown' : `the first ${count} of them shown`
}

/** `1,234 rows, the first 10 of them shown; see orders.csv for all`. */
function note(size: string, shown: string, { filename, kept, total }: MadeFile): Block {
  const where = kept === 0 ? 'not attached: too large, or one file too many' : kept === total ? `see ${filename} for all` : `see ${filename} for the first ${decimal(kept)} lines`
  return { kind: 'note', text: `${size}, ${shown}; ${where}` }
}

function counted(count: number, noun: string): string {
  const plural = noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`
  return `${decimal(count)} ${count === 1 ? noun : plural}`
}

function isLong(text: string, { limits }: Context): boolean {
  return limits !== null && (text.length > mostCharacters || text.split('\n', mostLines + 1).length > mostLines)
}

function hasMany(entries: readonly unknown[], { limits }: Context): boolean {
  return limits !== null && entries.length > mostEntries
}
