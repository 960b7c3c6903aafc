/**
 * What a place has been told, and which messages therefore need not go there:
 * repeated news, successes that end no trouble, more than the rate limit allows.
 * Pure, except that each rule notes in the state what it decided; `digest.ts`
 * beside it puts many messages into one, `lane.ts` applies the rules.
 */
import { formatDuration } from '../duration.ts'
import { Text } from './components.ts'
import type { Delivery } from './destination.ts'
import type { AlertMessage } from './message.ts'

export interface ToldNews {
  readonly topic: string
  readonly sinceMs: number
  readonly untilMs: number
  /** How often it came again and was not told. */
  repeats: number
}

/** Times are epoch milliseconds. */
export interface DeliveryState {
  /** Topics whose last news was an error, and since when. */
  readonly failing: Map<string, number>
  /** By the key of the news. */
  readonly told: Map<string, ToldNews>
  /** When messages went out, the latest last. */
  readonly sentAt: number[]
  /** What the rate limit held back since: subjects, and how often each. */
  readonly heldBack: Map<string, number>
}

export function emptyDeliveryState(): DeliveryState {
  return { failing: new Map(), told: new Map(), sentAt: [], heldBack: new Map() }
}

/** Whether anything must be remembered for this delivery. */
export function hasMemory({ dedupeMs, recovery, rateLimit }: Delivery): boolean {
  return recovery || dedupeMs !== undefined || rateLimit !== undefined
}

// What is remembered is bounded: keys may be anything, and the oldest matter least.
const mostTopics = 1000
const mostSubjects = 20

/** Equal for messages that tell the same news. */
export const keyOf = ({ key, severity, subject }: AlertMessage): string => key ?? `${severity} ${subject}`

const topicOf = (message: AlertMessage): string => message.topic ?? keyOf(message)

/** A success passes when its topic was failing, and says since when; everything else passes. */
export function onlyRecoveries({ failing, told }: DeliveryState, message: AlertMessage, nowMs: number): AlertMessage | undefined {
  const topic = topicOf(message)
  if (message.severity === 'error' && !failing.has(topic)) remember(failing, topic, nowMs)
  if (message.severity !== 'success') return message
  const sinceMs = failing.get(topic)
  if (sinceMs === undefined) return undefined
  failing.delete(topic)
  // The next trouble is a new one: it is told at once.
  for (const [key, news] of told) if (news.topic === topic) told.delete(key)
  const note = `It had been failing since ${timeText(sinceMs)} (${formatDuration(Math.max(0, nowMs - sinceMs))}).`
  return withNote({ ...message, subject: `Recovered: ${message.subject}` }, note, { recovered: true, failing_since: new Date(sinceMs).toISOString() })
}

/** The same news passes once per window. */
export function withoutRepeats({ told }: DeliveryState, message: AlertMessage, windowMs: number, nowMs: number): AlertMessage | undefined {
  const key = keyOf(message)
  const before = told.get(key)
  if (before && nowMs < before.untilMs) {
    before.repeats += 1
    return undefined
  }
  told.delete(key)
  remember(told, key, { topic: topicOf(message), sinceMs: nowMs, untilMs: nowMs + windowMs, repeats: 0 })
  if (!before || before.repeats === 0) return message
  return withNote(message, `The same came ${times(before.repeats)} more since ${timeText(before.sinceMs)}.`, { repeated: before.repeats })
}

/** Takes back that the news was told: it could not be sent. */
export function forgetTold({ told }: DeliveryState, message: AlertMessage): void {
  told.delete(keyOf(message))
}

/** As many as the limit allows pass; the first that passes afterwards tells of those that did not. */
export function withinRate({ sentAt, heldBack }: DeliveryState, message: AlertMessage, { count, perMs }: NonNullable<Delivery['rateLimit']>, nowMs: number): AlertMessage | undefined {
  const gone = sentAt.findLastIndex((at) => at <= nowMs - perMs)
  sentAt.splice(0, gone + 1)
  if (sentAt.length >= count) {
    const subject = heldBack.has(message.subject) || heldBack.size < mostSubjects ? message.subject : 'others'
    heldBack.set(subject, (heldBack.get(subject) ?? 0) + 1)
    return undefined
  }
  sentAt.push(nowMs)
  if (heldBack.size === 0) return message
  const total = [...heldBack.values()].reduce((sum, each) => sum + each, 0)
  const note = `The rate limit held back ${total === 1 ? '1 message' : `${total} messages`}: ${[...heldBack].map(([subject, each]) => `${subject} (${times(each)})`).join(', ')}.`
  heldBack.clear()
  return withNote(message, note, { held_back: total })
}

function withNote(message: AlertMessage, note: string, data: Readonly<Record<string, unknown>>): AlertMessage {
  return { ...message, content: [...message.content, new Text(note)], data: { ...message.data, ...data } }
}

function remember<T>(places: Map<string, T>, key: string, value: T): void {
  const [oldest] = places.keys()
  if (places.size >= mostTopics && oldest !== undefined) places.delete(oldest)
  places.set(key, value)
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)

/** `2030-01-01 00:00:00 UTC`. */
function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
