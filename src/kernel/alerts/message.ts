/**
 * What an alert says, apart from where it goes: a subject, components in order,
 * and files. Plain data; `render-*.ts` beside this file give it the form that a
 * destination takes, and a channel (`adapters/alerts/`) carries it there.
 */
import type { Component } from './components.ts'

export type Severity = 'info' | 'success' | 'warning' | 'error'

/** A file that goes with a message. */
export interface Attachment {
  readonly filename: string
  /** Such as `text/csv`. */
  readonly contentType: string
  readonly content: Uint8Array | string
  /** The HTML shows it as `cid:` (RFC 2392), where others carry it as a plain file. */
  readonly contentId?: string
}

export interface AlertMessage {
  /** One line. */
  readonly subject: string
  readonly severity: Severity
  readonly content: readonly Component[]
  readonly attachments?: readonly Attachment[]
  /** What machines read of it, for webhooks: plain JSON. */
  readonly data?: Readonly<Record<string, unknown>>
  /** Messages with equal keys tell the same news: what deduplication and digests go by. Default: severity and subject. */
  readonly key?: string
  /** What the news is about, such as the name of a task: a success of what failed before is a recovery. Default: the key. */
  readonly topic?: string
}

/** How much a rendered message may hold itself; the rest becomes attachments. */
export interface RenderLimits {
  /** Tables with more rows become a CSV file, and the message shows the first few. */
  readonly inlineTableMaxRows: number
  /** Files are cut to this, and say so. In bytes. */
  readonly attachmentMaxBytes: number
}

/** The one ability of a destination. */
export interface AlertChannel {
  /** For people and metrics: the kind and, where it is no secret, the place. `slack #alerts`, `email to ops@example.com`. */
  readonly name: string
  /** Hands the message over. @throws AlertNotSent */
  send(message: AlertMessage, signal: AbortSignal): Promise<void>
}

/** Thrown by channels. It never holds a credential. */
export class AlertNotSent extends Error {
  override readonly name = 'AlertNotSent'
  /** Whether the same may work later; wrong credentials and unknown channels do not. */
  readonly retryable: boolean
  /** How long the destination asked to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, { retryable, retryAfterMs, cause }: { readonly retryable: boolean; readonly retryAfterMs?: number; readonly cause?: unknown }) {
    super(message, cause === undefined ? undefined : { cause })
    this.retryable = retryable
    this.retryAfterMs = retryAfterMs
  }
}
