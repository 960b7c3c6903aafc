import { deserialize, serialize } from 'node:v8'
import { expect, test } from 'vitest'
import { NonRetryableError, TaskTimeoutError, isNonRetryable } from '../../engines/tasks/index.ts'
import { notIsolatable } from './not-isolatable.ts'
import { packThrown, unpackThrown } from './thrown.ts'

const passed = (thrown: unknown): unknown => unpackThrown(deserialize(serialize(packThrown(thrown))) as ReturnType<typeof packThrown>)

test.each([new Error('a'), new TypeError('b'), new RangeError('c'), new SyntaxError('d'), new ReferenceError('e'), new EvalError('f'), new URIError('g'), new NonRetryableError('h'), new TaskTimeoutError('i', 5, true), new DOMException('j', 'AbortError')])('%s keeps its class, name, message and stack', (error) => {
  const there = passed(error) as Error
  expect(there.constructor).toBe(error.constructor)
  expect([there.name, there.message, there.stack]).toEqual([error.name, error.message, error.stack])
  expect(isNonRetryable(there)).toBe(isNonRetryable(error))
  expect({ ...there }).toEqual({ ...error })
})

test('a refusal stays one that no other try helps', () => {
  const there = passed(notIsolatable('no', 'hint'))
  expect(isNonRetryable(there)).toBe(true)
  expect(there).toMatchObject({ name: 'TaskflowsError', code: 'task.not_isolatable', hint: 'hint', exitCode: 2 })
})

test('errors that cause each other end somewhere', () => {
  const one = new Error('one')
  one.cause = new Error('other', { cause: one })
  let depth = 0
  for (let error: unknown = passed(one); error instanceof Error; error = error.cause) depth += 1
  expect(depth).toBe(8)
})

test('fields that cannot be passed on are left out, and other values come as they are or described', () => {
  expect({ ...(passed(Object.assign(new Error('x'), { code: 7, run: () => 1 })) as object) }).toEqual({ code: 7 })
  expect(passed({ reason: 'no error' })).toEqual({ reason: 'no error' })
  expect(passed(Symbol('what'))).toBe('Symbol(what)')
})
