/** A JSON value given on the command line: as text, as `@file`, or `-` for standard input. */
import { readFile } from 'node:fs/promises'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'
import { findJsonFault } from './json-fault.ts'
import { visible } from './output/visible.ts'

/** @throws `cli.usage` naming the flag, the source and the place of the fault. */
export async function readPayload(flag: string, given: string): Promise<unknown> {
  if (given === '-') return parseJson(`${flag} - (standard input)`, decode(`${flag} -`, await readStdin()))
  if (given.startsWith('@')) return parseJson(`${flag} ${given}`, await readNamedFile(flag, given.slice(1)))
  return parseJson(flag, given)
}

export function parseJson(source: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const hint = `Quote it for the shell, ${source.split(' ')[0]} '{"key": "value"}', or give @file or - for standard input.`
    if (text.trim() === '') throw new TaskflowsError('cli.usage', `${source} is empty; expected JSON`, { hint, cause })
    const { position, line, column, piece } = findJsonFault(text)
    const fault = position === text.length ? 'ends too early' : `unexpected \`${visible(text.slice(position, position + 20))}\``
    throw new TaskflowsError('cli.usage', `${source} is not JSON: line ${line}, column ${column} (position ${position}): ${fault} in \`${visible(piece)}\``, {
      details: { source, position, line, column, piece },
      hint,
      cause,
    })
  }
}

async function readNamedFile(flag: string, path: string): Promise<string> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (cause) {
    throw new TaskflowsError('cli.usage', `${flag} @${path}: ${readProblem(cause)}`, { details: { path }, cause })
  }
  return decode(`${flag} @${path}`, bytes)
}

/** Without the byte order mark that some editors write. */
function decode(source: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new TaskflowsError('cli.usage', `${source} is not UTF-8 text; expected JSON`, { cause })
  }
}

function readProblem(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'this account may not read the file'
  if (code === 'EISDIR') return 'it is a directory'
  return messageOf(cause)
}

/** All of standard input. */
export async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
