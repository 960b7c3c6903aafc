/**
 * What takes minutes says meanwhile that it goes on, so that a caller need not
 * guess how long that may be: 102 (Processing, RFC 2518 §10.1) before the
 * answer. Only to those who say that they listen, since some count what comes
 * before an answer, and give up.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Clock, systemClock } from '../../kernel/clock.ts'

const everyMs = 5_000

export function tellingThatItGoesOn({ headers, httpVersion }: Pick<IncomingMessage, 'headers' | 'httpVersion'>, response: Pick<ServerResponse, 'headersSent' | 'destroyed' | 'writeProcessing'>, clock: Clock = systemClock): Disposable {
  let next: Disposable | undefined
  const wait = () => {
    next = clock.timer(everyMs, () => {
      if (response.headersSent || response.destroyed) return
      response.writeProcessing()
      wait()
    })
  }
  if (httpVersion !== '1.0' && listens(headers.prefer)) wait()
  return { [Symbol.dispose]: () => next?.[Symbol.dispose]() }
}

/** A preference of RFC 7240, of our own. */
function listens(prefer: string | string[] | undefined): boolean {
  return [prefer ?? []].flat().some((header) => header.split(',').some((part) => part.trim().toLowerCase() === 'processing'))
}
