/** Reads one file once: size, lines, SHA-256. Files of any size need the same little memory. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { extname } from 'node:path'
import { languageOf } from './languages.ts'
import type { FileFacts } from './report.ts'

export interface FileRequest {
  /** The folder, absolute. */
  readonly root: string
  /** Where the file is in it. */
  readonly path: string
  /** File names are bytes: one that is not UTF-8 travels with each byte as one character. */
  readonly encoding?: 'latin1'
}

const newline = 10

/** What another try would not mend: the file is gone, forbidden, or no file. It is a finding, so that one file cannot cost the report. */
const findings = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EISDIR'])

export async function inspectFile({ root, path, encoding }: FileRequest, signal?: AbortSignal): Promise<FileFacts> {
  const facts = { path, language: languageOf(extname(path)) }
  const hash = createHash('sha256')
  let bytes = 0
  let lines = 0
  let binary = false
  let last = newline
  try {
    for await (const chunk of createReadStream(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, encoding)]), { signal }) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
      binary ||= chunk.includes(0)
      for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) lines += 1
      last = chunk.at(-1)!
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (findings.has(code)) return { ...facts, unread: code }
    throw error
  }
  // A last line without its newline is a line, too.
  if (last !== newline) lines += 1
  return { ...facts, bytes, lines: binary ? 0 : lines, sha256: hash.digest('hex'), ...(binary ? { language: 'binary' } : {}) }
}
