/**
 * Refuses whoever asks too often: callers by who they are (`createCallLimit`),
 * guessers by where they come from (`createGuessLimit`).
 * The rule itself is in `access/rate-limit.ts`.
 */
import type { IncomingMessage } from 'node:http'
import { showsBearer } from '../../access/bearer.ts'
import { networkOf } from '../../access/network.ts'
import { type Rate, createRateLimiter, rateOf } from '../../access/rate-limit.ts'
import type { Clock } from '../../kernel/clock.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { hmacHeaders, sha256Hex } from '../../kernel/hmac-signature.ts'

/** Counts a request of a caller. @param perSecond 0: as many as it likes @throws `access.rate_limited` */
export type CallLimit = (caller: string, perSecond: number) => void

export function createCallLimit(clock: Clock): CallLimit {
  const limiter = createRateLimiter()
  return (caller, perSecond) => {
    if (perSecond === 0) return
    const [rate, now] = [rateOf(perSecond), clock.now()]
    const waitMs = limiter.wait(caller, rate, now)
    if (waitMs > 0) throw refusal(`${caller} asks more often than ${perSecond} times a second`, rate, waitMs)
    limiter.charge(caller, rate, now)
  }
}

/**
 * Makes guessing slow, and cheap for us: while somebody has to wait, neither the store nor a signature is looked at.
 * Requests without credentials cost nothing of either, and are always told so.
 */
export interface GuessLimit {
  /** @throws `access.rate_limited` */
  refuse(request: IncomingMessage): void
  /** Counts it when `check` finds the credentials wrong. */
  watch<T>(request: IncomingMessage, check: () => Promise<T>): Promise<T>
}

const guessing: Rate = { perSecond: 10, burst: 50 }
const mostFamiliar = 10_000

/**
 * Tokens and signatures are counted apart, and a token that was good here when it was last shown is looked up in any
 * case: else one program with an old token would lock out everybody who comes through the same proxy.
 */
export function createGuessLimit(clock: Clock): GuessLimit {
  const limiter = createRateLimiter()
  const familiar = new Set<string>()

  return {
    refuse: (request) => {
      const guesser = guesserOf(request)
      const waitMs = guesser === undefined ? 0 : limiter.wait(guesser, guessing, clock.now())
      if (waitMs > 0 && !familiar.has(shownBy(request))) throw refusal(`too many requests with wrong credentials came from ${guesser}`, guessing, waitMs)
    },
    watch: async (request, check) => {
      try {
        const checked = await check()
        if (showsBearer(request.headers)) remember(familiar, shownBy(request))
        return checked
      } catch (error) {
        const guesser = guesserOf(request)
        if (guesser !== undefined && error instanceof TaskflowsError && error.status === 401) {
          familiar.delete(shownBy(request))
          limiter.charge(guesser, guessing, clock.now())
        }
        throw error
      }
    },
  }
}

/** The socket says from where: what a caller writes into headers could be another each time. */
function guesserOf({ socket, headers }: IncomingMessage): string | undefined {
  const kind = showsBearer(headers) ? 'by token' : headers[hmacHeaders.signature] !== undefined ? 'by signature' : undefined
  return kind === undefined ? undefined : `${networkOf(socket.remoteAddress)} ${kind}`
}

/** Not the credentials themselves, which nothing of ours keeps. */
function shownBy({ headers }: IncomingMessage): string {
  return sha256Hex(headers.authorization ?? '')
}

function remember(familiar: Set<string>, shown: string): void {
  familiar.add(shown)
  if (familiar.size > mostFamiliar) familiar.delete(familiar.values().next().value!)
}

function refusal(message: string, { perSecond }: Rate, waitMs: number): TaskflowsError {
  return new TaskflowsError('access.rate_limited', message, { details: { limit_per_second: perSecond, retry_after_seconds: Math.max(1, Math.ceil(waitMs / 1000)) } })
}
