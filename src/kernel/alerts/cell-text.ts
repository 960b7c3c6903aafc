/** How people write a value that came as data: in a cell of a table, beside a name. */

/** `null` and `undefined` are empty; times are in UTC; objects are JSON. Never throws, whatever the value does when it is read. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  try {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : utcTime(value)
    if (value instanceof Error) return `${value.name}: ${value.message}`
    if (typeof value === 'object') return JSON.stringify(value) ?? ''
    return String(value)
  } catch {
    return '(unreadable)'
  }
}

/** `2026-11-21 09:54:18 UTC`, with milliseconds if there are any. */
export function utcTime(date: Date): string {
  return date.toISOString().replace('T', ' ').replace(/(\.000)?Z$/, ' UTC')
}
