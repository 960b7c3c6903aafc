import { expect, test } from 'vitest'
import { mergeFamilies, renderFamilies } from './metrics-text.ts'

const family = (name: string, value: number, labels?: Record<string, string>) => ({ name, help: 'Of it.', type: 'gauge', values: [{ value, ...(labels && { labels }) }] })

test('values are written as Prometheus reads them', () => {
  expect(renderFamilies([family('a', 1.5), family('b', Infinity, { x: 'say "\\"\nand\\' }), family('c', Number.NaN)])).toBe([
    '# HELP a Of it.', '# TYPE a gauge', 'a 1.5', '',
    '# HELP b Of it.', '# TYPE b gauge', String.raw`b{x="say \"\\\"\nand\\"} +Inf`, '',
    '# HELP c Of it.', '# TYPE c gauge', 'c NaN', '',
  ].join('\n'))
})

test('a metric without values is left out', () => {
  expect(renderFamilies([{ name: 'a', help: 'Of it.', type: 'counter', values: [] }])).toBe('')
})

test('of two metrics with one name the first stands', () => {
  expect(mergeFamilies([family('a', 1), family('b', 2), family('a', 3)])).toEqual([family('a', 1), family('b', 2)])
})
