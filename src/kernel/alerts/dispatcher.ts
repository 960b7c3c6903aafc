/**
 * Sends messages in the background: the one way by which alerts leave a process.
 * A destination that fails never fails who sends; its trouble is logged once.
 */
import type { Log } from '../observe/log.ts'
import type { Destination } from './destination.ts'
import { Lane, type LaneTools } from './lane.ts'
import type { AlertMessage, AlertNotSent } from './message.ts'
import { usualTries } from './send-with-retries.ts'

export interface DispatcherTools extends Omit<LaneTools, 'givenUp'> {
  readonly log: Log
}

const mostTroubles = 100

export class Dispatcher {
  readonly #tools: DispatcherTools & LaneTools
  readonly #givenUp = new AbortController()
  readonly #lanes = new Map<string, Lane>()
  /** What was logged, by place, until something arrives there again. */
  readonly #troubles = new Map<string, Set<string>>()

  constructor(tools: DispatcherTools) {
    this.#tools = { ...tools, givenUp: this.#givenUp.signal }
  }

  /** How many messages are on their way or collected. */
  get waiting(): number {
    return [...this.#lanes.values()].reduce((sum, { waiting }) => sum + waiting, 0)
  }

  /** Returns at once and never throws. */
  send(destination: Destination, message: AlertMessage): void {
    this.deliver(destination, message).then(
      () => this.#troubles.delete(destination.address),
      (failure: AlertNotSent) => this.#logOnce(destination, failure),
    )
  }

  /**
   * Resolves when the message was sent, collected for a digest, or found not to be wanted.
   * @param tries how often it is tried while that can help
   * @throws AlertNotSent
   */
  async deliver(destination: Destination, message: AlertMessage, tries: number = usualTries): Promise<void> {
    await this.#laneTo(destination).deliver(destination, message, tries)
  }

  /** Resolves when everything that was taken has been sent or given up. Digests are sent at once. */
  async drain(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.drain()))
    if (this.waiting > 0) await this.drain()
  }

  /** What waits is lost from now on, and breaks off at once. */
  giveUp(): void {
    this.#givenUp.abort()
  }

  #laneTo({ address }: Destination): Lane {
    const found = this.#lanes.get(address)
    if (found) return found
    const lane = new Lane(address, this.#tools, (destination, failure) => this.#logOnce(destination, failure))
    this.#lanes.set(address, lane)
    return lane
  }

  #logOnce({ name, address }: Destination, { message }: AlertNotSent): void {
    const known = this.#troubles.get(address) ?? new Set()
    this.#troubles.set(address, known)
    if (known.has(message) || known.size >= mostTroubles) return
    known.add(message)
    this.#tools.log.error({ destination: name, error_message: message }, 'alert not sent')
  }
}
