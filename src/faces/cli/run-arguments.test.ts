import { expect, test } from 'vitest'
import { callArguments } from './run-arguments.ts'

test('pairs make one object: text, or JSON after :=', () => {
  expect(callArguments({ arg: ['a=1', 'b:=2', 'c=', 'url=http://x?y:=1', 'd.e=f', 'g:={"h": [null]}', 'time:of day=now', '__proto__=x'] })).toEqual([
    Object.fromEntries([['a', '1'], ['b', 2], ['c', ''], ['url', 'http://x?y:=1'], ['d.e', 'f'], ['g', { h: [null] }], ['time:of day', 'now'], ['__proto__', 'x']]),
  ])
})

test('JSON is one argument, or the arguments', () => {
  expect(callArguments({ json: [1, 2] })).toEqual([[1, 2]])
  expect(callArguments({ json: null })).toEqual([null])
  expect(callArguments({ args: [1, { a: 2 }] })).toEqual([1, { a: 2 }])
  expect(callArguments({})).toEqual([])
})

test.each([
  [{ arg: ['a=1'], json: 1 }, '--arg and --json both say what the function is called with: expected one of them'],
  [{ json: 1, args: [] }, '--json and --args both say'], [{ args: { a: 1 } }, '--args: expected a JSON array, an element for each argument, got {"a":1}'],
  [{ arg: ['plain'] }, '--arg: expected key=text or key:=json, got "plain"'], [{ arg: ['=x'] }, 'got "=x"'], [{ arg: ['a=1', 'a=2'] }, '--arg: "a" is given twice'],
  [{ arg: ['a:=yes'] }, '--arg a:=: expected JSON, got "yes"'],
])('%j is refused', (flags, message) => {
  expect(() => callArguments(flags)).toThrow(expect.objectContaining({ code: 'cli.usage', message: expect.stringContaining(message) }))
})
