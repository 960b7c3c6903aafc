/** A process that ends by itself waits a little for the alerts that are still on their way. */
import type { Log } from '../observe/log.ts'
import type { Dispatcher } from './dispatcher.ts'

/** @param mostMs how long at most; what is not sent by then is lost, and logged. Not at `process.exit()`, which waits for nothing. */
export function waitBeforeExit(dispatcher: Dispatcher, log: Log, mostMs = 10_000): void {
  let draining = false
  process.on('beforeExit', () => {
    if (draining || dispatcher.waiting === 0) return
    draining = true
    // Only this timer keeps the process: connections and pauses of the dispatcher do not.
    const timer = setTimeout(() => {
      log.error({ alerts: dispatcher.waiting }, 'the process ends before its alerts were sent')
      dispatcher.giveUp()
    }, mostMs)
    void dispatcher.drain().then(() => {
      clearTimeout(timer)
      draining = false
    })
  })
}
