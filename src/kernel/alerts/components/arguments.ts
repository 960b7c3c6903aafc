/** What the constructors of components refuse, and in which words. Everything thrown is a programmer's mistake: a TypeError. */
import { nearest } from '../../nearest.ts'
import { utcTime } from '../cell-text.ts'
import type { Severity } from '../message.ts'

export const severities = ['info', 'success', 'warning', 'error'] as const satisfies readonly Severity[]

/** `where` completes the sentence: "Expected `label` of Badge to be ...". */
export function refuse(where: string, expected: string, got: unknown): never {
  throw new TypeError(`Expected ${where} to be ${expected}, got ${shown(got)}`)
}

export function readText(where: string, value: unknown): string {
  return typeof value === 'string' ? value : refuse(where, 'a string', value)
}

export function readOptionalText(where: string, value: unknown): string | undefined {
  return value === undefined ? undefined : readText(where, value)
}

export function readNumber(where: string, value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : refuse(where, 'a finite number', value)
}

export function readOneOf<T extends string | number>(where: string, value: unknown, known: readonly T[]): T {
  return known.find((each) => each === value) ?? refuse(where, `one of ${known.join(', ')}`, value)
}

export function readSeverity(where: string, value: unknown): Severity {
  return readOneOf(where, value, severities)
}

export function readList(where: string, value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(where, 'an array', value)
}

/** The options object itself; a field that nobody knows is refused, since it would be ignored in silence. */
export function readOptions<T extends object>(component: string, value: T, known: readonly (keyof T & string)[]): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(`the options of ${component}`, 'an object', value)
  const unknown = Object.keys(value).find((name) => !known.some((each) => each === name))
  if (unknown === undefined) return value
  const meant = nearest(unknown, known)
  const way = meant === undefined ? '' : `; did you mean \`${meant}\`?`
  throw new TypeError(`Expected the options of ${component} to be among ${known.join(', ')}, got \`${unknown}\`${way}`)
}

/**
 * Whole, as the URL parser writes it, so that it holds no character that ends an attribute or a line.
 * Only what a reader may follow safely: not `javascript:`, `data:` or `file:`.
 */
export function readWebAddress(where: string, value: unknown): string {
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return refuse(where, 'an address that begins with http:// or https://', value)
  return url.href
}

/** A time as it is shown: text stays as it is, anything else is written in UTC. */
export function readTime(where: string, value: unknown): string {
  if (typeof value === 'string') return value
  const date = value instanceof Date ? value : typeof value === 'number' ? new Date(value) : undefined
  if (date === undefined || Number.isNaN(date.getTime())) return refuse(where, 'a Date, epoch milliseconds or text', value)
  return utcTime(date)
}

const longestShown = 60

function shown(value: unknown): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'undefined') return String(value)
  if (typeof value === 'string') return JSON.stringify(value.length > longestShown ? `${value.slice(0, longestShown)}…` : value)
  return Array.isArray(value) ? 'an array' : value instanceof Date ? String(value) : typeof value
}
