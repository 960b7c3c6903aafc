/**
 * What people write and systemd refuses, put into a form that it takes:
 * `daily 03:00`, `Mon, Wed 9:00`, ` 09:00 europe/berlin `. Everything else stays
 * as it is, for `parse-calendar.ts` to judge.
 */
import { zoneName } from './zone.ts'

/** The words of systemd.time(7), as days on which a time may follow, or as a whole. */
const dates: ReadonlyMap<string, string> = new Map(Object.entries({
  daily: '*-*-*', weekly: 'Mon *-*-*', monthly: '*-*-01', yearly: '*-01-01', annually: '*-01-01', anually: '*-01-01',
  quarterly: '*-01,04,07,10-01', semiannually: '*-01,07-01', 'semi-annually': '*-01,07-01', biannually: '*-01,07-01', 'bi-annually': '*-01,07-01',
}))
const times: ReadonlyMap<string, string> = new Map([['minutely', '*:*:00'], ['hourly', '*:00:00']])

export const calendarWords: readonly string[] = [...dates.keys(), ...times.keys()]

/** The same expression in systemd's own grammar, in words of one space each, and its zone apart. */
export function plainForm(text: string): { readonly words: readonly string[]; readonly zone?: string } {
  const words = text.trim().replace(/,[ \t]+(?=(mon|tue|wed|thu|fri|sat|sun)[a-z]*\b)/gi, ',').split(/[ \t]+/)
  const last = words.at(-1)!
  const zone = words.length > 1 && /^[a-z]/i.test(last) ? zoneName(last) : undefined
  const rest = zone === undefined ? words : words.slice(0, -1)
  const [word = '', time, ...more] = rest
  const date = dates.get(word.toLowerCase())
  const plain = date !== undefined && more.length === 0 ? [...date.split(' '), time ?? '00:00:00'] : (rest.length === 1 ? [times.get(word.toLowerCase()) ?? word] : rest)
  return zone === undefined ? { words: plain } : { words: plain, zone }
}
