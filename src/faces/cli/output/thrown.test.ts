import { expect, test } from 'vitest'
import { thrownText } from './thrown.ts'

test('an error is shown whole, with its fields and all that led to it', () => {
  const inner = Object.assign(new RangeError('inner'), { stack: 'RangeError: inner\n    at one' })
  const error = Object.assign(new AggregateError([inner], 'outer', { cause: 'rent' }), { stack: 'AggregateError: outer\n    at two', code: 'E' })
  expect(thrownText(error)).toBe("AggregateError: outer\n    at two\n{ code: 'E' }\none of RangeError: inner\n    at one\ncaused by 'rent'")
  expect(thrownText('just text')).toBe("'just text'")
})

test('errors that cause each other end somewhere', () => {
  const error = new Error('x')
  error.cause = error
  expect(thrownText(error).match(/caused by/g)).toHaveLength(7)
})
