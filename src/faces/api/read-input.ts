/**
 * One input out of the three places where HTTP carries fields: the path, the
 * query, the body. Pure.
 */
import { isUtf8 } from 'node:buffer'
import { TaskflowsError, invalidFields, messageOf } from '../../kernel/errors.ts'

type Fields = Readonly<Record<string, unknown>>

export interface Carried {
  readonly path: Fields
  readonly query: Fields
  /** `undefined` or empty when there was none. */
  readonly body: Uint8Array | undefined
  readonly carriesBody: boolean
}

/** @throws `request.malformed` when the body is not JSON, `request.invalid` when the places contradict each other */
export function readInput({ path, query, body, carriesBody }: Carried): unknown {
  if (!carriesBody) return { ...query, ...path }
  refuseQuery(query)
  const fields = body === undefined || body.length === 0 ? {} : parseJson(body)
  // Whatever else it is, it is refused by the schema, which says what it found.
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return fields
  refuseContradiction(path, fields as Fields)
  return { ...fields, ...path }
}

function parseJson(body: Uint8Array): unknown {
  if (!isUtf8(body)) throw new TaskflowsError('request.malformed', 'the body is not UTF-8 text')
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  } catch (error) {
    throw new TaskflowsError('request.malformed', `the body is not JSON: ${messageOf(error)}`)
  }
}

function refuseQuery(query: Fields): void {
  const names = Object.keys(query)
  if (names.length > 0) throw invalidFields(names.slice(0, 10).map((path) => ({ path, message: 'belongs in the body, not in the query' })))
}

function refuseContradiction(path: Fields, body: Fields): void {
  const name = Object.keys(path).find((field) => Object.hasOwn(body, field) && body[field] !== path[field])
  if (name !== undefined) throw invalidFields([{ path: name, message: `the path says ${JSON.stringify(path[name])}, the body something else` }])
}
