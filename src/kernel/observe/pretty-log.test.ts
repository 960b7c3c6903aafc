import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { createRecordWriter } from './log-record.ts'
import { createLogClock } from './log-time.ts'
import { prettyLine } from './pretty-log.ts'

const record = createRecordWriter({ labels: { app: 'shop' }, clock: createLogClock(() => Date.parse('2026-11-21T09:56:04.007Z')) })
const pretty = (event: string, fields: object, colour = false) => prettyLine(record({ level: 'warn', logger: 'checkout', event, fields, bindings: {} }).text, { colour })

test('a person sees time, level, logger, event and fields', () => {
  expect(pretty('user_action', { user_id: 1, action: 'log in', list: [1], request_id: 'r-1' })).toBe('09:56:04 WARN  checkout user_action user_id=1 action="log in" list=[1] request_id=r-1')
})

test('a stack follows on its own lines', () => {
  const lines = pretty('failed', { error: new TypeError('bad thing') }).split('\n')
  expect(lines[0]).toBe('09:56:04 WARN  checkout failed error="TypeError: bad thing"')
  expect(lines.slice(1, 3)).toEqual(['    TypeError: bad thing', expect.stringMatching(/^ {8}at .*pretty-log\.test\.ts/)])
})

test('nothing in the data reaches the terminal as a command', () => {
  const text = pretty('a\u001b[31mb\nc', { '\u001b]0;x\u0007': '\u009b31m', value: 'a\u001b[0m\u202e', error: Object.assign(new Error('x'), { stack: 'Error\u001b[2J\n    at x' }) })
  expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
})

test('colour is only colour', () => {
  expect(pretty('one', { a: 1 }, true)).toContain('\u001b[')
  expect(stripVTControlCharacters(pretty('one', { a: 1 }, true))).toBe(pretty('one', { a: 1 }))
})
