import { expect, test } from 'vitest'
import { parseEntry } from './journal-entry.ts'

const entry = (message: unknown) => JSON.stringify({ MESSAGE: message, __REALTIME_TIMESTAMP: '1801353600123456', _HOSTNAME: 'db1' })

test('an entry is the record in its message, with its time and host', () => {
  expect(parseEntry(entry('{"event":"hello"}'))).toEqual({ at: 1801353600123.456, host: 'db1', record: { event: 'hello' } })
})

test('a message that came as bytes is read as UTF-8', () => {
  expect(parseEntry(entry([...Buffer.from('{"event":"grün\u0007"}'.replace('\u0007', '\\u0007'))]))?.record).toEqual({ event: 'grün\u0007' })
})

test.each([['text', 'hello'], ['no object', '[1]'], ['cut', '{"event":'], ['nothing', null], ['a list of texts', ['a']]])('a message that is %s is passed over', (_what, message) => {
  expect(parseEntry(entry(message))).toBeUndefined()
})

test('what is no entry is passed over', () => {
  expect(parseEntry('-- No entries --')).toBeUndefined()
})
