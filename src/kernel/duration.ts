/**
 * Durations as people write them: a plain number is seconds; a string is a sum
 * of spans, `'5m'`, `'1h 30min'`, with the units of systemd.time(7).
 */

const unitMs: Readonly<Record<string, number>> = {
  ms: 1, msec: 1, millisecond: 1, milliseconds: 1,
  s: 1_000, sec: 1_000, second: 1_000, seconds: 1_000,
  m: 60_000, min: 60_000, minute: 60_000, minutes: 60_000,
  h: 3_600_000, hr: 3_600_000, hour: 3_600_000, hours: 3_600_000,
  d: 86_400_000, day: 86_400_000, days: 86_400_000,
  w: 604_800_000, week: 604_800_000, weeks: 604_800_000,
}

/** A duration as accepted from users: seconds, or text such as `'1h 30min'`. */
export type DurationInput = number | string

const span = /(\d+(?:\.\d+)?)\s*([a-z]*)/y

/** Milliseconds, or `undefined` when the text is not a duration. Negative and infinite numbers are not durations. */
export function parseDuration(input: DurationInput): number | undefined {
  if (typeof input === 'number') return Number.isFinite(input) && input >= 0 ? Math.round(input * 1000) : undefined
  const text = input.trim().toLowerCase()
  let at = 0
  let total = 0
  while (at < text.length) {
    span.lastIndex = at
    const found = span.exec(text)
    if (!found) return undefined
    const unit = unitMs[found[2] || 's']
    if (unit === undefined) return undefined
    total += Number(found[1]) * unit
    at = span.lastIndex
    while (text[at] === ' ') at += 1
  }
  return text === '' || !Number.isFinite(total) ? undefined : Math.round(total)
}

/** Milliseconds, or a TypeError that names the option. */
export function durationMs(name: string, input: DurationInput): number {
  const ms = parseDuration(input)
  if (ms !== undefined) return ms
  throw new TypeError(`Expected \`${name}\` to be a number of seconds or text such as '5m' or '1h 30min', got ${JSON.stringify(input)}`)
}

/** Short text for people: `820 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1).replace(/\.0$/, '')} s`
  const parts: string[] = []
  let rest = Math.round(ms / 1000)
  for (const [unit, size] of [['d', 86_400], ['h', 3_600], ['min', 60], ['s', 1]] as const) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count} ${unit}`)
  }
  return parts.slice(0, 2).join(' ')
}
