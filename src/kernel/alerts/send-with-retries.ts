/** One message to one channel, as often as it takes. */
import { type RetryPolicy, retryDelay } from '../backoff.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { type AlertChannel, type AlertMessage, AlertNotSent } from './message.ts'

export interface SendingTools {
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  /** Aborts when nothing more is to be sent. */
  readonly givenUp: AbortSignal
}

/** Unless the caller says otherwise. */
export const usualTries = 5

/** How long one try may take. */
const tryMs = 60_000

/** A destination that asks to be left alone for longer loses the message: others wait behind it. */
const longestWaitMs = 300_000

const pause: RetryPolicy = { maxAttempts: usualTries, strategy: 'exponential', baseDelaySeconds: 1, maxDelaySeconds: 60, jitter: 'equal' }

/** @throws AlertNotSent of the last try */
export async function sendWithRetries(channel: AlertChannel, message: AlertMessage, tries: number, tools: SendingTools): Promise<void> {
  let failure = new AlertNotSent(`${channel.name}: the process ended before it was sent`, { retryable: false })
  for (let attempt = 1; !tools.givenUp.aborted; attempt += 1) {
    const failed = await tryOnce(channel, message, tools)
    if (!failed) return
    failure = failed
    const waitMs = failure.retryAfterMs ?? retryDelay(pause, attempt, tools.random())
    if (!failure.retryable || attempt >= tries || waitMs > longestWaitMs) break
    await tools.clock.sleep(waitMs, tools.givenUp)
  }
  throw failure
}

async function tryOnce(channel: AlertChannel, message: AlertMessage, { clock, givenUp }: SendingTools): Promise<AlertNotSent | undefined> {
  const tooLong = new AbortController()
  const over = new AbortController()
  const timeUp = clock.sleep(tryMs, over.signal).then(() => {
    tooLong.abort()
    throw new AlertNotSent(`${channel.name} did not take the message within ${tryMs / 1000} s`, { retryable: true })
  })
  try {
    // A channel that does not heed its signal is not waited for either.
    await Promise.race([channel.send(message, AbortSignal.any([tooLong.signal, givenUp])), timeUp])
    return undefined
  } catch (error) {
    return asAlertNotSent(channel.name, error)
  } finally {
    timeUp.catch(() => {})
    over.abort()
  }
}

/** What a channel of a user throws is worth another try: nothing is known about it. */
export function asAlertNotSent(name: string, error: unknown): AlertNotSent {
  // By its name, so that the error of another copy of this package is one too.
  return error instanceof Error && error.name === 'AlertNotSent' ? (error as AlertNotSent) : new AlertNotSent(`${name}: ${messageOf(error)}`, { retryable: true, cause: error })
}
