/** Every query of Loki that the documents show is one, and asks for labels that lines have. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { logQueryFor } from '../../src/kernel/observe/log-link.ts'
import { faultsIn } from './logql.ts'
import { root } from './programs.ts'

const labels = ['app', 'environment', 'hostname', 'service_name', 'severity']

const shown = globSync('docs/**/*.md', { cwd: root }).sort().flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```logql\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => queriesIn(block)).map((query) => ({ page, query })))

test('the documents show some', () => {
  expect(shown.length).toBeGreaterThan(8)
})

test.for(shown)('$page: $query', ({ query }) => {
  expect(faultsIn(query)).toEqual([])
  const selectors = [...query.matchAll(/\{([^{}]*)\}(?!\})/g)].filter(([all]) => !all.startsWith('{.') && /[=~]/.test(all))
  const asked = selectors.flatMap(([, matchers = '']) => [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label))
  expect(asked.length).toBeGreaterThan(0)
  expect(asked.filter((label) => !labels.includes(label!))).toEqual([])
})

test('the links of alerts ask with one', () => {
  expect(faultsIn(logQueryFor({ id: 'a "b" \\ {c}', errorsOnly: true }))).toEqual([])
})

test('a query that is none is noticed', () => {
  expect(faultsIn('{app="shop"} | json | histogram_quantile(0.95, sum by (le) (rate(context_response_time_ms[5m])))')).not.toEqual([])
  expect(faultsIn('{app="shop"')).not.toEqual([])
})

/** Queries stand apart by an empty line; lines that begin with # are comments. */
function queriesIn(block: string): string[] {
  return block.split(/\n\s*\n/).map((part) => part.split('\n').filter((line) => !line.startsWith('#')).join('\n').trim()).filter((query) => query !== '')
}
