/** A unit of systemd that logs: what the journal keeps of each line, and how it is found again. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: logging to a journal: ${missing}`)

const program = `
  import { configureLogging, getLogger, withRequestContext } from '${join(import.meta.dirname, '../../src/logging.ts')}'
  configureLogging({ appName: 'shop', level: 'debug' })
  const log = getLogger('checkout')
  for (const level of ['debug', 'info', 'warn', 'critical']) log[level](level + ' line')
  withRequestContext({ requestId: 'r-1' }, () => log.error('payment_failed', { error: new Error('declined'), password: 'x' }))
  log.info('wide', Object.fromEntries(Array.from({ length: 100 }, (_, n) => ['key' + n, 'é'.repeat(1000)])))
`

test.skipIf(missing !== undefined && !process.env['CI'])('lines in the journal are whole JSON, each with its priority', { timeout: 90_000 }, async () => {
  await using manager = await startUserManager({ as: 'root' })
  await manager.exec('systemd-run', '--user', '--wait', '--unit=taskflows-shop', process.execPath, '--conditions=source', '--input-type=module', '-e', program)
  const journal = async (...flags: readonly string[]) => {
    const { stdout } = await manager.exec('journalctl', '--user-unit', 'taskflows-shop', '_TRANSPORT=stdout', '-o', 'json', '--all', ...flags)
    return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line) as { MESSAGE: string; PRIORITY: string })
  }
  await manager.exec('journalctl', '--sync')
  const entries = await journal()
  const records = entries.map(({ MESSAGE, PRIORITY }) => ({ priority: PRIORITY, ...JSON.parse(MESSAGE) as { event: string } }))
  expect(records.map(({ event, priority }) => [event, priority])).toEqual([
    ['debug line', '7'], ['info line', '6'], ['warn line', '4'], ['critical line', '2'], ['payment_failed', '3'], ['wide', '6'],
  ])
  expect(records[4]).toMatchObject({
    app: 'shop', severity: 'ERROR', logger: 'checkout', request_id: 'r-1',
    context: { error: { type: 'Error', message: 'declined' }, password: '[redacted]' },
  })
  expect((await journal('-p', 'err')).map(({ MESSAGE }) => (JSON.parse(MESSAGE) as { event: string }).event)).toEqual(['critical line', 'payment_failed'])
})
