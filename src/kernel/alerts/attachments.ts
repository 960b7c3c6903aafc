/** Files made of what is too long for a message: their text, their names, and where they are cut. */
import { cleanLine, cleanText } from './clean-text.ts'
import type { Attachment } from './message.ts'

/** One record of a file, with its own line breaks inside but none at its end. */
export type Records = readonly string[]

/** A CSV file (RFC 4180), in records that end with CRLF. Cells that a spreadsheet would compute are defused. */
export function csvRecords(columns: readonly string[] | null, rows: readonly (readonly CsvCell[])[]): string[] {
  const records = rows.map((row) => row.map(csvCell).join(','))
  return columns === null ? records : [columns.map((name) => csvCell({ text: name, number: false })).join(','), ...records]
}

export interface CsvCell {
  readonly text: string
  /** A number of JavaScript: a minus before it computes nothing. */
  readonly number: boolean
}

// https://owasp.org/www-community/attacks/CSV_Injection; the full-width forms compute in some locales. Tabs are spaces by now.
const computed = /^\s*[=+\-@＝＋－＠]/

function csvCell({ text, number }: CsvCell): string {
  const clean = cleanText(text)
  const defused = !number && computed.test(clean) ? `'${clean}` : clean
  return defused !== clean || /[",\n]/.test(clean) ? `"${defused.replaceAll('"', '""')}"` : clean
}

export interface FileText {
  readonly filename: string
  readonly contentType: string
  readonly records: Records
  readonly lineBreak: '\n' | '\r\n'
}

/** How much of a file is there. */
export interface MadeFile {
  readonly filename: string
  readonly kept: number
  readonly total: number
}

/** Discord takes ten files; one of them may have to be the whole message. */
const mostFiles = 9

/** The files of one message. */
export class Files {
  readonly list: Attachment[] = []
  readonly #maxBytes: number
  readonly #most: number

  /** @param maxBytes of one file */
  constructor(maxBytes: number, most: number = mostFiles) {
    this.#maxBytes = maxBytes
    this.#most = most
  }

  /** Adds a file, cut after the last record that fits. One that would hold no record, or is one too many, is left out: `kept` is 0. */
  addText({ filename, contentType, records, lineBreak }: FileText): MadeFile {
    const name = this.#free(filename)
    const kept = this.list.length < this.#most ? fitting(records, lineBreak, this.#maxBytes) : []
    if (kept.length === 0) return { filename: name, kept: 0, total: records.length }
    const cutNote = kept.length < records.length ? [note(kept.length, records.length)] : []
    this.list.push({ filename: name, contentType, content: [...kept, ...cutNote, ''].join(lineBreak) })
    return { filename: name, kept: kept.length, total: records.length }
  }

  /** Adds a file as it is. `undefined`: it is too large, or one file too many. */
  addWhole(file: Attachment): Attachment | undefined {
    if (Buffer.byteLength(file.content) > this.#maxBytes || this.list.length >= this.#most) return undefined
    const named = { ...file, filename: this.#free(file.filename) }
    this.list.push(named)
    return named
  }

  /** The same, for what the HTML shows in its place. */
  addPicture(file: Attachment): Attachment | undefined {
    return this.addWhole({ ...file, contentId: `picture-${this.list.length + 1}@taskflows` })
  }

  /** `orders.csv`, `orders-2.csv`, ... */
  #free(wanted: string): string {
    const filename = safeFilename(wanted)
    const [, stem = '', ending = ''] = /^(.*?)(\.\w+)?$/.exec(filename) ?? []
    let name = filename
    for (let n = 2; this.list.some((file) => file.filename === name); n += 1) name = `${stem}-${n}${ending}`
    return name
  }
}

function note(kept: number, total: number): string {
  return `[cut: the first ${kept} of ${total} lines]`
}

/** All records, or as many as fit together with the note that some are missing. */
function fitting(records: Records, lineBreak: string, maxBytes: number): Records {
  const size = (record: string) => Buffer.byteLength(record) + lineBreak.length
  const noteSize = size(note(records.length, records.length))
  let total = 0
  let fits = 0
  for (const [at, record] of records.entries()) {
    total += size(record)
    if (total > maxBytes) return records.slice(0, fits)
    if (total + noteSize <= maxBytes) fits = at + 1
  }
  return records
}

/** Letters, digits, dots and dashes: a name that every system takes and that cannot lead out of a directory. */
export function safeFilename(wanted: string): string {
  const name = cleanLine(wanted, 80).normalize('NFKC').replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '')
  return name === '' ? 'file' : name
}
