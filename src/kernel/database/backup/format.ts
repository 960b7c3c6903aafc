/**
 * The text of a backup, before it is compressed.
 *
 *   taskflows backup 1             the format and its version
 *   {"made_at": ...}               header: versions, weeks of partitions, tables and their columns
 *   copy {"table": "jobs"}         then its rows in the text form of COPY, one per line
 *   ...
 *   \.                             their end; COPY escapes backslashes, so no row looks like it
 *   copy ...                       each table of the header, in its order
 *   end {"rows": ..., "sequences": ...}
 *   sha256 9f86d0...               over everything before this line, so a file that was cut off or damaged is known
 *
 * `backup.ts` and `restore.ts` beside this file fill it and carry it out.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { TaskflowsError } from '../../errors.ts'

export const formatLine = 'taskflows backup 1\n'
const rowsEnd = Buffer.from('\\.\n')

const Version = z.int().min(1)
const Name = z.string().regex(/^\w{1,63}$/)

export const BackupHeader = z.object({
  made_at: z.iso.datetime(),
  taskflows_version: z.string(),
  postgres_version: z.string(),
  /** What the schema consisted of; the version is that of the last one. */
  migrations: z.array(z.object({ version: Version, name: z.string(), checksum: z.string() })).min(1),
  /** The Mondays whose partitions exist, as `20261116`. */
  weeks: z.array(z.string().regex(/^\d{8}$/)).max(10_000),
  tables: z.array(z.object({ name: Name, columns: z.array(Name).min(1) })),
})
export type BackupHeader = z.infer<typeof BackupHeader>
export type BackupTable = BackupHeader['tables'][number]

const BackupEnd = z.object({
  rows: z.record(Name, z.int().min(0)),
  /** The last value of each sequence that was used. */
  sequences: z.record(Name, z.int()),
})
export type BackupEnd = z.infer<typeof BackupEnd>

export interface BackupSource {
  readonly header: BackupHeader
  /** Returns the number of rows. */
  rowsOf(table: BackupTable): AsyncGenerator<Buffer, number>
  /** Asked after the last row, so that no row has a higher number. */
  sequences(): Promise<Record<string, number>>
}

export async function* writeBackup({ header, rowsOf, sequences }: BackupSource): AsyncGenerator<Buffer, BackupEnd> {
  const hash = createHash('sha256')
  const sealed = (piece: string | Buffer): Buffer => {
    hash.update(piece)
    return Buffer.from(piece as string)
  }
  const rows: Record<string, number> = {}
  yield sealed(`${formatLine}${JSON.stringify(header)}\n`)
  for (const table of header.tables) {
    yield sealed(`copy ${JSON.stringify({ table: table.name })}\n`)
    const pieces = rowsOf(table)
    let next = await pieces.next()
    for (; !next.done; next = await pieces.next()) yield sealed(next.value)
    rows[table.name] = next.value
    yield sealed(rowsEnd)
  }
  const end: BackupEnd = { rows, sequences: await sequences() }
  yield sealed(`end ${JSON.stringify(end)}\n`)
  yield Buffer.from(`sha256 ${hash.digest('hex')}\n`)
  return end
}

export interface BackupReader {
  /** Called first. */
  header(header: BackupHeader): Promise<void>
  /** Takes all rows, and resolves with their number. */
  table(table: BackupTable, rows: AsyncIterable<Buffer>): Promise<number>
}

/**
 * Reads a backup to its end. What `reader` was given may turn out to be worth nothing at the very end.
 * @throws `backup.invalid`, and what `reader` throws
 */
