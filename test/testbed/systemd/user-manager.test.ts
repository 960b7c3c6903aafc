import { expect, test } from 'vitest'
import { missingForUserManager, startUserManager } from './user-manager.ts'

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd user manager: ${missing}`)

test.skipIf(missing !== undefined && !process.env['CI'])('what a unit writes is in the journal under its name and priority', { timeout: 60_000 }, async () => {
  await using manager = await startUserManager()
  // journald asks for the unit of the process that wrote, which must still be there.
  await manager.exec('systemd-run', '--user', '--wait', '--unit=taskflows-hello', 'bash', '-c', 'echo "<4>{\\"event\\":\\"hello\\"}" >&2; sleep 1')
  const { stdout } = await manager.exec('journalctl', '--user', '--sync').catch(() => ({ stdout: '' })).then(() => manager.exec('journalctl', '--user-unit', 'taskflows-hello', '-o', 'json'))
  const lines = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, string>)
  expect(lines).toContainEqual(expect.objectContaining({ MESSAGE: '{"event":"hello"}', PRIORITY: '4', _SYSTEMD_USER_UNIT: 'taskflows-hello.service' }))
})
