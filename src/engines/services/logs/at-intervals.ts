/** A source that also says when it has nothing to say. */
import type { Clock } from '../../../kernel/clock.ts'

/** What comes from the source, and `undefined` whenever nothing came for `ms`. Ends with the source; ends the source when it is left. */
export async function* atIntervals<T>(source: AsyncIterable<T>, ms: number, clock: Clock): AsyncGenerator<T | undefined, void> {
  const items = source[Symbol.asyncIterator]()
  let next = items.next()
  try {
    for (;;) {
      const come = await orSilence(next, ms, clock)
      if (come === undefined) {
        yield undefined
        continue
      }
      if (come.done) return
      yield come.value
      next = items.next()
    }
  } finally {
    next.catch(() => {})
    void items.return?.()
  }
}

async function orSilence<T>(next: Promise<T>, ms: number, clock: Clock): Promise<T | undefined> {
  const { promise: silence, resolve } = Promise.withResolvers<undefined>()
  using _ = clock.timer(ms, () => resolve(undefined))
  return await Promise.race([next, silence])
}
