import { parser } from '@grafana/lezer-logql'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { logLinkFor, logQueryFor } from './log-link.ts'

const run = { id: '0190f3f2-7c1e-7000-8000-000000000000', fromMs: 1_700_000_000_000, toMs: 1_700_000_005_500, errorsOnly: false }

/** What Grafana reads back from a link. */
function read(link: string) {
  const url = new URL(link)
  return { address: `${url.origin}${url.pathname}`, org: url.searchParams.get('orgId'), left: JSON.parse(url.searchParams.get('left')!) as { datasource: string; queries: { expr: string }[]; range: { from: string; to: string } } }
}

/** The strings of a query, and whether it is one. */
function parse(query: string): { readonly valid: boolean; readonly strings: string[] } {
  const strings: string[] = []
  let valid = true
  parser.parse(query).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) valid = false
      if (type.name === 'String') strings.push(query.slice(from, to))
    },
  })
  return { valid, strings }
}

test('a link leads to Explore with the query of the run and its own time, a minute wider on both sides', () => {
  expect(read(logLinkFor('https://grafana.example.com')(run))).toEqual({
    address: 'https://grafana.example.com/explore', org: '1',
    left: { datasource: 'loki', queries: [{ refId: 'A', expr: `{environment=~".+"} | task_id="${run.id}"` }], range: { from: '1699999940000', to: '1700000065500' } },
  })
})

test('the scheme may be missing, and Grafana may live below a path', () => {
  expect(read(logLinkFor('localhost:3000')(run)).address).toBe('http://localhost:3000/explore')
  expect(read(logLinkFor('https://example.com/grafana/')(run)).address).toBe('https://example.com/grafana/explore')
})

test('errors only means lines of that severity', () => {
  const { expr } = read(logLinkFor('grafana')({ ...run, errorsOnly: true })).left.queries[0]!
  expect(expr).toBe(`{environment=~".+", severity=~"ERROR|CRITICAL|FATAL"} | task_id="${run.id}"`)
})

test('whatever the id is, the query is LogQL and asks for just that', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (id, errorsOnly) => {
    const { valid, strings } = parse(logQueryFor({ id, errorsOnly }))
    expect(valid).toBe(true)
    expect(JSON.parse(strings.at(-1)!)).toBe(id)
    expect(strings.length).toBe(errorsOnly ? 3 : 2)
  }), { numRuns: 500 })
})
