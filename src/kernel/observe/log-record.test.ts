import { createContext, runInContext } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addLogSource, withLogContext } from './log-context.ts'
import { type RecordOptions, createRecordWriter } from './log-record.ts'
import { createLogClock } from './log-time.ts'

const labels = { app: 'shop', environment: 'test', hostname: 'host' }

function write(fields: object, { event = 'user_action', bindings = {}, ...options }: Partial<RecordOptions> & { event?: string; bindings?: object } = {}) {
  const clock = createLogClock(() => Date.parse('2026-11-21T09:56:04.007Z'))
  return createRecordWriter({ labels, clock, ...options })({ level: 'info', logger: 'test', event, fields, bindings })
}

function contextOf(fields: object, options?: Parameters<typeof write>[1]): Record<string, unknown> {
  return (JSON.parse(write(fields, options).text) as { context: Record<string, unknown> }).context
}

test('a line has its fields in their order', () => {
  const line = withLogContext({ request_id: 'r-1', trace_id: 't-1' }, () => write({ user_id: 123, action: 'login' }))
  expect(line.text).toBe('{"app":"shop","environment":"test","hostname":"host","severity":"INFO","level_name":"info","level":30,"logger":"test",'
    + '"request_id":"r-1","trace_id":"t-1","timestamp":"2026-11-21T09:56:04.007Z","timestamp_ns":1795254964007000000,'
    + '"event":"user_action","event_fingerprint":"4f0a8a1e","context":{"user_id":123,"action":"login"}}'.replace('4f0a8a1e', fingerprintOf('user_action')))
  expect(line).toMatchObject({ level: 'info', logger: 'test', timestampNs: '1795254964007000000', ids: { request_id: 'r-1', trace_id: 't-1' } })
})

test('the fingerprint is the start of the MD5 of the event, also of one that is cut', () => {
  // printf hello | md5sum
  expect(JSON.parse(write({}, { event: 'hello' }).text)).toMatchObject({ event_fingerprint: '5d41402a' })
  const long = 'x'.repeat(5_000)
  expect(JSON.parse(write({}, { event: long }).text)).toMatchObject({ event: `${'x'.repeat(1000)}...[cut, 4000 characters]`, event_fingerprint: fingerprintOf(long) })
})

test('fields of the line beat those of the logger, those what was set, and that the sources', () => {
  const forget = addLogSource(() => ({ a: 4, b: 4, c: 4, d: 4, task_id: 'source' }))
  try {
    const line = withLogContext({ a: 3, b: 3, c: 3, task_id: 'set' }, () => write({ a: 1 }, { bindings: { a: 2, b: 2 } }))
    expect(JSON.parse(line.text)).toMatchObject({ task_id: 'set', context: { a: 1, b: 2, c: 3, d: 4 } })
    expect(line.text.match(/"a":/g)).toHaveLength(1)
  } finally {
    forget()
  }
})

test('a source that fails takes nothing away', () => {
  const forget = addLogSource(() => { throw new Error('no') })
  try {
    expect(contextOf({ a: 1 })).toEqual({ a: 1 })
  } finally {
    forget()
  }
})

test('what JSON cannot say is described', () => {
  expect(contextOf({
    date: new Date(0), never: new Date(NaN), big: 10n, nan: NaN, infinite: -Infinity, symbol: Symbol('s'), function: function named() {}, nothing: undefined, none: null,
    map: new Map<unknown, unknown>([['a', 1], [2, 'b'], ['password', 'x']]), set: new Set([1, 'a']), buffer: Buffer.from('abc'), bytes: new Uint8Array(3), regexp: /a/g,
    url: new URL('http://a/'), promise: Promise.resolve(), holes: [undefined, () => {}],
  })).toEqual({
    date: '1970-01-01T00:00:00.000Z', never: '[invalid date]', big: '10', nan: 'NaN', infinite: '-Infinity', symbol: 'Symbol(s)', function: '[function named]', none: null,
    map: { a: 1, 2: 'b', password: '[redacted]' }, set: [1, 'a'], buffer: '[Buffer, 3 bytes]', bytes: '[Uint8Array, 3 bytes]', regexp: '/a/g',
    url: 'http://a/', promise: '[Promise]', holes: [null, '[function ]'],
  })
})

test('an error has its type, message, stack, cause and own fields, wherever it stands', () => {
  class PaymentError extends Error {
    readonly code = 'declined'
    readonly token = 'tok_1'
  }
  const error = new PaymentError('card declined', { cause: new TypeError('inner') })
  expect(contextOf({ error, deep: [{ error: new AggregateError([new Error('one')], 'several') }] })).toMatchObject({
    error: { type: 'PaymentError', message: 'card declined', code: 'declined', token: '[redacted]', stack: expect.stringContaining('log-record.test.ts'), cause: { type: 'TypeError', message: 'inner' } },
    deep: [{ error: { type: 'AggregateError', errors: [{ message: 'one' }] } }],
  })
})

