import { expect, test } from 'vitest'
import { isLoopbackAddress, isLoopbackHostHeader, isLoopbackName } from './loopback.ts'

test.each([['127.0.0.1', true], ['127.9.9.9', true], ['::1', true], ['::ffff:127.0.0.1', true], ['10.0.0.1', false], ['::ffff:10.0.0.1', false], ['127.0.0.1.evil.example', false], [undefined, false]])('the address %s is loopback: %s', (address, expected) => {
  expect(isLoopbackAddress(address)).toBe(expected)
})

test.each([['localhost', true], ['LocalHost', true], ['127.0.0.1', true], ['::1', true], ['[::1]', true], ['0.0.0.0', false], ['::', false], ['example.org', false], ['localhost.evil.example', false]])('listening on %s stays on this machine: %s', (name, expected) => {
  expect(isLoopbackName(name)).toBe(expected)
})

test.each([['localhost:7777', true], ['127.0.0.1', true], ['[::1]:7777', true], ['evil.example:7777', false], ['127.0.0.1.evil.example', false], ['localhost:7777@evil.example', false], ['', false], [undefined, false]])('the Host header %s names this machine: %s', (host, expected) => {
  expect(isLoopbackHostHeader(host)).toBe(expected)
})
