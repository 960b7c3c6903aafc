/** The dashboards are fresh, and each of their queries is one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { dashboards } from '../../scripts/dashboards.ts'
import { uuid5 } from '../../scripts/dashboards/dashboard.ts'
import { metricDefinitions } from '../../src/kernel/observe/metric-names.ts'
import { faultsIn } from './logql.ts'
import { complaintOf, hasProgram, readDeployed } from './programs.ts'
import { metricsIn, unknownIn } from './promql.ts'

interface Dashboard {
  readonly title: string
  readonly uid: string
  readonly templating: { readonly list: readonly { readonly name: string }[] }
  readonly panels: readonly {
    readonly id: number
    readonly title: string
    readonly type: string
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly datasource?: { readonly type: string }
    readonly targets?: readonly { readonly expr: string; readonly legendFormat?: string }[]
  }[]
}

const all = [...dashboards()]
const read = all.map(([, text]) => JSON.parse(text) as Dashboard)
const panelsOf = (type: string) => read.flatMap(({ panels }) => panels).filter(({ datasource }) => datasource?.type === type)
const queriesOf = (type: string) => panelsOf(type).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

test.for(all)('%s is what scripts/dashboards.ts writes', ([path, text]) => {
  expect(readDeployed(path.replace('deploy/observability/', ''))).toBe(text)
})

test('there are those that the documents name', () => {
  expect(read.map(({ title }) => title)).toEqual(['Taskflows Overview', 'Taskflows Jobs', 'Taskflows Tasks', 'Taskflows Service Logs'])
})

test('a dashboard keeps its uid, which is made from its title', () => {
  // Python: uuid.uuid5(uuid.NAMESPACE_URL, 'python.org')
  expect(uuid5('python.org')).toBe('7af94e2b-4dd9-50f0-9c9a-8a48519bdef0')
  for (const { uid, title } of read) expect(uid).toBe(uuid5(title))
})

test('panels have ids of their own and do not lie on each other', () => {
  for (const { panels } of read) {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => Array.from({ length: w * h }, (_, cell) => `${x + cell % w},${y + Math.floor(cell / w)}`))
    expect(new Set(cells).size).toBe(cells.length)
    for (const { gridPos: { x, w } } of panels) expect(x + w).toBeLessThanOrEqual(24)
  }
})

test('queries name metrics and labels that the product sets, and variables of their dashboard', () => {
  expect(queriesOf('prometheus').flatMap(unknownIn)).toEqual([])
  for (const { panels, templating } of read) {
    const variables = [...templating.list.map(({ name }) => name), '__rate_interval', '__range']
    const used = panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => [...expr.matchAll(/\$(\w+)/g)].map(([, name]) => name)))
    expect(used.filter((name) => !variables.includes(name!))).toEqual([])
  }
})

test('every metric that is set today is on a dashboard', () => {
  const shown = new Set(queriesOf('prometheus').flatMap(metricsIn))
  expect(Object.keys(metricDefinitions).filter((name) => !name.startsWith('taskflows_service_') && !shown.has(name))).toEqual([])
})

test('queries of Loki can be read', () => {
  expect(queriesOf('loki').map(faultsIn)).toEqual([[]])
})

test.skipIf(!hasProgram('promtool', 'prometheus'))('queries of Prometheus can be read', () => {
  const directory = mkdtempSync(join(tmpdir(), 'taskflows-queries-'))
  const rules = queriesOf('prometheus').map((expr, index) => ({ record: `q:${index}`, expr: expr.replaceAll(/\$__\w+/g, '5m').replaceAll(/\$\w+/g, '.*') }))
  writeFileSync(join(directory, 'queries.yml'), stringify({ groups: [{ name: 'queries', rules }] }))
  expect(complaintOf('promtool', ['check', 'rules', 'queries.yml'], directory)).toBeUndefined()
  rmSync(directory, { recursive: true })
})
