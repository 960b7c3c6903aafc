/** Patience that ends. */
import { systemClock } from './clock.ts'

/** Resolves when the event has come, or after `ms`; never rejects. */
export async function within(ms: number, event: Promise<unknown> | undefined): Promise<void> {
  const patience = new AbortController()
  await Promise.race([event?.catch(() => {}), systemClock.sleep(ms, patience.signal)])
  patience.abort()
}
