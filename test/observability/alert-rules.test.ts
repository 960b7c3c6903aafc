/** The alert rules fire when they should and not before, as Prometheus' own tester evaluates them. */
import { copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { alertOutcomes } from '../../src/kernel/alerts/alert-counts.ts'
import { type AlertCase, type Series, alertCases } from './alert-cases.ts'
import { complaintOf, deployment, hasProgram, readYaml } from './programs.ts'
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

  test.for(rules)('$alert fires', (rule) => {
    const cases = alertCases[rule.alert]!
    for (const { series, labels, summary } of cases.fires) {
      const expected = { exp_labels: { severity: rule.labels.severity, ...labels }, exp_annotations: { summary, description: rule.annotations.description } }
      expect(verdict(rule.alert, cases, series, [expected])).toBeUndefined()
    }
  })

  test.for(rules)('$alert stays silent below its threshold', ({ alert }) => {
    const cases = alertCases[alert]!
    for (const series of cases.silent) expect(verdict(alert, cases, series, [])).toBeUndefined()
  })

  function verdict(alert: string, { atMinute = 30 }: AlertCase, series: Series, expected: readonly object[]): string | undefined {
    const input = Object.entries(series).map(([name, values]) => ({ series: name, values }))
    const check = { eval_time: `${atMinute}m`, alertname: alert, exp_alerts: expected }
    writeFileSync(join(directory, 'test.yml'), stringify({ rule_files: ['rules.yml'], evaluation_interval: '1m', tests: [{ interval: '1m', input_series: input, alert_rule_test: [check] }] }))
    return complaintOf('promtool', ['test', 'rules', 'test.yml'], directory)
  }
})
