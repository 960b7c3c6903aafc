import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Operation } from '../../contract/operation.ts'
import { answerHeaders, readConditions, readIdempotencyKey, readIfMatch } from './conditions.ts'

describe('If-Match', () => {
  test.each<[string, readonly string[] | undefined]>([
    ['*', undefined],
    [' * ', undefined],
    ['"waiting-1"', ['waiting-1']],
    ['"a", "b"', ['a', 'b']],
    ['"a" ,, "b",', ['a', 'b']],
    ['"a,b"', ['a,b']],
    ['""', ['']],
    ['W/"a", "b"', ['b']],
    ['W/"a"', []],
  ])('%s', (header, versions) => expect(readIfMatch(header)).toEqual(versions))

  test.each(['', 'waiting-1', '"a', 'a"', '"a" "b"', '"a";x', 'w/"a"', '"a"b', '*, "a"', ','])('refuses %j by name', (header) => {
    expect(() => readIfMatch(header)).toThrow(expect.objectContaining({ code: 'request.invalid', details: { fields: [expect.objectContaining({ path: 'If-Match' })] } }))
  })

  test('reads whatever list of tags there is, and says no to all else in no time', () => {
    const version = fc.stringMatching(/^[!#-~]*$/)
    fc.assert(fc.property(fc.array(version, { minLength: 1 }), (versions) => {
      expect(readIfMatch(versions.map((text) => `"${text}"`).join(', '))).toEqual(versions)
    }))
    expect(() => readIfMatch(`${' '.repeat(20_000)}x`)).toThrow(/If-Match/)
  })
})

describe('Idempotency-Key', () => {
  test.each([['k-1', 'k-1'], ['"k-1"', 'k-1'], ['"a \\"b\\" \\\\"', 'a "b" \\'], ['a"b', 'a"b'], ['""', '']])('%s is %j', (header, key) => expect(readIdempotencyKey(header)).toBe(key))

  test.each(['"a', '"a"b', '"a"; x=1', '"a", "b"', '"\\n"'])('%s is refused by name', (header) => {
    expect(() => readIdempotencyKey(header)).toThrow(/^Idempotency-Key: /)
  })
})

const operation = (parts: Partial<Operation>) => ({ method: 'POST', ...parts }) as Operation

test('headers count for the operations that take them', () => {
  const headers = { 'idempotency-key': 'k', 'if-match': '"v"' }
  expect(readConditions(operation({ ifMatch: true }), headers)).toEqual({ idempotencyKey: 'k', versions: ['v'] })
  expect(readConditions(operation({}), { ...headers, 'if-match': 'nonsense' })).toEqual({ idempotencyKey: 'k' })
  expect(readConditions(operation({ method: 'GET' }), { 'idempotency-key': '"' })).toEqual({})
  expect(readConditions(operation({ ifMatch: true }), {})).toEqual({})
})

test('an answer says its version, and whether it is an earlier one', () => {
  expect(answerHeaders(operation({ version: 'v' }), { status: 200, output: { v: 'running-2' } })).toEqual({ etag: '"running-2"' })
  expect(answerHeaders(operation({}), { status: 200, output: {}, replayed: true })).toEqual({ 'idempotency-replayed': 'true' })
})
