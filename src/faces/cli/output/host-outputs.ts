/**
 * What several servers say, printed as one: each has an output that keeps what
 * is printed to it, and when all are done `printByHost` puts rows into one table
 * with a HOST column, and items into one list with the name of the server.
 */
import type { Format } from '../global-flags.ts'
import type { Listing, Output, Page, Shown } from './output.ts'
import type { Paint } from './style.ts'
import type { Column } from './table.ts'
import type { Talk } from './talk.ts'
import { visible } from './visible.ts'

type Part =
  | { readonly kind: 'page'; readonly page: Page<unknown>; readonly listing: Listing<unknown> }
  | { readonly kind: 'item'; readonly value: unknown; readonly shown: Shown }

export interface HostOutput extends Output {
  /** The name of the server. */
  readonly host: string
  /** What was printed, in its order. */
  readonly parts: readonly Part[]
}

export function hostOutput(host: string, format: Format, paint: Paint): HostOutput {
  const parts: Part[] = []
  const keep = <T>(page: Page<T>, listing: Listing<T>) => void parts.push({ kind: 'page', page, listing: listing as Listing<unknown> })
  return {
    host, parts, format, paint,
    item: async (value, shown) => void parts.push({ kind: 'item', value, shown }),
    page: async (page, listing) => keep(page, listing),
    flow: (listing) => async (items) => keep({ items }, listing),
    end: async () => {},
  }
}

/** @param hosts in the order in which they are shown @param output for several items */
export async function printByHost(hosts: readonly HostOutput[], output: Output, talk: Talk): Promise<void> {
  if (output.format === 'table' || output.format === 'wide') {
    await printTable(hosts, output)
    for (const host of hosts) await printTexts(host, output)
  } else {
    for (const { host, parts } of hosts) for (const part of parts) await printItems(host, part, output)
    await output.end()
  }
  for (const { host, parts } of hosts) {
    for (const { page, listing } of parts.filter((part) => part.kind === 'page')) {
      if (page.items.length === 0 && listing.empty !== '') talk.note(`${host}: ${listing.empty}`)
      if (page.next_cursor) talk.note(`${host} has more: repeat with --server ${host} --cursor ${page.next_cursor}`)
    }
  }
}

/** For programs: each item says of which server it is. */
async function printItems(host: string, part: Part, output: Output): Promise<void> {
  if (part.kind === 'item') return output.item(named(host, part.value), part.shown)
  const { page, listing } = part
  const { hostname } = page as { readonly hostname?: unknown }
  for (const item of page.items) {
    const whole = typeof hostname === 'string' && typeof item === 'object' ? { hostname, ...item } : item
    await output.item(named(host, whole), { name: listing.name(item), text: () => '' })
  }
}

function named(host: string, value: unknown): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { server: host, ...value } : { server: host, value }
}

interface Row {
  readonly host: string
  readonly item: unknown
  readonly columns: ReadonlyMap<string, Column<unknown>>
}

async function printTable(hosts: readonly HostOutput[], output: Output): Promise<void> {
  const pages = hosts.flatMap(({ host, parts }) => parts.flatMap((part) => (part.kind === 'page' && part.listing.text === undefined ? [{ host, ...part }] : [])))
  const rows = pages.flatMap(({ host, page, listing }) => page.items.map((item): Row => ({ host, item, columns: new Map(columnsOf(listing).map((column) => [column.header, column])) })))
  if (rows.length === 0) return
  const first = new Set(pages.flatMap(({ listing }) => listing.columns.map(({ header }) => header)))
  const all = Map.groupBy(pages.flatMap(({ listing }) => columnsOf(listing)), ({ header }) => header)
  const merged = [...all].map(([header, [like]]) => [header, mergedColumn(header, like!)] as const)
  await output.page({ items: rows }, {
    name: () => '',
    empty: '',
    columns: [{ header: 'HOST', value: ({ host }) => host }, ...merged.filter(([header]) => first.has(header)).map(([, column]) => column)],
    moreColumns: merged.filter(([header]) => !first.has(header)).map(([, column]) => column),
  })
}

/** A row is shown by the listing that it came with: others may have more columns, and know other things. */
function mergedColumn(header: string, { align, flexible, spare }: Column<unknown>): Column<Row> {
  return {
    // What a host calls itself is another thing than the name by which we know it.
    header: header === 'HOST' ? 'HOSTNAME' : header,
    value: ({ item, columns }) => columns.get(header)?.value(item) ?? null,
    style: ({ item, columns }) => columns.get(header)?.style?.(item),
    ...(align && { align }), ...(flexible && { flexible }), ...(spare !== undefined && { spare }),
  }
}

function columnsOf({ columns, moreColumns = [] }: Listing<unknown>): readonly Column<unknown>[] {
  return [...columns, ...moreColumns]
}

/** What is no table: below the name of the server. */
async function printTexts({ host, parts }: HostOutput, output: Output): Promise<void> {
  const texts: string[] = []
  for (const part of parts) {
    if (part.kind === 'item') texts.push(`${part.shown.apart && texts.length > 0 ? '\n' : ''}${await part.shown.text()}`)
    else if (part.listing.text) texts.push(...part.page.items.map((item, at) => `${at > 0 ? '\n' : ''}${part.listing.text!(item, output.paint)}`))
  }
  if (texts.length === 0) return
  await output.item(null, { name: '', apart: true, text: () => [output.paint('bold', `${visible(host)}:`), ...texts].join('\n') })
}
