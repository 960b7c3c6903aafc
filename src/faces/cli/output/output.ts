/**
 * Data on stdout, in the format asked for: tables and sentences for people,
 * and what the API answered, unchanged, for programs.
 */
import type { Format } from '../global-flags.ts'
import { type Paint, paintFor } from './style.ts'
import { type Column, growingTable } from './table.ts'
import type { Talk } from './talk.ts'
import { visible, visibleJson } from './visible.ts'

export interface Page<T> {
  readonly items: readonly T[]
  /** Absent where a list has but one page. */
  readonly next_cursor?: string | null
}

/** How a list is shown. */
export interface Listing<T> {
  readonly name: (item: T) => string
  readonly columns: readonly Column<T>[]
  /** Shown after these with `-o wide`. */
  readonly moreColumns?: readonly Column<T>[]
  /** Instead of columns, for people: an item as lines of its own, set apart from the next by an empty one. */
  readonly text?: (item: T, paint: Paint) => string
  /** What to say when there is nothing: `No jobs match.` */
  readonly empty: string
  /** Said before the cursor when there is one. */
  readonly more?: string
}

/** How one thing is shown: its id, and the text for people, made only when it is wanted. */
export interface Shown {
  readonly name: string
  readonly text: () => string | Promise<string>
  /** Set apart from the one before by an empty line. */
  readonly apart?: true
}

export interface Output {
  readonly format: Format
  readonly paint: Paint
  item(value: unknown, shown: Shown): Promise<void>
  /** Where several are coming they become one list, under one header. */
  page<T>(page: Page<T>, listing: Listing<T>): Promise<void>
  /** For items that come one after the other, without an end: each is printed at once. JSON takes a line each. */
  flow<T>(listing: Listing<T>): (items: readonly T[]) => Promise<void>
  /** After the last item: formats that need them all print now. */
  end(): Promise<void>
}

export interface OutputOptions {
  readonly format: Format
  readonly noColor: boolean
  readonly talk: Talk
  /** Several items are coming: they are printed as the items of one page. */
  readonly several: boolean
}

export function createOutput({ format, noColor, talk, several }: OutputOptions): Output {
  const paint = paintFor(process.stdout, noColor)
  const held: unknown[] = []
  let printed = 0

  const print = (text: string) => {
    talk.progress('')
    process.stdout.write(`${text}\n`)
  }
  const printDocument = async (value: unknown) => print(format === 'yaml' ? await toYaml(value) : visibleJson(JSON.stringify(value, null, 2)))
  const tableOf = <T>({ columns, moreColumns = [] }: Listing<T>) => {
    const width = process.stdout.isTTY ? process.stdout.columns : undefined
    return growingTable(format === 'wide' ? [...columns, ...moreColumns] : columns, { width, paint, whole: format === 'wide' })
  }
  let rowsOfSeveral: ((items: readonly never[]) => string[]) | undefined
  const printRows = <T>({ items }: Page<T>, listing: Listing<T>) => {
    if (items.length === 0) return talk.note(listing.empty)
    if (listing.text) return items.forEach((item) => print(`${printed++ > 0 ? '\n' : ''}${listing.text!(item, paint)}`))
    const rows = several ? ((rowsOfSeveral ??= tableOf(listing)) as (items: readonly T[]) => string[]) : tableOf(listing)
    print(rows(items).join('\n'))
  }

  return {
    format,
    paint,
    item: async (value, { name, text, apart }) => {
      if (format === 'name') return print(visible(name))
      if (format === 'jsonl') return print(visibleJson(JSON.stringify(value)))
      if (format === 'table' || format === 'wide') return print(`${apart && printed++ > 0 ? '\n' : ''}${await text()}`)
      if (several) held.push(value)
      else await printDocument(value)
    },
    page: async (page, listing) => {
      if (format === 'name') for (const item of page.items) print(visible(listing.name(item)))
      else if (format === 'jsonl') for (const item of page.items) print(visibleJson(JSON.stringify(item)))
      else if (format === 'table' || format === 'wide') printRows(page, listing)
      else if (several) held.push(...page.items)
      else return printDocument(page)
      if (page.next_cursor) talk.note(`${listing.more ?? 'There are more: repeat with'} --cursor ${page.next_cursor}`)
    },
    flow: (listing) => {
      const { name } = listing
      const rows = tableOf(listing)
      return async (items) => {
        if (format === 'name') for (const item of items) print(visible(name(item)))
        else if (format === 'yaml') for (const item of items) print(`---\n${await toYaml(item)}`)
        else if (format === 'json' || format === 'jsonl') for (const item of items) print(visibleJson(JSON.stringify(item)))
        else for (const line of rows(items)) print(line)
      }
    },
    end: async () => {
      if (several && (format === 'json' || format === 'yaml')) await printDocument({ items: held, next_cursor: null })
    },
  }
}

/** Loaded on demand; quoted throughout when a character must be escaped, because only quoted YAML can. */
async function toYaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml')
  const json = JSON.stringify(value)
  const escape = visibleJson(json) !== json
  const text = stringify(JSON.parse(json), { lineWidth: 0, ...(escape && { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'QUOTE_DOUBLE' }) })
  return visibleJson(text.trimEnd())
}
