/** How many alerts this process sent and lost, as plain numbers; the metrics read them at a scrape. */

export const alertOutcomes = ['sent', 'failed', 'deduplicated', 'held_back', 'dropped'] as const

/**
 * `failed`: given up after all tries, or at the end of the process. `deduplicated`: told before, or a success that ends
 * no trouble. `held_back`: over the rate limit, told of in the next message. `dropped`: the queue was full. A digest
 * counts as one.
 */
export type AlertOutcome = (typeof alertOutcomes)[number]

export interface AlertCount {
  /** The kind of the destination: `slack`, `email`, `discord`, `webhook`, or what a user's own class says. */
  readonly channel: string
  readonly outcome: AlertOutcome
  readonly count: number
}

// Two copies of this package in one process count together.
const key = Symbol.for('taskflows.alert-counts')
const counts: Map<string, AlertCount> = ((globalThis as Record<symbol, unknown>)[key] ??= new Map<string, AlertCount>()) as Map<string, AlertCount>

export function countAlert(channel: string, outcome: AlertOutcome, times = 1): void {
  const place = `${channel} ${outcome}`
  counts.set(place, { channel, outcome, count: (counts.get(place)?.count ?? 0) + times })
}

export function alertCounts(): AlertCount[] {
  return [...counts.values()]
}
