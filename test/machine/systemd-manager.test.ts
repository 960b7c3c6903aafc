/** The adapter for systemd on real managers: that of root, that of an account, and that of a whole machine. */
import { describe, expect, test } from 'vitest'
import { createSystemdManager } from '../../src/adapters/systemd/index.ts'
import { testServiceManager } from '../../src/testing/service-manager-suite.ts'
import { managerInside } from '../testbed/systemd/manager-inside.ts'
import { missingForSystemManager, startSystemManager } from '../testbed/systemd/system-manager.ts'
import { missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'
import { temporaryFolder } from '../testbed/temporary-folder.ts'

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: user managers of systemd: ${missing}`)
const missingSystem = missingForSystemManager()
if (missingSystem !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a system manager of systemd: ${missingSystem}`)

describe.skipIf(missing !== undefined && !process.env['CI']).each(['root', 'user'] as const)('the user manager of %s', (as) => {
  testServiceManager(async () => {
    const place = await startUserManager({ as })
    const manager = await managerInside('user', place, place.env)
    return {
      manager, exec: place.exec, systemctl: ['systemctl', '--user'],
      // The next one who connects starts it again (dbus.socket).
      restartBus: async () => void await place.exec('systemctl', '--user', 'kill', '--signal=KILL', 'dbus.service'),
      [Symbol.asyncDispose]: async () => {
        await manager[Symbol.asyncDispose]()
        await place[Symbol.asyncDispose]()
      },
    }
  })
})

describe.skipIf(missingSystem !== undefined && !process.env['CI'])('the manager of a machine', () => {
  testServiceManager(async () => {
    const machine = await startSystemManager()
    const manager = await managerInside('system', machine.root, machine.env)
    return {
      manager, exec: machine.root.exec, systemctl: ['systemctl'],
      restartBus: async () => void await machine.root.exec('systemctl', 'kill', '--signal=KILL', 'dbus.service'),
      [Symbol.asyncDispose]: async () => {
        await manager[Symbol.asyncDispose]()
        await machine[Symbol.asyncDispose]()
      },
    }
  })
})

test('without a bus every question says where it looked, what it found, and what to do', async () => {
  await using folder = await temporaryFolder()
  await using manager = createSystemdManager({
    scope: 'user', unitDirectory: folder.path, environment: { XDG_RUNTIME_DIR: folder.path }, homeDirectory: folder.path, uid: 1000, runExport: ['/bin/true'], stateDirectory: folder.path,
  })
  const refused = { code: 'systemd.unavailable', message: expect.stringContaining(`does not answer at unix:path=${folder.path}/bus: `), hint: expect.stringMatching(/./) }
  await expect(manager.states()).rejects.toMatchObject(refused)
  await expect(manager.act('start', ['taskflows-web.service'])).rejects.toMatchObject(refused)
  await expect(manager.reload()).rejects.toMatchObject(refused)
  await expect(manager.watch(new AbortController().signal)[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused)
  expect(await manager.installed()).toEqual([])
})
