import { expect, test } from 'vitest'
import { missingForSystemManager, startSystemManager } from './system-manager.ts'

const missing = missingForSystemManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd of the whole system: ${missing}`)

test.skipIf(missing !== undefined && !process.env['CI'])('has the manager of the machine, and that of an account which lingers', { timeout: 60_000 }, async () => {
  await using manager = await startSystemManager()
  expect(await manager.root.exec('ps', '-o', 'comm=', '-p', '1')).toMatchObject({ stdout: 'systemd\n' })
  expect(await manager.root.exec('systemd-run', '--wait', '--pipe', '--property=User=testbed', 'id', '-un')).toMatchObject({ stdout: 'testbed\n' })
  expect(await manager.account.exec('systemd-run', '--user', '--wait', '--pipe', 'id', '-un')).toMatchObject({ stdout: 'testbed\n' })
  expect(await manager.account.exec(process.execPath, '-p', 'process.getuid()')).toMatchObject({ stdout: '6100\n' })
  expect(await manager.root.exec('loginctl', 'show-user', 'testbed', '--property=Linger')).toMatchObject({ stdout: 'Linger=yes\n' })
})
