import { expect, test } from 'vitest'
import { serverUrl } from './server-address.ts'

test.each([
  ['127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ['localhost', 'http://localhost:7777'],
  ['build-1.example.com:80', 'http://build-1.example.com'],
  ['[::1]:7000', 'http://[::1]:7000'],
  ['::1', 'http://[::1]:7777'],
  ['https://tf.example.com/', 'https://tf.example.com'],
])('%s is %s', (given, url) => {
  expect(serverUrl(given)).toBe(url)
})

test.each(['', ':7777', 'host:port', 'host:0', 'host:99999', 'a b:1', 'ftp://host', 'http://host/path', 'http://user:secret@host', '[::1'])('%j is refused', (given) => {
  expect(() => serverUrl(given)).toThrow(expect.objectContaining({ code: 'cli.usage', message: expect.stringContaining(`got ${JSON.stringify(given)}`) }))
})
