import { expect, test } from 'vitest'
import type { Caller } from '../access/roles.ts'
import { readNewJob, readNewJobs, readSince, readTenant } from './read.ts'

const caller: Caller = { name: 'host', role: 'admin', tenant: null }
const bound: Caller = { ...caller, tenant: 'acme' }
const refused = (path: string, message: RegExp) => expect.objectContaining({ code: 'request.invalid', details: { fields: [{ path, message: expect.stringMatching(message) }] } })

test('what a job leaves out stays out, so that the defaults of the task can hold', () => {
  expect(readNewJob({ name: 'resize' }, { caller })).toEqual({ name: 'resize', payload: {}, policy: {} })
})

test('durations become milliseconds and instants epoch milliseconds', () => {
  const job = readNewJob({ name: 'x', delay: '1h 30min', run_at: '2030-01-01T01:00:00+01:00', timeout: 2.5 }, { caller })
  expect(job).toMatchObject({ delayMs: 5_400_000, runAt: Date.UTC(2030, 0, 1), policy: { timeoutMs: 2500 } })
})

test('a job without a correlation id takes the one of the request', () => {
  expect(readNewJob({ name: 'x' }, { caller, correlationId: 'request' }).correlationId).toBe('request')
  expect(readNewJob({ name: 'x', correlation_id: 'own' }, { caller, correlationId: 'request' }).correlationId).toBe('own')
})

test.each([
  ['delay', { delay: 'soon' }, /expected seconds, or text such as 5m or 1h 30min, got "soon"/],
  ['delay', { delay: 1e300 }, /expected at most 3660 days/],
  ['timeout', { timeout: 0 }, /more than nothing/],
  ['timeout', { timeout: '31d' }, /at most 30 days/],
  ['payload', { payload: { text: '\u0000' } }, /u0000/],
] as const)('a %s that cannot be carried out is refused by name', (path, fields, message) => {
  expect(() => readNewJob({ name: 'x', ...fields }, { caller })).toThrow(refused(path, message))
})

test('in a batch a job may wait for earlier ones only', () => {
  const batch = (after: number[]) => readNewJobs([{ name: 'a' }, { name: 'b', after }], { caller })
  expect(batch([0])[1]).toMatchObject({ after: [0] })
  expect(() => batch([0, 1])).toThrow(refused('items[1].after[1]', /an earlier item, below 1, got 1/))
})

test('in a batch the item is named', () => {
  expect(() => readNewJobs([{ name: 'a' }, { name: 'b', delay: 'x' }], { caller })).toThrow(refused('items[1].delay', /got "x"/))
})

test('since is an instant or how long ago', () => {
  const now = Date.UTC(2030, 0, 1)
  expect(readSince('2029-12-31T23:00:00Z', now)).toBe(now - 3_600_000)
  expect(readSince('1h', now)).toBe(now - 3_600_000)
  expect(readSince('1h ago', now)).toBe(now - 3_600_000)
  expect(readSince('999999999999w', now)).toBeGreaterThan(0)
  expect(() => readSince('2029-12-31', now)).toThrow(refused('since', /an instant such as/))
})

test('a bound caller names its own tenant or none', () => {
  expect(readTenant('other', caller)).toBe('other')
  expect(readTenant(undefined, bound)).toBeUndefined()
  expect(readTenant('acme', bound)).toBe('acme')
  expect(() => readTenant('other', bound, 'items[2].')).toThrow(expect.objectContaining({ code: 'tenant.not_found', message: 'there is no tenant "other"', details: { field: 'items[2].tenant_id' } }))
})
