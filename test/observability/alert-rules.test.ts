/** The alert rules fire when they should and not before, as Prometheus' own tester evaluates them. */
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { alertOutcomes } from '../../src/kernel/alerts/alert-counts.ts'
import { type Series, alertCases } from './alert-cases.ts'
import { complaintOf, deployment, hasProgram, readYaml, root } from './programs.ts'
import { unknownIn } from './promql.ts'

const file = 'prometheus/rules/taskflows.yml'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string }
}

const rules = readYaml<{ readonly groups: readonly { readonly rules: readonly Rule[] }[] }>(file).groups.flatMap((group) => group.rules)

test('every rule has cases, and every case a rule', () => {
  expect(Object.keys(alertCases).sort()).toEqual(rules.map(({ alert }) => alert).sort())
})

test.for(rules)('$alert asks for nothing that the product does not set', ({ expr }) => {
  expect(unknownIn(expr)).toEqual([])
})

test('the guide tells of every rule', () => {
  const guide = readFileSync(join(root, 'docs/guides/observability.md'), 'utf8')
  expect([...guide.matchAll(/^\| ([A-Z]\w+[A-Z]\w+) \|/gm)].map(([, name]) => name)).toEqual(rules.map(({ alert }) => alert))
})

test('what rules call an outcome of alerts is one', () => {
  const named = /outcome=~"([^"]+)"/.exec(rules.find(({ alert }) => alert === 'AlertsNotSent')!.expr)![1]!.split('|')
  expect(alertOutcomes).toEqual(expect.arrayContaining(named))
})

describe.skipIf(!hasProgram('promtool', 'prometheus'))('by promtool', () => {
  const directory = mkdtempSync(join(tmpdir(), 'taskflows-rules-'))
  copyFileSync(join(deployment, file), join(directory, 'rules.yml'))
  afterAll(() => rmSync(directory, { recursive: true }))

  test('the configuration is valid', () => {
    cpSync(join(deployment, 'prometheus'), directory, { recursive: true })
    writeFileSync(join(directory, 'token'), 'tfk_x')
    expect(complaintOf('promtool', ['check', 'config', 'prometheus.yml'], directory)).toBeUndefined()
  })

  test.for(rules)('$alert fires', ({ alert, labels: { severity }, annotations: { description } }) => {
    expect(verdict(alert, alertCases[alert]!.fires.map(({ series, labels, summary }) => ({
      series, expected: [{ exp_labels: { severity, ...labels }, exp_annotations: { summary, description } }],
    })))).toBeUndefined()
  })

  test.for(rules)('$alert stays silent below its threshold', ({ alert }) => {
    expect(verdict(alert, alertCases[alert]!.silent.map((series) => ({ series, expected: [] })))).toBeUndefined()
  })

  function verdict(alertname: string, cases: readonly { readonly series: Series; readonly expected: readonly object[] }[]): string | undefined {
    const { atMinute = 30 } = alertCases[alertname]!
    const tests = cases.map(({ series, expected }) => ({
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: [{ eval_time: `${atMinute}m`, alertname, exp_alerts: expected }],
    }))
    writeFileSync(join(directory, 'test.yml'), stringify({ rule_files: ['rules.yml'], evaluation_interval: '1m', tests }))
    return complaintOf('promtool', ['test', 'rules', 'test.yml'], directory)
  }
})
