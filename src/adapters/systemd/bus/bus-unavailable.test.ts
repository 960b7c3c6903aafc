import { expect, test } from 'vitest'
import { busUnavailable } from './bus-unavailable.ts'

const absent = Object.assign(new Error('connect ENOENT /run/user/1000/bus'), { code: 'ENOENT' })
const denied = Object.assign(new Error('connect EACCES'), { code: 'EACCES' })
const bare = { booted: true, managerRuns: false, directoryExists: false }
const user = { scope: 'user', address: 'unix:path=/run/user/1000/bus', uid: 1000 } as const

test('it says whose systemd, where it was looked for, and what was there', () => {
  expect(busUnavailable(user, absent, bare)).toMatchObject({
    code: 'systemd.unavailable', exitCode: 1,
    message: 'the systemd of this account does not answer at unix:path=/run/user/1000/bus: nobody of this account is logged in, and it does not linger',
    hint: expect.stringContaining('loginctl enable-linger "$USER"'),
  })
})

test.each([
  ['a machine without systemd', user, absent, { ...bare, booted: false }, /not the first process/, /container/],
  ['a manager without a bus', user, absent, { ...bare, managerRuns: true }, /there is no bus/, /dbus-user-session/],
  ['root without a manager of its own', { ...user, uid: 0 }, absent, bare, /root has no user manager/, /--scope system.*enable-linger root/],
  ['a machine without a bus', { ...user, scope: 'system' }, absent, bare, /no socket/, /Install dbus/],
  ['a socket of another account', user, denied, bare, /may not open/, /--scope system as root/],
  ['variables of another account', user, new Error('No authentication methods left to try. Last server response: REJECTED EXTERNAL'), bare, /refuses this account/, /unset DBUS_SESSION_BUS_ADDRESS/],
  ['a bus without systemd', user, new Error('systemd is not on this bus'), bare, /systemd is not on this bus/, /tf doctor/],
] as const)('%s', (_what, place, reason, around, message, hint) => {
  expect(busUnavailable(place, reason, around)).toMatchObject({ message: expect.stringMatching(message), hint: expect.stringMatching(hint) })
})
