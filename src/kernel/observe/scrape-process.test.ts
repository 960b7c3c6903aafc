/** What users registered, in our copy of prom-client and in others. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Counter, Gauge, Registry, register } from 'prom-client'
import { afterEach, expect, test, vi } from 'vitest'
import { renderFamilies } from './metrics-text.ts'
import { addMetrics, taskMetrics } from './process-metrics.ts'
import { scrapeProcess } from './scrape-process.ts'

afterEach(() => register.clear())

const text = async (options?: Parameters<typeof scrapeProcess>[0]) => renderFamilies(await scrapeProcess(options))

test('the process tells of itself, its tasks and what it is', async () => {
  taskMetrics.runEnded({ name: 'seen', startedAt: 0 }, { outcome: 'succeeded', endedAt: 1 })
  const shown = await text()
  expect(shown).toMatch(/^taskflows_system_info\{hostname=".+",platform="linux",node_version="\d+\..+",version="\d+\..+"\} 1$/m)
  expect(shown).toContain('taskflows_task_total{task_name="seen",status="success"} 1')
  expect(shown).toContain('process_cpu_seconds_total')
})

test('a metric that a user registered in the default registry is shown, with the labels that all have', async () => {
  register.setDefaultLabels({ app: 'shop' })
  new Counter({ name: 'orders_total', help: 'Orders.', labelNames: ['kind'] }).inc({ kind: 'gift' }, 3)
  expect(await text()).toContain('orders_total{kind="gift",app="shop"} 3')
})

test('so is one in another copy of prom-client', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'taskflows-prom-'))
  try {
    const packages = join(folder, 'node_modules')
    const ours = dirname(createRequire(import.meta.url).resolve('prom-client'))
    mkdirSync(packages)
    cpSync(ours, join(packages, 'prom-client'), { recursive: true, dereference: true })
    for (const dependency of ['tdigest', 'bintrees', '@opentelemetry']) symlinkSync(join(ours, '..', dependency), join(packages, dependency))
    const theirs = createRequire(pathToFileURL(join(folder, 'app.mjs')))('prom-client') as typeof import('prom-client')
    expect(theirs.register).not.toBe(register)
    new theirs.Counter({ name: 'theirs_total', help: 'Of theirs.' }).inc(2)
    expect(await text()).toContain('theirs_total 2')
    theirs.register.clear()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a registry can be handed in, and its metrics do not take the place of ours', async () => {
  const registry = new Registry()
  new Gauge({ name: 'mine', help: 'Mine.', registers: [registry] }).set(4)
  new Gauge({ name: 'taskflows_system_info', help: 'Not it.', registers: [registry] }).set(7)
  new Gauge({ name: 'process_start_time_seconds', help: 'Theirs.', registers: [registry] }).set(5)
  const shown = await text({ registries: [registry] })
  expect(shown).toContain('mine 4')
  expect(shown).not.toContain('taskflows_system_info 7')
  // What users measure of the process stands before what we would.
  expect(shown).toContain('process_start_time_seconds 5')
})

test('a registry that fails is left out, and the others are shown', async () => {
  const broken = new Gauge({ name: 'broken', help: 'Broken.', collect: () => { throw new Error('no') } })
  broken.set(1)
  const shown = await text()
  expect(shown).not.toContain('broken')
  expect(shown).toContain('taskflows_system_info')
})

test('a registry that never answers is left out after two seconds', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const shown = text({ registries: [{ getMetricsAsJSON: () => new Promise(() => {}) }] })
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await shown).toContain('taskflows_system_info')
  } finally {
    vi.useRealTimers()
  }
})

test('a part of the process adds its metrics, until it takes them away', async () => {
  const added = () => [{ name: 'added', help: 'Added.', type: 'gauge', values: [{ value: 1 }] }]
  const take = addMetrics(added)
  expect(await text()).toContain('added 1')
  take()
  expect(await text()).not.toContain('added 1')
})
