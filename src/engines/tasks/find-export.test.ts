import { expect, test } from 'vitest'
import { findExport } from './find-export.ts'
import { task } from './task.ts'

class Shop { readonly open = true; static prices = [1, 2]; static total() { return this.prices.length } }
const resize = (path: string) => path
const module = { resize, mail: task(resize, { name: 'mail' }), jobs: { count: 3, resize, double() { return this.count * 2 } }, Shop, list: [1], limit: 5, nothing: null, default: { run: resize } }
const find = (path: string) => findExport(module, path, 'jobs.ts')

test('functions and tasks are found as they are', () => {
  expect(find('resize')).toBe(resize)
  expect(find('mail')).toBe(module.mail)
})

test('a function within an object or class sees that as its own', () => {
  expect(find('jobs.double')()).toBe(6)
  expect(find('Shop.total')()).toBe(2)
  expect(find('default.run')('x')).toBe('x')
})

test.each([
  ['resise', 'jobs.ts exports nothing named "resise"', 'Did you mean #resize?'],
  ['somethingElse', 'jobs.ts exports nothing named "somethingElse"', 'It has #resize, #mail, #jobs.resize, #jobs.double, #default.run.'],
  ['jobs.toString', 'jobs of jobs.ts holds nothing named "toString"', 'It has #jobs.resize, #jobs.double.'],
  ['resize.call', 'resize of jobs.ts holds nothing named "call"', 'It exports no function.'],
  ['nothing.x', 'nothing of jobs.ts holds nothing named "x"', 'It exports no function.'],
])('%s is not there', (path, message, hint) => {
  expect(() => find(path)).toThrow(expect.objectContaining({ code: 'task.export_not_found', message, hint }))
})

test('a module without a default export says so', () => {
  expect(() => findExport({ resize }, 'default', 'jobs.ts')).toThrow(expect.objectContaining({ message: 'jobs.ts has no default export', hint: 'It has #resize.' }))
})

test.each([['Shop', 'a class'], ['list', 'an array'], ['limit', 'the number 5'], ['nothing', 'null'], ['jobs', 'an object']])('%s is no function', (path, what) => {
  expect(() => find(path)).toThrow(expect.objectContaining({ code: 'task.not_callable', message: `expected ${path} of jobs.ts to be a function, got ${what}` }))
})
