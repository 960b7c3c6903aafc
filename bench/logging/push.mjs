/**
 * A program that has taskflows installed and logs so many lines a second for 20 s, all of them to Loki. It says how
 * much memory that took.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { configureLogging, flushLogging, getLogger } from 'taskflows/logging'

const [url, perSecond] = process.argv.slice(2)
const seconds = 20
const stepMs = 10

configureLogging({ appName: 'bench', loki: { url }, destination: { write: () => {} } })
const logger = getLogger('bench')
let rss = 0
let said = 0
const start = performance.now()
for (let spent = 0; spent < seconds * 1000; spent = performance.now() - start) {
  for (const due = Math.floor(spent / 1000 * Number(perSecond)); said < due; said += 1) {
    logger.info('user_action', { user_id: said, action: 'login', path: '/api/v1/users', duration_ms: 12.5, ok: true })
  }
  rss = Math.max(rss, process.memoryUsage.rss())
  await pause(stepMs)
}
await flushLogging(20_000)
process.send({ said, seconds: (performance.now() - start) / 1000, rssMb: Math.max(rss, process.memoryUsage.rss()) / 1e6 })
process.disconnect()
