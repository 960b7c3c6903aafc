/**
 * The way to one place: messages go there one after the other, as often and as
 * seldom as their destination asks. `dispatcher.ts` has a lane per place.
 *
 *   deliver ─► queue ─► recovery ─► repeats ─┬─► rate limit ─► channel, with retries
 *                                            └─► digest, at the end of its period ─► queue
 */
import type { Clock } from '../clock.ts'
import { countAlert } from './alert-counts.ts'
import { type DeliveryState, emptyDeliveryState, forgetTold, hasMemory, onlyRecoveries, withinRate, withoutRepeats } from './delivery-state.ts'
import type { Destination } from './destination.ts'
import { digestOf } from './digest.ts'
import { type AlertChannel, type AlertMessage, AlertNotSent } from './message.ts'
import { asAlertNotSent, sendWithRetries, usualTries } from './send-with-retries.ts'

/** Keeps what places were told, perhaps from one process to the next. Never rejects. */
export interface DeliveryMemory {
  /** `undefined` when nothing is remembered. */
  load(address: string): Promise<DeliveryState | undefined>
  save(address: string, state: DeliveryState): Promise<void>
}

export interface LaneTools {
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly open: (destination: Destination) => Promise<AlertChannel>
  readonly memory: DeliveryMemory
  /** Aborts when nothing more is to be sent. */
  readonly givenUp: AbortSignal
}

/** Enough for any burst worth reading; what is more would only fill the memory. */
export const mostWaiting = 1000

interface Entry {
  readonly destination: Destination
  readonly message: AlertMessage
  readonly tries: number
  /** A digest has been through the rules, message by message. */
  readonly isDigest: boolean
  /** Its fate is known; without a failure it was sent, or is not wanted. */
  settle(failure?: AlertNotSent): void
}

interface Collection {
  readonly destination: Destination
  readonly messages: AlertMessage[]
  /** Aborting it ends the period now. */
  readonly period: AbortController
}

export class Lane {
  readonly #address: string
  readonly #tools: LaneTools
  readonly #onDigestFailure: (destination: Destination, failure: AlertNotSent) => void
  readonly #queue: Entry[] = []
  #collection: Collection | undefined
  readonly #turnOver = new Set<() => void>()
  #working = false

  constructor(address: string, tools: LaneTools, onDigestFailure: (destination: Destination, failure: AlertNotSent) => void) {
    this.#address = address
    this.#tools = tools
    this.#onDigestFailure = onDigestFailure
  }

  /** How many messages are not settled yet, those collected for a digest included. */
  get waiting(): number {
    return this.#queue.length + (this.#working ? 1 : 0) + (this.#collection?.messages.length ?? 0)
  }

  /** Resolves when the message was sent, collected, or found not to be wanted. @throws AlertNotSent */
  deliver(destination: Destination, message: AlertMessage, tries: number): Promise<void> {
    return this.#enter(destination, message, tries, false)
  }

  /** Digests are sent at once; resolves when nothing waits any more. */
  async drain(): Promise<void> {
    if (this.waiting === 0) return
    this.#collection?.period.abort()
    await new Promise<void>((resolve) => this.#turnOver.add(resolve))
    await this.drain()
  }

  #enter(destination: Destination, message: AlertMessage, tries: number, isDigest: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ destination, message, tries, isDigest, settle: (failure) => (failure ? reject(failure) : resolve()) })
      if (this.#queue.length > mostWaiting) this.#dropOldest()
      if (!this.#working) void this.#work()
    })
  }

  #dropOldest(): void {
    const oldest = this.#queue.shift()
    if (!oldest) return
    countAlert(oldest.destination.kind, 'dropped')
    oldest.settle(new AlertNotSent(`${oldest.destination.name}: more than ${mostWaiting} messages wait, and the oldest was dropped`, { retryable: false }))
  }

  async #work(): Promise<void> {
    this.#working = true
    for (let entry = this.#queue.shift(); entry; entry = this.#queue.shift()) {
      entry.settle(await this.#handle(entry).then(() => undefined, (error: unknown) => asAlertNotSent(entry.destination.name, error)))
    }
    this.#working = false
    this.#endTurn()
  }

  #endTurn(): void {
    for (const resolve of this.#turnOver) resolve()
    this.#turnOver.clear()
  }

  async #handle(entry: Entry): Promise<void> {
    const { destination, isDigest } = entry
    const message = await this.#judge(entry)
    const { digestMs } = destination.delivery
    if (!message) return
    if (digestMs === undefined || isDigest) await this.#send(entry, message)
    else this.#collect(destination, message, digestMs)
  }

  /** The message as it should go on, or `undefined`. */
  async #judge({ destination: { delivery, kind }, message, isDigest }: Entry): Promise<AlertMessage | undefined> {
    if (!hasMemory(delivery)) return message
    const state = await this.#remembered()
    const nowMs = this.#tools.clock.now()
    const { dedupeMs, digestMs, recovery, rateLimit } = delivery
    let news: AlertMessage | undefined = message
    if (recovery && !isDigest) news = onlyRecoveries(state, news, nowMs)
    if (news && dedupeMs !== undefined && !isDigest) news = withoutRepeats(state, news, dedupeMs, nowMs)
    if (!news) countAlert(kind, 'deduplicated')
    const goesOut = digestMs === undefined || isDigest
    const passed: AlertMessage | undefined = news && rateLimit && goesOut ? withinRate(state, news, rateLimit, nowMs) : news
    if (news && !passed) countAlert(kind, 'held_back')
    await this.#tools.memory.save(this.#address, state)
    return passed
  }

  async #remembered(): Promise<DeliveryState> {
    return (await this.#tools.memory.load(this.#address)) ?? emptyDeliveryState()
  }

  async #send({ destination, message, tries }: Entry, judged: AlertMessage): Promise<void> {
    try {
      await sendWithRetries(await this.#tools.open(destination), judged, tries, this.#tools)
      countAlert(destination.kind, 'sent')
    } catch (error) {
      countAlert(destination.kind, 'failed')
      if (hasMemory(destination.delivery)) await this.#forget(message)
      throw error
    }
  }

  /** What nobody was told must not keep the same news away. */
  async #forget(message: AlertMessage): Promise<void> {
    const state = await this.#remembered()
    forgetTold(state, message)
    await this.#tools.memory.save(this.#address, state)
  }

  #collect(destination: Destination, message: AlertMessage, periodMs: number): void {
    if (this.#collection) {
      this.#collection.messages.push(message)
      if (this.#collection.messages.length >= mostWaiting) this.#collection.period.abort()
      return
    }
    const collection: Collection = { destination, messages: [message], period: new AbortController() }
    this.#collection = collection
    void this.#tools.clock.sleep(periodMs, collection.period.signal).then(() => this.#sendDigest(collection))
  }

  #sendDigest({ destination, messages }: Collection): void {
    this.#collection = undefined
    this.#enter(destination, digestOf(messages), usualTries, true).catch((error: unknown) => this.#onDigestFailure(destination, error as AlertNotSent))
  }
}
