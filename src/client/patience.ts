/** How long an answer is waited for: from the last sign of life on. */
export interface Patience extends Disposable {
  /** Aborts when it is at its end. */
  readonly signal: AbortSignal
  /** There was a sign of life. */
  renew(): void
}

export function patience(ms: number): Patience {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), ms)
  return { signal: over.signal, renew: () => void timer.refresh(), [Symbol.dispose]: () => clearTimeout(timer) }
}
