/**
 * What exists on the server by now, so that requests can be about it. They are made of text in which `~job~7~` stands
 * for the seventh or so job that was heard of: a request can be printed, repeated and made shorter all the same.
 */

const kinds = ['job', 'run', 'token', 'credential', 'cursor', 'version'] as const
export type PoolKind = (typeof kinds)[number]

export interface Pool {
  /** Puts what there is in the place of each `~kind~number~`. */
  fill(text: string): string
  /** Takes in what an answer of success tells of. @param operation such as `jobs.add` */
  learn(operation: string, body: unknown): void
}

const most = 500
const unknownId = '019a9f00-1234-7abc-8def-0123456789ab'

export function createPool(): Pool {
  const known = Object.fromEntries(kinds.map((kind) => [kind, [] as string[]])) as Record<PoolKind, string[]>
  let count = 0
  const add = (kind: PoolKind, value: unknown): void => {
    if (typeof value !== 'string' || value === '') return
    const values = known[kind]
    if (values.length < most) values.push(value)
    else values[(count += 1) % most] = value
  }
  return {
    fill: (text) => text.replaceAll(/~([a-z]+)~(\d+)~/g, (_whole, kind: PoolKind, number: string) => known[kind][Number(number) % known[kind].length] ?? unknownId),
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

/** How a request names something of the pool. */
export function pooled(kind: PoolKind, number: number): string {
  return `~${kind}~${number}~`
}
