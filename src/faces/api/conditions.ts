/**
 * The headers that say under which conditions a request is to be carried out:
 * `If-Match` (RFC 9110 §13.1.1) and `Idempotency-Key` (the IETF draft of that
 * name); and the headers of answers that belong to them.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Operation } from '../../contract/operation.ts'
import { invalidFields } from '../../kernel/errors.ts'
import type { Answer } from '../../operations/answer.ts'
import type { Call } from '../../operations/context.ts'

export function readConditions({ method, ifMatch }: Operation, headers: IncomingHttpHeaders): Pick<Call, 'idempotencyKey' | 'versions'> {
  const key = method === 'POST' ? (headers['idempotency-key'] as string | undefined) : undefined
  const versions = ifMatch && headers['if-match'] !== undefined ? readIfMatch(headers['if-match']) : undefined
  return { ...(key !== undefined && { idempotencyKey: readIdempotencyKey(key) }), ...(versions !== undefined && { versions }) }
}

/**
 * The versions that will do, or `undefined` for `*`, which is any. Weak tags never match, so they are none of them.
 * @throws `request.invalid`
 */
export function readIfMatch(header: string): readonly string[] | undefined {
  if (header.trim() === '*') return undefined
  const tags = readTags(header)
  if (tags !== undefined) return tags.filter(({ weak }) => !weak).map(({ version }) => version)
  throw invalidFields([{ path: 'If-Match', message: `expected versions in double quotes, such as "waiting-1", or *, got ${JSON.stringify(header.slice(0, 100))}` }])
}

/** The entity tags of a list (RFC 9110 §8.8.3 and §5.6.1), or `undefined` if it is none. */
function readTags(header: string): { readonly weak: boolean; readonly version: string }[] | undefined {
  const element = /\s*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*)?(?:,|$)/y
  const tags = []
  while (element.lastIndex < header.length) {
    const found = element.exec(header)
    if (found === null) return undefined
    if (found[2] !== undefined) tags.push({ weak: found[1] !== undefined, version: found[2] })
  }
  return tags.length > 0 ? tags : undefined
}

/** The key itself, also from the form that the draft gives it: a string in double quotes (RFC 9651 §3.3.3). @throws `request.invalid` */
export function readIdempotencyKey(header: string): string {
  if (!header.startsWith('"')) return header
  const [, quoted] = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header) ?? []
  if (quoted !== undefined) return quoted.replaceAll(/\\(.)/g, '$1')
  throw invalidFields([{ path: 'Idempotency-Key', message: `expected a key, or one in double quotes, got ${JSON.stringify(header.slice(0, 100))}` }])
}

/** `ETag` for what has a version, and whether the answer is an earlier one. */
export function answerHeaders({ version }: Operation, { output, replayed }: Answer): Record<string, string> {
  return {
    ...(version !== undefined && { etag: `"${String((output as Readonly<Record<string, unknown>>)[version])}"` }),
    ...(replayed && { 'idempotency-replayed': 'true' }),
  }
}
