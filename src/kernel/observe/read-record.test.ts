import { expect, test } from 'vitest'
import { eventOf, fieldOf, levelOf, runOfRecord, timeOf } from './read-record.ts'

const finished = {
  severity: 'INFO', level_name: 'info', task_id: '019a9f00-1234-7abc-8def-0123456789ab', timestamp: '2030-01-31T08:00:02.600Z', event: 'task finished', hostname: 'db1',
  context: { task_name: 'nightly', outcome: 'failed', attempts: 2, duration_ms: 1500, started_at: Date.parse('2030-01-31T08:00:01Z'), error_type: 'RangeError', error_message: 'no' },
}
const from = { at: 7, host: 'journal-host' }

test('the last record of a task is a run', () => {
  expect(runOfRecord(finished, from)).toEqual({
    id: finished.task_id, kind: 'task', name: 'nightly', service: null, subject: null, tenant: 'default', state: 'failed', attempt: 2, host: 'db1',
    startedAt: Date.parse('2030-01-31T08:00:01Z'), endedAt: Date.parse('2030-01-31T08:00:02.500Z'), exitCode: null, errorType: 'RangeError', errorMessage: 'no', correlationId: finished.task_id,
  })
})

test('what a record does not say comes from whoever kept it', () => {
  expect(runOfRecord({ event: 'task finished', task_id: 'a', task_name: 'n', outcome: 'succeeded' }, from)).toMatchObject({ host: 'journal-host', endedAt: 7, startedAt: null, attempt: null })
})

test.each([
  ['another event', { ...finished, event: 'task attempt failed' }],
  ['a state that there is not', { ...finished, context: { ...finished.context, outcome: 'exploded' } }],
  ['no name', { ...finished, context: { outcome: 'succeeded' } }],
  ['a context that is none', { ...finished, context: 'no' }],
])('%s is no run', (_what, record) => {
  expect(runOfRecord(record, from)).toBeUndefined()
})

test('a field is found at the top or in the context, the top first', () => {
  expect(fieldOf({ a: 1, context: { a: 2, b: 3 } }, 'a')).toBe(1)
  expect(fieldOf({ a: 1, context: { a: 2, b: 3 } }, 'b')).toBe(3)
  expect(fieldOf({ context: null }, 'b')).toBeUndefined()
})

test('records of other loggers have a level, a time and an event, too', () => {
  const pino = { level: 'error', time: '2030-01-31T08:00:00.000Z', msg: 'no' }
  expect([levelOf(pino), timeOf(pino), eventOf(pino)]).toEqual(['error', Date.parse(pino.time), 'no'])
  expect([levelOf({ level: 50 }), timeOf({}), eventOf({})]).toEqual(['info', undefined, ''])
  expect([levelOf({ severity: 'WARNING' }), levelOf({ level_name: 'fatal' })]).toEqual(['warn', 'critical'])
})
