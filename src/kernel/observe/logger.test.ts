import { expect, test } from 'vitest'
import { leastNumber } from './log-level.ts'
import type { LogEntry } from './log-record.ts'
import type { Log } from './log.ts'
import { type LogMethod, createLogger } from './logger.ts'

function collecting(level: Parameters<typeof leastNumber>[0] = 'debug') {
  const entries: LogEntry[] = []
  const sink = { least: leastNumber(level), write: (entry: LogEntry) => { entries.push(entry) } }
  return { entries, sink, logger: createLogger('test', () => sink) }
}

test('an event may come first, or the fields, as with pino', () => {
  const { logger, entries } = collecting()
  logger.info('one', { a: 1 })
  logger.warn({ a: 1 }, 'two')
  logger.error('three')
  expect(entries).toMatchObject([{ level: 'info', event: 'one', fields: { a: 1 } }, { level: 'warn', event: 'two', fields: { a: 1 } }, { level: 'error', event: 'three', fields: {} }])
})

test('an error may stand in each place', () => {
  const { logger, entries } = collecting()
  const error = new Error('bad')
  logger.error('failed', error)
  logger.error(error, 'failed')
  logger.error(error)
  expect(entries.map(({ event, fields }) => ({ event, fields }))).toEqual([{ event: 'failed', fields: { error } }, { event: 'failed', fields: { error } }, { event: 'bad', fields: { error } }])
})

test('whatever it is called with, it writes a line and does not throw', () => {
  const { logger, entries } = collecting()
  const call = logger.info as (...args: readonly unknown[]) => void
  const unreadable = { toString() { throw new Error('no') } }
  for (const args of [[], [undefined], [null, null], [5, 'x'], ['a', 'b', 'c'], [[1, 2], 'list'], [Symbol('s')], [() => {}], [new Map(), 'map'], [Object.create(null)], [{}, unreadable]]) call(...args)
  expect(entries).toHaveLength(11)
  expect(entries[3]).toMatchObject({ event: '5', fields: { value: 'x' } })
  expect(entries[4]).toMatchObject({ event: 'a', fields: { value: 'b', further: ['c'] } })
  expect(entries[5]).toMatchObject({ event: 'list', fields: { value: [1, 2] } })
})

test('what cannot be written is said in another line, and then given up', () => {
  const entries: LogEntry[] = []
  const logger = createLogger('test', () => ({ least: 0, write: (entry) => { if (!('log_error' in entry.fields)) throw new Error('full'); entries.push(entry) } }))
  logger.info('one', { a: 1 })
  expect(entries).toMatchObject([{ event: 'one', fields: { log_error: { message: 'full' } } }])
  const broken = createLogger('test', () => ({ least: 0, write: () => { throw new Error('always') } }))
  expect(() => broken.info('one')).not.toThrow()
})

test('lines below the level are not written, and nothing reaches silent', () => {
  const { logger, entries } = collecting('warn')
  logger.info('one')
  logger.warn('two')
  expect(entries.map(({ event }) => event)).toEqual(['two'])
  expect([logger.isLevelEnabled('info'), logger.isLevelEnabled('warn')]).toEqual([false, true])
  const silent = collecting('silent')
  silent.logger.critical('one')
  expect(silent.entries).toEqual([])
})

test('a child adds its fields, and children of it theirs', () => {
  const { logger, entries } = collecting()
  logger.child({ a: 1, b: 1 }).child({ b: 2 }).fatal('one')
  expect(entries).toMatchObject([{ level: 'critical', logger: 'test', bindings: { a: 1, b: 2 } }])
})

test('a logger follows what it writes to', () => {
  const [first, second] = [collecting(), collecting()]
  let { sink } = first
  const logger = createLogger('test', () => sink)
  logger.info('one')
  ;({ sink } = second)
  logger.info('two')
  expect([first.entries.length, second.entries.length]).toEqual([1, 1])
})

test('it is a log of the product', () => {
  const { logger } = collecting()
  const log: Log = logger
  const method: LogMethod = logger.info
  expect(log.info).toBe(method)
})
