/**
 * A place that alerts go to, as users write it down: plain data that is cheap to
 * make. `adapters/alerts/` has the built-in ones; a user's own class extends
 * `Destination` too. What reaches the place is the channel that it opens for one message.
 */
import { type DurationInput, durationMs } from '../duration.ts'
import { nearest } from '../nearest.ts'
import type { AlertChannel, RenderLimits } from './message.ts'

/** How often messages arrive. All of it is off unless asked for. */
export interface DeliveryOptions {
  /** The same news (`key` of the message) arrives once in this time; when it comes again later, it says how often it came meanwhile. */
  readonly dedupeFor?: DurationInput
  /** Messages are collected, and one arrives per period. */
  readonly digestEvery?: DurationInput
  /** A success arrives only when it ends a trouble that was told before (`topic` of the message), and says so. */
  readonly recovery?: boolean
  /** More than `count` messages in any time of length `per` are held back; the next one that goes out says which. */
  readonly rateLimit?: { readonly count: number; readonly per: DurationInput }
}

/** The same, checked and in milliseconds. */
export interface Delivery {
  readonly dedupeMs?: number
  readonly digestMs?: number
  readonly recovery: boolean
  readonly rateLimit?: { readonly count: number; readonly perMs: number }
}

/** What the configuration says about alerts. */
export interface AlertSettings {
  readonly slackBotToken: string | null
  readonly slackApiUrl: string
  readonly slackLimits: RenderLimits
  readonly emailAddr: string | null
  readonly emailPassword: string | null
  readonly smtpServer: string
  readonly smtpPort: number
  readonly emailLimits: RenderLimits
  readonly discordWebhookUrl: string | null
}

/** What a channel is opened with, new for each message: credentials may have changed since the last. */
export interface AlertTools {
  readonly settings: AlertSettings
  /** A text as it is, or what its references stand for. @throws Error that names the reference, never what it stands for */
  readonly reveal: (text: string) => string
}

const brand = Symbol.for('taskflows.alert-destination')

/** Extend it for a destination of your own. Keep credentials in `#private` fields: those are neither printed nor turned into JSON. */
export abstract class Destination {
  readonly [brand] = true as const
  /** For metrics: `slack`. */
  abstract readonly kind: string
  /** For people, without secrets: `slack #alerts`. */
  abstract readonly name: string
  readonly delivery: Delivery

  constructor(options: DeliveryOptions = {}) {
    this.delivery = deliveryOf(options)
  }

  /** Equal for destinations that reach the same place, whose messages then go one after the other. No secret. */
  get address(): string {
    return this.name
  }

  /** @throws AlertNotSent when something is missing */
  abstract open(tools: AlertTools): AlertChannel | Promise<AlertChannel>
}

/** Whether a value is a destination, of this copy of the package or another. */
export function isDestination(value: unknown): value is Destination {
  return typeof value === 'object' && value !== null && brand in value
}

/** The names of the options that every destination takes. */
export const deliveryOptions = ['dedupeFor', 'digestEvery', 'recovery', 'rateLimit']

/** @throws TypeError for options that are no object, and for names that are none of these or of `deliveryOptions` */
export function checkOptionNames(what: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`Expected the options of \`${what}\` to be an object, got ${JSON.stringify(options)}`)
  const known = [...names, ...deliveryOptions]
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const meant = nearest(name, known)
    throw new TypeError(`Expected the options of \`${what}\` to be among ${known.join(', ')}, got \`${name}\`${meant === undefined ? '' : `; did you mean \`${meant}\`?`}`)
  }
}

function deliveryOf({ dedupeFor, digestEvery, recovery = false, rateLimit }: DeliveryOptions): Delivery {
  if (typeof recovery !== 'boolean') throw new TypeError(`Expected \`recovery\` to be true or false, got ${JSON.stringify(recovery)}`)
  return {
    recovery,
    ...(dedupeFor !== undefined && { dedupeMs: periodMs('dedupeFor', dedupeFor) }),
    ...(digestEvery !== undefined && { digestMs: periodMs('digestEvery', digestEvery) }),
    ...(rateLimit !== undefined && { rateLimit: rateOf(rateLimit) }),
  }
}

function rateOf(given: unknown): { readonly count: number; readonly perMs: number } {
  const { count, per } = (typeof given === 'object' && given !== null ? given : {}) as { readonly count?: unknown; readonly per?: DurationInput }
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > mostPerRate || per === undefined) {
    throw new TypeError(`Expected \`rateLimit\` to be such as { count: 10, per: '1h' }, with a count from 1 to ${mostPerRate}, got ${JSON.stringify(given)}`)
  }
  return { count, perMs: periodMs('rateLimit.per', per) }
}

const mostPerRate = 1000

function periodMs(name: string, given: DurationInput): number {
  if (typeof given !== 'number' && typeof given !== 'string') throw new TypeError(`Expected \`${name}\` to be a number of seconds or text such as '5m', got ${JSON.stringify(given)}`)
  const ms = durationMs(name, given)
  if (ms > 0) return ms
  throw new TypeError(`Expected \`${name}\` to be longer than nothing, got ${JSON.stringify(given)}`)
}
