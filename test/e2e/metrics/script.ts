/** A program that runs tasks and ends; `metrics.test.ts` says by its arguments how it ends. */
import { Counter } from 'prom-client'
import { task } from '../../../src/index.ts'

const rows = new Counter({ name: 'script_rows_total', help: 'Rows that were read.' })

let tries = 0
await task(() => {
  rows.inc(5)
  if ((tries += 1) === 1) throw new TypeError('not yet')
}, { name: 'sync', required: true, retries: { maxAttempts: 2, baseDelaySeconds: 0 } })()
await task(() => { throw new RangeError('no') }, { name: 'broken' })()

if (process.argv[2] === 'exit') process.exit(0)
