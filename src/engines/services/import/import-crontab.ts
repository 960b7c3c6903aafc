/**
 * Reads crontabs as cron does: crontab(5) of Vixie's cron, with the zone and the
 * delay of cronie. `import-cron-line.ts` makes a service of each entry.
 */
import { cronToCalendar } from '../../../kernel/schedule/index.ts'

export interface CronEntry {
  /** From 1. */
  readonly line: number
  /** The five fields, or a word such as `@daily`. */
  readonly time: string
  /** Calendars in normal form, in the zone of the entry; none at `@reboot`. */
  readonly calendars: readonly string[]
  /** Of the system format. */
  readonly user?: string
  readonly command: string
  /** What the lines above set. */
  readonly variables: Readonly<Record<string, string>>
  /** The comment right above it, in one line. */
  readonly comment?: string
}

export interface RefusedLine {
  readonly line: number
  readonly reason: string
}

export interface ReadCrontab {
  readonly entries: readonly CronEntry[]
  readonly refused: readonly RefusedLine[]
}

export interface ReadCrontabOptions {
  /** With a column of users, as in /etc/crontab. */
  readonly system: boolean
}

const variable = /^\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=]+))\s*=\s*(.*?)\s*$/

export function readCrontab(text: string, { system }: ReadCrontabOptions): ReadCrontab {
  const entries: CronEntry[] = []
  const refused: RefusedLine[] = []
  let variables: Readonly<Record<string, string>> = {}
  let comments: string[] = []
  for (const [at, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trimStart()
    if (line === '') {
      comments = []
      continue
    }
    if (line.startsWith('#')) {
      comments.push(line.replace(/^#+\s*/, '').trim())
      continue
    }
    const assigned = readVariable(line)
    if (assigned) variables = Object.fromEntries([...Object.entries(variables).filter(([name]) => name !== assigned[0]), assigned])
    else {
      const entry = readEntry(line, { system, zone: variables['CRON_TZ'] })
      const comment = oneLine(comments)
      if ('reason' in entry) refused.push({ line: at + 1, reason: entry.reason })
      else entries.push({ line: at + 1, ...entry, variables, ...(comment !== undefined && { comment }) })
    }
    comments = []
  }
  return { entries, refused }
}

/** Before anything else, as in cron: a name, and what follows the equals sign, without quotes around it. */
function readVariable(line: string): readonly [string, string] | undefined {
  const [, double, single, plain, value] = variable.exec(line) ?? []
  const name = double ?? single ?? plain
  if (name === undefined || /^[@*\d]/.test(line)) return undefined
  return [name, /^(["'])(.*)\1$/s.exec(value!)?.[2] ?? value!]
}

/** A comment that is a line that was switched off says nothing about the next. */
function oneLine(comments: readonly string[]): string | undefined {
  const words = comments.filter((comment) => !/^(?:[\d*,/-]+\s+){4}|^@\w+\s/.test(comment) && /\p{L}/u.test(comment)).join(' ')
  const text = words.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029\p{Cs}]/gu, ' ').trim().slice(0, 200)
  return text === '' ? undefined : text
}

type ReadEntry = Pick<CronEntry, 'time' | 'calendars' | 'command'> & { readonly user?: string }

function readEntry(line: string, { system, zone }: { readonly system: boolean; readonly zone: string | undefined }): ReadEntry | { readonly reason: string } {
  // A dash asks cron not to log the run.
  const [, time, rest] = /^-?(@\S+|\S+(?:\s+\S+){4})\s+(.*)$/s.exec(line) ?? []
  if (time === undefined || rest === undefined) return { reason: 'expected five fields or a word such as @daily, and a command' }
  const schedule = cronToCalendar(time)
  if (schedule.kind === 'refused') return { reason: schedule.reason }
  const [, user, command] = system ? /^(\S+)\s+(.*)$/s.exec(rest) ?? [] : [rest, undefined, rest]
  if (command === undefined || command.trim() === '') return { reason: system ? 'expected a user and a command' : 'expected a command' }
  const plain = withoutPercents(command)
  if (plain === undefined) return { reason: 'a % in its command begins what cron gives it as standard input, which a service has not; write \\% for the character' }
  const calendars = schedule.kind === 'reboot' ? [] : schedule.calendars.map((calendar) => (zone === undefined || zone === '' ? calendar : `${calendar} ${zone}`))
  return { time, calendars, command: plain.trim(), ...(user !== undefined && { user }) }
}

function withoutPercents(command: string): string | undefined {
  const literal = command.replaceAll('\\%', '\0')
  return literal.includes('%') || command.includes('\0') ? undefined : literal.replaceAll('\0', '%')
}
