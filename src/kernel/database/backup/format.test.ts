import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TaskflowsError } from '../../errors.ts'
import { type BackupHeader, readBackup, verifyBackup, writeBackup } from './format.ts'

const header: BackupHeader = {
  made_at: '2026-11-21T06:00:00.000Z', taskflows_version: '1.2.3', postgres_version: '18.4', weeks: ['20261116'],
  migrations: [{ version: 1, name: '0001-jobs', checksum: 'abc' }], tables: [{ name: 'jobs', columns: ['id', 'payload'] }, { name: 'ready', columns: ['id'] }],
}

/** Rows in the text form of COPY: escaped backslashes, no line feeds inside. */
const rows = fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')), { maxLength: 20 })

async function written(tables: Readonly<Record<string, readonly string[]>>): Promise<Buffer> {
  const pieces: Buffer[] = []
  const source = writeBackup({
    header,
    rowsOf: async function* ({ name }) {
      for (const row of tables[name] ?? []) yield Buffer.from(`${row}\n`)
      return tables[name]?.length ?? 0
    },
    sequences: async () => ({ event_seq: 7 }),
  })
  for await (const piece of source) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function* cut(bytes: Buffer, at: readonly number[]): AsyncGenerator<Buffer> {
  const places = [...new Set(at.map((place) => place % (bytes.length + 1)))].toSorted((one, other) => one - other)
  for (const [index, place] of [...places, bytes.length].entries()) yield bytes.subarray(places[index - 1] ?? 0, place)
}

async function read(bytes: AsyncIterable<Buffer>) {
  const tables: Record<string, string> = {}
  const found = await readBackup(bytes, {
    header: async () => {},
    table: async ({ name }, pieces) => {
      let text = ''
      for await (const piece of pieces) text += piece.toString('utf8')
      tables[name] = text
      return text.split('\n').length - 1
    },
  })
  return { ...found, tables }
}

test('what was written is read again, however the bytes arrive', async () => {
  await fc.assert(fc.asyncProperty(rows, rows, fc.array(fc.nat(5_000)), async (jobs, ready, cuts) => {
    const bytes = await written({ jobs, ready })
    const found = await read(cut(bytes, cuts))
    expect(found.header).toEqual(header)
    expect(found.end).toMatchObject({ rows: { jobs: jobs.length, ready: ready.length }, sequences: { event_seq: 7 } })
    expect(found.tables).toEqual({ jobs: jobs.map((row) => `${row}\n`).join(''), ready: ready.map((row) => `${row}\n`).join('') })
    await verifyBackup(cut(bytes, cuts))
  }))
})

test('a byte that was changed, left out or added anywhere is noticed', async () => {
  const bytes = await written({ jobs: ['1\t{}', '2\t\\N', '3\t\\\\.'], ready: ['1'] })
  await fc.assert(fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.constantFrom('change', 'leave out', 'add'), async (at, other, what) => {
    const middle = what === 'add' ? [bytes[at]!, other] : what === 'change' ? [bytes[at]! ^ other] : []
    const damaged = Buffer.concat([bytes.subarray(0, at), Buffer.from(middle), bytes.subarray(at + 1)])
    fc.pre(!damaged.equals(bytes))
    await expect(verifyBackup(cut(damaged, []))).rejects.toMatchObject({ code: 'backup.invalid' })
  }), { numRuns: 500 })
})

test('a backup that was cut off is refused at every length, and so is anything else', async () => {
  const bytes = await written({ jobs: ['1\t{}'], ready: [] })
  for (let length = 0; length < bytes.length; length += 1) await expect(verifyBackup(cut(bytes.subarray(0, length), []))).rejects.toBeInstanceOf(TaskflowsError)
  await expect(verifyBackup(cut(Buffer.concat([bytes, bytes]), []))).rejects.toThrow('something comes after its end')
  await expect(verifyBackup(cut(Buffer.from('hello'), []))).rejects.toThrow('does not begin as a backup')
  await expect(verifyBackup(cut(Buffer.from('taskflows backup 2\n{}\n'), []))).rejects.toMatchObject({ code: 'backup.invalid' })
})
