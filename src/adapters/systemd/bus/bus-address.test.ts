import { expect, test } from 'vitest'
import { busAddress, socketOf } from './bus-address.ts'

test('the bus of the account is where the session says, else in its runtime directory', () => {
  expect(busAddress('user', { sessionBus: 'unix:path=/tmp/bus', runtimeDirectory: '/run/x' })).toBe('unix:path=/tmp/bus')
  expect(busAddress('user', { runtimeDirectory: '/run/x' })).toBe('unix:path=/run/x/bus')
})

test('the bus of the machine has one place, unless it is named', () => {
  expect(busAddress('system', { sessionBus: 'unix:path=/tmp/bus', runtimeDirectory: '/run/x' })).toBe('unix:path=/run/dbus/system_bus_socket')
  expect(busAddress('system', { systemBus: 'unix:path=/tmp/system', runtimeDirectory: '/run/x' })).toBe('unix:path=/tmp/system')
})

test.each([
  ['unix:path=/run/user/0/bus', '/run/user/0/bus'],
  ['unix:path=/run/user/0/bus,guid=00ff', '/run/user/0/bus'],
  ['unix:guid=00ff,path=/a%20b/gr%c3%bcn', '/a b/grün'],
  ['unix:abstract=/tmp/dbus-x,guid=1', '\0/tmp/dbus-x'],
  ['tcp:host=localhost,port=1;unix:path=/second', '/second'],
  ['tcp:host=localhost,port=1', undefined],
  ['', undefined],
])('%j means the socket %j', (address, socket) => {
  expect(socketOf(address)).toBe(socket)
})

test('a runtime directory with signs of its own comes back whole', () => {
  expect(socketOf(busAddress('user', { runtimeDirectory: '/tmp/a, b;%é=c' }))).toBe('/tmp/a, b;%é=c/bus')
})
