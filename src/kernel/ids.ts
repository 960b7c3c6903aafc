/**
 * Ids in time order: UUID version 7 (RFC 9562 §5.7).
 *
 * Partitions of the big tables are ranges of the id, so the time inside an id
 * decides where its rows live. The caller passes the database's time.
 */
const pool = new Uint8Array(8 * 512)
let used = pool.length
let lastMs = 0
let counter = 0

/** Two-digit hexadecimal of every byte. */
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * A new id whose first 48 bits are `nowMs` (epoch milliseconds). Within one
 * process ids ascend strictly: the 12 bits after the time count up, and when
 * they are spent or the clock steps back, the time part runs ahead of the clock.
 */
export function newId(nowMs: number): string {
  const now = Math.floor(nowMs)
  if (now > lastMs) {
    lastMs = now
    counter = takeRandom() & 0x3ff
  } else if (++counter > 0xfff) {
    lastMs += 1
    counter = takeRandom() & 0x3ff
  }
  const time = lastMs.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${randomTail()}`
}

function takeRandom(): number {
  const at = reserve(2)
  return (pool[at]! << 8) | pool[at + 1]!
}

function reserve(bytes: number): number {
  if (used + bytes > pool.length) {
    // Loading it takes as long as the rest of the library together, and who only defines tasks makes no ids.
    process.getBuiltinModule('node:crypto').randomFillSync(pool)
    used = 0
  }
  const at = used
  used += bytes
  return at
}

/** The variant bits and 62 random bits, as `89ab-0123456789ab`. */
function randomTail(): string {
  const at = reserve(8)
  return (
    hex[(pool[at]! & 0x3f) | 0x80]! + hex[pool[at + 1]!]! + '-' +
    hex[pool[at + 2]!]! + hex[pool[at + 3]!]! + hex[pool[at + 4]!]! + hex[pool[at + 5]!]! + hex[pool[at + 6]!]! + hex[pool[at + 7]!]!
  )
}

/** So many random bytes (at most 4096), as lower-case hexadecimal. */
export function randomHex(bytes: number): string {
  const at = reserve(bytes)
  let text = ''
  for (let place = at; place < at + bytes; place += 1) text += hex[pool[place]!]!
  return text
}

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether `text` has the form of a UUID, in lower case. */
export function isId(text: string): boolean {
  return pattern.test(text)
}

/** The lowest id of a millisecond: where a partition starts. */
export function firstIdAt(ms: number): string {
  const time = Math.floor(ms).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`
}

/** The epoch milliseconds inside a version 7 id. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}
