import { expect, test } from 'vitest'
import { childArguments } from './node-arguments.ts'

test('a child loads modules as its parent does', () => {
  const loading = ['--conditions=source', '--import', 'tsx', '--max-old-space-size=200', '-r', './hook.cjs']
  expect(childArguments(loading)).toEqual(loading)
})

test('a child runs neither what its parent runs nor on its ports', () => {
  expect(childArguments(['--input-type=module', '-e', 'while (true) {}', '--enable-source-maps'])).toEqual(['--enable-source-maps'])
  expect(childArguments(['-p', '1', '--eval=2', '--print=3', '-c', '-i'])).toEqual([])
  expect(childArguments(['--inspect-brk=9229', '--inspect', '--test', '--test-reporter=spec', '--watch', '--watch-path=src', '--import', 'tsx'])).toEqual(['--import', 'tsx'])
})