export async function readBackup(bytes: AsyncIterable<Buffer>, reader: BackupReader): Promise<{ readonly header: BackupHeader; readonly end: BackupEnd }> {
  const lines = lineSource(bytes)
  if ((await lines.line()) !== formatLine) throw damaged('it does not begin as a backup of taskflows does')
  const header = parse(BackupHeader, await lines.line(), 'its header')
  await reader.header(header)
  const rows: Record<string, number> = {}
  for (const table of header.tables) {
    if ((await lines.line()) !== `copy ${JSON.stringify({ table: table.name })}\n`) throw damaged(`the rows of ${table.name} are not where they should be`)
    rows[table.name] = await reader.table(table, lines.rows())
  }
  const last = await lines.line()
  if (!last.startsWith('end ')) throw damaged('its last rows are not followed by its end')
  const end = parse(BackupEnd, last.slice(4), 'its end')
  const sha256 = lines.digest()
  if ((await lines.line()) !== `sha256 ${sha256}\n`) throw damaged('its checksum is wrong')
  if (!(await lines.isOver())) throw damaged('something comes after its end')
  const wrong = header.tables.find(({ name }) => end.rows[name] !== rows[name])
  if (wrong) throw damaged(`${wrong.name} has ${rows[wrong.name]} rows, and should have ${end.rows[wrong.name]}`)
  return { header, end }
}

/** Reads a backup for nothing but its faults. @throws `backup.invalid` */
export async function verifyBackup(bytes: AsyncIterable<Buffer>): Promise<void> {
  await readBackup(bytes, {
    header: async () => {},
    table: async (_table, pieces) => {
      let rows = 0
      for await (const piece of pieces) for (let at = piece.indexOf(lineFeed); at !== -1; at = piece.indexOf(lineFeed, at + 1)) rows += 1
      return rows
    },
  })
}

const lineFeed = 10
/** Of the lines that are ours; a row may be longer. */
const longestLine = 16 << 20

interface LineSource {
  /** The next line with its line feed, if it has one. @throws `backup.invalid` when there is none */
  line(): Promise<string>
  /** Pieces of whole rows, up to their end. @throws `backup.invalid` when there is none */
  rows(): AsyncGenerator<Buffer>
  isOver(): Promise<boolean>
  /** SHA-256 of what was read so far, in hexadecimal. Once. */
  digest(): string
}

function lineSource(bytes: AsyncIterable<Buffer>): LineSource {
  const hash = createHash('sha256')
  const blocks = wholeLines(bytes)
  let block: Buffer = Buffer.alloc(0)
  let sealed = false

  const fill = async (): Promise<boolean> => {
    while (block.length === 0) {
      const next = await blocks.next()
      if (next.done) return false
      block = next.value
    }
    return true
  }
  const take = (length: number): Buffer => {
    const taken = block.subarray(0, length)
    block = block.subarray(length)
    if (!sealed) hash.update(taken)
    return taken
  }
  const needed = async (): Promise<void> => {
    if (!(await fill())) throw damaged('it ends too early')
  }

  return {
    line: async () => {
      await needed()
      const length = block.indexOf(lineFeed) + 1 || block.length
      if (length > longestLine) throw damaged('a line of it has no end')
      return take(length).toString('utf8')
    },
    rows: async function* () {
      for (;;) {
        await needed()
        const end = endOfRows(block)
        if (end > 0) yield take(end)
        if (end === -1) yield take(block.length)
        else return void take(rowsEnd.length)
      }
    },
    isOver: async () => !(await fill()),
    digest: () => {
      sealed = true
      return hash.digest('hex')
    },
  }
}

/** Where the line `\.` begins, or -1. */
function endOfRows(block: Buffer): number {
  for (let at = block.indexOf(rowsEnd); at !== -1; at = block.indexOf(rowsEnd, at + 1)) if (at === 0 || block[at - 1] === lineFeed) return at
  return -1
}

/** The same bytes, cut after line feeds only; what has none at the end stays as it is. */
async function* wholeLines(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let open: Buffer[] = []
  for await (const piece of bytes) {
    const length = piece.lastIndexOf(lineFeed) + 1
    if (length > 0) {
      yield Buffer.concat([...open, piece.subarray(0, length)])
      open = []
    }
    if (length < piece.length) open.push(piece.subarray(length))
  }
  if (open.length > 0) yield Buffer.concat(open)
}

function parse<T>(schema: z.ZodType<T>, line: string, what: string): T {
  try {
    return schema.parse(JSON.parse(line))
  } catch (cause) {
    throw damaged(`${what} cannot be read`, cause)
  }
}

export function damaged(fault: string, cause?: unknown): TaskflowsError {
  return new TaskflowsError('backup.invalid', `the backup is not whole: ${fault}`, { cause })
}
