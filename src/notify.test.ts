import { expect, test } from 'vitest'
import { supervision } from './config.ts'
import { notify } from './notify.ts'

test('where nobody listens nothing is told, and nothing fails', async () => {
  expect(await Promise.all([notify.ready('up'), notify.status('well'), notify.watchdog(), notify.reloading(), notify.stopping(), notify.extendTimeout(5)])).toEqual(Array(6).fill(false))
  using watchdog = await notify.startWatchdog(() => { throw new Error('asked') })
  expect(watchdog.intervalMs).toBeUndefined()
})

test.each([0, -1, NaN, Infinity])('a time limit of %s seconds is refused', (seconds) => {
  expect(() => notify.extendTimeout(seconds)).toThrow(TypeError)
})

const socket = { NOTIFY_SOCKET: '/run/systemd/notify' }

test.each([
  ['no supervisor', {}, { listens: false, watchdogMs: undefined }],
  ['one that has no watchdog', socket, { listens: true, watchdogMs: undefined }],
  ['a watchdog', { ...socket, WATCHDOG_USEC: '30000000' }, { listens: true, watchdogMs: 30_000 }],
  ['a watchdog over this process', { ...socket, WATCHDOG_USEC: '1500000', WATCHDOG_PID: String(process.pid) }, { listens: true, watchdogMs: 1500 }],
  ['a watchdog over another process', { ...socket, WATCHDOG_USEC: '1500000', WATCHDOG_PID: '1' }, { listens: true, watchdogMs: undefined }],
  ['a watchdog that is off', { ...socket, WATCHDOG_USEC: '0' }, { listens: true, watchdogMs: undefined }],
  ['a watchdog and nowhere to tell it', { WATCHDOG_USEC: '30000000' }, { listens: false, watchdogMs: undefined }],
])('%s is read from the environment', (_, env, expected) => {
  expect(supervision(env)).toEqual(expected)
})