test('errors of another realm are errors, and a long stack loses its end', () => {
  const foreign = runInContext('new RangeError("far")', createContext()) as Error
  expect(contextOf({ foreign })).toMatchObject({ foreign: { type: 'RangeError', message: 'far' } })
  const error = new Error('deep')
  error.stack = `Error: deep\n${Array.from({ length: 100 }, (_, n) => `    at f${n} (file.ts:1:1)`).join('\n')}`
  const { stack } = (contextOf({ error })['error'] as { stack: string })
  expect(stack.split('\n')).toHaveLength(22)
  expect(stack).toMatch(/\[cut, 80 frames\]$/)
})

test('secrets are hidden at any depth', () => {
  expect(contextOf({ password: 'x', user: { apiKey: 'k', list: [{ Authorization: 'Bearer x', cookie: { a: 1 } }], tokens: ['a'] }, ssn: '1' }, { redact: ['ssn'] }))
    .toEqual({ password: '[redacted]', user: { apiKey: '[redacted]', list: [{ Authorization: '[redacted]', cookie: '[redacted]' }], tokens: '[redacted]' }, ssn: '[redacted]' })
})

test('cycles, depth and breadth are bounded', () => {
  const cycle: Record<string, unknown> = { a: 1 }
  cycle['self'] = cycle
  expect(contextOf({ cycle })).toEqual({ cycle: { a: 1, self: '[circular]' } })
  const twice = { a: 1 }
  expect(contextOf({ x: twice, y: twice })).toEqual({ x: { a: 1 }, y: { a: 1 } })
  let deep: object = {}
  for (let n = 0; n < 50; n += 1) deep = { deep }
  expect(write({ deep }).text.match(/deep/g)).toHaveLength(8 + 1)
  expect(contextOf({ list: Array.from({ length: 1000 }, (_, n) => n) })['list']).toHaveLength(101)
  expect(contextOf({ list: Array(101).fill(0) })['list']).toContain('...[cut, 1 items]')
  expect(contextOf({ wide: Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k${n}`, n])) })['wide']).toMatchObject({ k99: 99, '...': '[cut, 400 fields]' })
})

test('code of others that throws takes only its own field away', () => {
  const thrown = { toString() { throw new Error('again') } }
  expect(contextOf({
    before: 1, get bad() { throw new Error('no') }, proxy: new Proxy({}, { ownKeys() { throw new Error('trap') } }),
    json: { toJSON() { throw thrown } }, list: [1, { get bad() { throw new Error('no') } }], after: 2,
  })).toEqual({ before: 1, bad: '[unreadable: no]', proxy: '[unreadable: trap]', json: '[unreadable: an error that cannot be read]', list: [1, { bad: '[unreadable: no]' }], after: 2 })
})

test('a getter that logs does not disturb the line', () => {
  const record = createRecordWriter({ labels })
  const log = (fields: object) => record({ level: 'info', logger: 'test', event: 'one', fields, bindings: {} })
  const line = log({ get a() { log({ x: Array(100).fill('y'.repeat(900)) }); return 1 }, b: 'z'.repeat(900) })
  expect(JSON.parse(line.text)).toMatchObject({ context: { a: 1, b: 'z'.repeat(900) } })
})

test('no line is longer than the journal takes, whatever it holds', () => {
  const wide = (text: string) => Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`key${n}`, text]))
  for (const text of ['x'.repeat(5_000), '\u0001'.repeat(5_000), '日'.repeat(5_000), '😀'.repeat(5_000), '"'.repeat(5_000)]) {
    for (const maxStringLength of [1000, 1_000_000]) {
      const { text: line } = write({ a: wide(text), b: [wide(text), wide(text)], c: text }, { maxStringLength, event: text })
      expect(Buffer.byteLength(line)).toBeLessThan(48_000)
      expect(() => JSON.parse(line) as unknown).not.toThrow()
    }
  }
})

test('any fields make one line that JSON reads', () => {
  fc.assert(fc.property(fc.object({ withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true, withTypedArray: true, withSparseArray: true, maxDepth: 6 }), fc.string({ unit: 'binary' }), (fields, event) => {
    const { text } = write(fields, { event })
    expect(text).not.toMatch(/[\n\r\u2028\u2029]/)
    expect(JSON.parse(text)).toMatchObject({ app: 'shop', context: expect.any(Object) as unknown })
  }))
})

function fingerprintOf(event: string): string {
  return (JSON.parse(write({}, { event }).text) as { event_fingerprint: string }).event_fingerprint
}
