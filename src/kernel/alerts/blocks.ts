/**
 * What a message looks like, in terms that every destination has a way to say: the language between `compose.ts`,
 * which makes blocks of components, and the renderers. Every text in it is clean (`clean-text.ts`) and none is markup.
 */
import type { Attachment, Severity } from './message.ts'

/** A stretch of text. It may hold line breaks, unless it has a marker, a frame or an address. */
export interface Span {
  readonly text: string
  readonly bold?: boolean
  /** Less important than what is around it. */
  readonly muted?: boolean
  readonly tone?: Severity
  /** In a frame; `tone` is its colour. */
  readonly framed?: boolean
  /** A dot of this colour stands before it. */
  readonly marker?: Severity
  /** Leads there. Web addresses only, as the URL parser writes them. */
  readonly href?: string
}

export interface ListEntry {
  readonly text: string
  readonly ordered: boolean
  /** From 1, within its own list. */
  readonly number: number
  /** From 0. */
  readonly depth: number
}

export type Block =
  | { readonly kind: 'paragraph'; readonly spans: readonly Span[] }
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: string }
  /** Names the block that follows. */
  | { readonly kind: 'caption'; readonly text: string }
  /** Small text about the block before. */
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'pairs'; readonly pairs: readonly (readonly [name: string, value: string])[] }
  | TableBlock
  /** Nested lists unfolded: each entry says how deep it is. */
  | { readonly kind: 'list'; readonly entries: readonly ListEntry[] }
  | { readonly kind: 'events'; readonly events: readonly EventBlock[] }
  /** In a fixed-width font, with its line breaks. */
  | { readonly kind: 'preformatted'; readonly text: string; readonly language: string }
  | { readonly kind: 'space' }
  | { readonly kind: 'divider' }
  | { readonly kind: 'picture'; readonly alt: string; readonly url: string }
  /** A picture that is among the files. */
  | { readonly kind: 'attached_picture'; readonly alt: string; readonly file: Attachment }
  | { readonly kind: 'callout'; readonly tone: Severity; readonly title: string; readonly text: string }
  /** `share` is from 0 to 1. */
  | { readonly kind: 'meter'; readonly label: string; readonly share: number; readonly text: string }
  | { readonly kind: 'figure'; readonly label: string; readonly value: string; readonly change: string; readonly tone: Severity }
  | { readonly kind: 'card'; readonly title: string; readonly blocks: readonly Block[]; readonly footer: string }
  | { readonly kind: 'grid'; readonly columns: number; readonly cells: readonly (readonly Block[])[] }

export interface TableBlock {
  readonly kind: 'table'
  /** `null`: no headings. */
  readonly columns: readonly string[] | null
  /** As many cells in each row as the table has columns. */
  readonly rows: readonly (readonly string[])[]
  /** For each column, whether it holds nothing but numbers. */
  readonly numeric: readonly boolean[]
}

export interface EventBlock {
  readonly time: string
  readonly title: string
  readonly text: string
  readonly tone: Severity
}

/** A message ready to be rendered. */
export interface Composition {
  readonly subject: string
  readonly severity: Severity
  readonly blocks: readonly Block[]
  readonly files: readonly Attachment[]
}

/** Dots for destinations that have no colours of ours. */
export const markers = { info: '🔵', success: '🟢', warning: '🟠', error: '🔴' } as const satisfies Record<Severity, string>
