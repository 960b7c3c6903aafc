/** Entries as a real journald writes them, on their way through extract_labels.lua. */
import { expect, test } from 'vitest'
import { createRecordWriter } from '../../src/kernel/observe/log-record.ts'
import { missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'
import { type LogRecord, filterRecords, parsed } from './lua-filter.ts'
import { hasProgram } from './programs.ts'

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd user manager: ${missing}`)
const able = hasProgram('luajit', 'luajit') && (missing === undefined || Boolean(process.env['CI']))

test.skipIf(!able)('what services say, and what systemd says about them, is shipped under their names, and nothing else', { timeout: 90_000 }, async () => {
  await using manager = await startUserManager()
  const write = createRecordWriter({ labels: { app: 'shop', environment: 'staging', hostname: 'node7' } })
  const { text } = write({ level: 'error', logger: 'orders', event: 'lost', bindings: {}, fields: { task_id: 'k-1', amount: 5 } })
  const shell = (unit: string, ...command: readonly string[]) => manager.exec('systemd-run', '--user', '--wait', `--unit=${unit}`, 'bash', '-c', ...command).catch(() => {})
  await shell('taskflows-shop', 'printf "<3>%s\\n<6>plain\\n" "$0" >&2; exit 3', text)
  await shell('elsewhere', 'echo not ours')
  await manager.exec('journalctl', '--user', '--sync').catch(() => {})

  const { stdout } = await manager.exec('journalctl', '-o', 'json', '--no-pager')
  const entries = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line) as LogRecord)
  const outputs = filterRecords(entries.map((entry) => ({ record: parsed(entry, 'MESSAGE') })))
  const kept = outputs.filter(({ code }) => code === 1).map(({ record }) => record)

  expect(kept).toContainEqual({ log: text, app: 'shop', environment: 'staging', hostname: 'node7', service_name: 'shop', severity: 'ERROR', task_id: 'k-1' })
  expect(kept).toContainEqual(expect.objectContaining({ log: 'plain', service_name: 'shop', severity: 'INFO', app: 'taskflows' }))
  expect(kept).toContainEqual(expect.objectContaining({ log: expect.stringContaining('status=3'), service_name: 'shop' }))
  expect(kept.filter(({ service_name: name }) => name !== 'shop')).toEqual([])
  expect(outputs.length).toBeGreaterThan(kept.length)
})
