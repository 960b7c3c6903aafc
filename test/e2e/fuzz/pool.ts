/**
 * What exists on the server by now, so that requests can be about it. They are made of text in which `~job~7~` stands
 * for the seventh or so job that was heard of: a request can be printed, repeated and made shorter all the same.
 */

const kinds = ['job', 'run', 'token', 'credential', 'cursor', 'version'] as const
type Kind = (typeof kinds)[number]
/** `forged`: a cursor with one number changed. */
export type PoolKind = Kind | 'forged'

export interface Pool {
  /** Puts what there is in the place of each `~kind~number~`. */
  fill(text: string): string
  /** Takes in what an answer of success tells of. @param operation such as `jobs.add` */
  learn(operation: string, body: unknown): void
}

const most = 500
const unknownId = '019a9f00-1234-7abc-8def-0123456789ab'

export function createPool(): Pool {
  const known = Object.fromEntries(kinds.map((kind) => [kind, [] as string[]])) as Record<Kind, string[]>
  let count = 0
  const add = (kind: Kind, value: unknown): void => {
    if (typeof value !== 'string' || value === '') return
    const values = known[kind]
    if (values.length < most) values.push(value)
    else values[(count += 1) % most] = value
  }
  const pick = (kind: PoolKind, number: number): string => {
    if (kind === 'forged') return forge(pick('cursor', number), number)
    return known[kind][number % known[kind].length] ?? unknownId
  }
  return {
    fill: (text) => text.replaceAll(/~([a-z]+)~(\d+)~/g, (_whole, kind: PoolKind, number: string) => pick(kind, Number(number))),
    learn: (operation, body) => {
      const { items, ids, id, version, token, next_cursor: cursor } = body as Readonly<Record<string, unknown>>
      const [area, name] = operation.split('.')
      add('cursor', cursor)
      if (area === 'jobs') {
        add('job', id)
        add('version', version)
        if (Array.isArray(ids)) add('job', ids.at(-1))
      }
      if (area === 'runs' && Array.isArray(items)) add('run', (items[0] as { id?: unknown } | undefined)?.id)
      // Not those of lists, among which are the callers of this test: a request would revoke them.
      if (operation === 'tokens.create') {
        add('token', id)
        add('credential', token)
      }
      if (area === 'jobs' && name === 'list' && Array.isArray(items)) for (const item of items.slice(0, 3)) add('job', (item as { id: unknown }).id)
    },
  }
}

const numbers = ['', '0', '1', '2147483648', '4294967296', '9999999999', '9'.repeat(16), '9'.repeat(19), '18446744073709551616', '9'.repeat(40)] as const

function forge(cursor: string, number: number): string {
  const places = [...cursor.matchAll(/\d+/g)]
  const place = places[number % places.length]
  if (place === undefined) return `${cursor}0`
  return cursor.slice(0, place.index) + numbers[Math.floor(number / places.length) % numbers.length]! + cursor.slice(place.index + place[0].length)
}

/** How a request names something of the pool. */
export function pooled(kind: PoolKind, number: number): string {
  return `~${kind}~${number}~`
}
