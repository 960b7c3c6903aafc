/** The metrics of a server, a worker and a script, as processes of their own; `promtool` reads them all. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { type Client, connectTo } from '../../src/client/index.ts'
import type { TaskflowsContract } from '../../src/contract/index.ts'
import { newId } from '../../src/kernel/ids.ts'
import { metricDefinitions } from '../../src/kernel/observe/metric-names.ts'
import { type TestDatabase, createTestDatabase } from '../../src/testing/test-database.ts'
import { type Program, startTf } from '../machine/crash/program.ts'

const root = join(import.meta.dirname, '../..')
const home = mkdtempSync(join(tmpdir(), 'taskflows-metrics-'))
const tasks = join(import.meta.dirname, 'metrics', 'tasks.ts')
const script = join(import.meta.dirname, 'metrics', 'script.ts')

let database: TestDatabase
let server: Program
let worker: Program
let serverMetrics: string
let workerMetrics: string
let client: Client<TaskflowsContract>
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
  server = startTf(['serve', '--worker', tasks, '--queue', 'here'], { home, databaseUrl: database.url })
  const [, url = ''] = await server.saw(/listens on (\S+)/)
  serverMetrics = `${url}/metrics`
  client = connectTo({ url, secret: readSecurity(home).hmac.secret })
  worker = startTf(['worker', tasks, '--queue', 'there'], { home, databaseUrl: database.url, env: { TASKFLOWS_METRICS_PORT: '0', TASKFLOWS_LOG_LEVEL: 'debug' } })
  workerMetrics = (await worker.saw(/"url":"([^"]+)"/))[1]!
  await worker.saw(/Ctrl-C stops it/)
})
afterAll(async () => {
  for (const program of [worker, server]) await program?.[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
  rmSync(home, { recursive: true })
})

const scrape = async (url: string) => (await fetch(url)).text()

/** Of the server's own worker or the other one. */
async function runJob(queue: 'here' | 'there'): Promise<void> {
  const { id } = await client.jobs.add({ name: 'mail', queue, payload: { text: 'hello' } })
  await expect.poll(async () => (await client.jobs.get({ id })).state, { timeout: 10_000 }).toBe('SUCCEEDED')
}

/** What is wrong with the text, of what is ours; prom-client's own names break a rule or two. */
function faultsOf(metrics: string): string[] {
  const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input: metrics, encoding: 'utf8' })
  const said = `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
  return [...(status === 0 || status === 3 ? [] : [`status ${status}`]), ...said.filter((line) => !/^(nodejs|process)_/.test(line))]
}

const promtool = spawnSync('promtool', ['--version']).status === 0
if (!promtool && process.env['CI']) throw new Error('promtool is missing: it is in the package prometheus of Debian')

/** Names and labels of ours in a text, as the definitions have them. */
function undefinedIn(metrics: string): string[] {
  const known = new Map(Object.entries(metricDefinitions).map(([name, { labels }]) => [name, Object.keys(labels)]))
  return metrics.split('\n').filter((line) => line.startsWith('taskflows_')).flatMap((line) => {
    const [, name = '', labels = ''] = /^(\w+?)(?:\{(.*)\})? \S+$/.exec(line) ?? []
    const family = known.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '')
    const used = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label!).filter((label) => label !== 'le')
    return JSON.stringify(known.get(family)?.toSorted()) === JSON.stringify(used.toSorted()) ? [] : [line]
  })
}

describe('the server', () => {
  test('counts each reported run once, when its end arrives', async () => {
    const at = (msAgo: number) => new Date(Date.now() - msAgo).toISOString()
    const running = { id: newId(Date.now()), name: 'nightly', state: 'running' as const, started_at: at(3000) }
    const failed = { ...running, state: 'failed' as const, ended_at: at(1000), attempt: 3, error_type: 'TypeError', error_types: ['RangeError', 'RangeError', 'TypeError'] }
    await client.runs.report({ items: [running] })
    expect(await scrape(serverMetrics)).not.toContain('task_name="nightly"')
    for (const items of [[failed], [failed, running], [{ ...failed, state: 'succeeded' as const }]]) await client.runs.report({ items })
    const shown = await scrape(serverMetrics)
    expect(shown).toContain('taskflows_task_total{task_name="nightly",status="failure"} 1')
    expect(shown).toContain('taskflows_task_total{task_name="nightly",status="success"} 0')
    expect(shown).toContain('taskflows_task_duration_seconds_bucket{task_name="nightly",status="failure",le="5"} 1')
    expect(shown).toContain('taskflows_task_duration_seconds_bucket{task_name="nightly",status="failure",le="1"} 0')
    expect(shown).toContain('taskflows_task_retries_total{task_name="nightly"} 2')
    expect(shown).toContain('taskflows_task_errors_total{task_name="nightly",error_type="RangeError"} 2')
  })

  test('shows its jobs, its requests and what a module of its worker registered', async () => {
    await runJob('here')
    await expect.poll(() => scrape(serverMetrics), { timeout: 5_000 }).toContain('taskflows_jobs_ended_total{queue="here",state="SUCCEEDED"} 1')
    // The task within the job was reported, like those of any process, and counts once.
    await expect.poll(() => scrape(serverMetrics), { timeout: 5_000 }).toContain('taskflows_task_total{task_name="render",status="success"} 1')
    const shown = await scrape(serverMetrics)
    expect(shown).toContain('taskflows_jobs_attempts_total{queue="here",outcome="succeeded"} 1')
    expect(shown).toContain('taskflows_api_requests_total{method="POST",endpoint="/api/v1/jobs",status_code="201"}')
    expect(shown).toContain('shop_mails_total 1')
  })
})

describe('a worker', () => {
  test('shows its jobs, the tasks that they call and what its modules registered', async () => {
    await runJob('there')
    await expect.poll(() => scrape(workerMetrics), { timeout: 5_000 }).toContain('taskflows_jobs_ended_total{queue="there",state="SUCCEEDED"} 1')
    const shown = await scrape(workerMetrics)
    expect(shown).toContain('taskflows_task_total{task_name="render",status="success"} 1')
    expect(shown).toContain('shop_mails_total 1')
    expect(shown).not.toContain('taskflows_api_')
  })
})

describe('a script', () => {
  async function runScript(how: string): Promise<string> {
    const file = join(home, `${how}.prom`)
    const env = { PATH: process.env['PATH'], TASKFLOWS_HOME: join(home, 'none'), TASKFLOWS_METRICS_FILE: file, TASKFLOWS_LOG_LEVEL: 'silent' }
    const child = spawn(process.execPath, ['--conditions=source', script, how], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    expect({ said, code }).toEqual({ said: '', code: 0 })
    return readFileSync(file, 'utf8')
  }

  test.each(['return', 'exit'])('leaves its metrics in a file when it ends by %s', async (how) => {
    const shown = await runScript(how)
    expect(shown).toContain('taskflows_task_total{task_name="sync",status="success"} 1')
    expect(shown).toContain('taskflows_task_total{task_name="broken",status="failure"} 1')
    expect(shown).toContain('taskflows_task_retries_total{task_name="sync"} 1')
    expect(shown).toContain('taskflows_task_errors_total{task_name="sync",error_type="TypeError"} 1')
    expect(undefinedIn(shown)).toEqual([])
    if (promtool) expect(faultsOf(shown)).toEqual([])
  })

  test('leaves also what it registered itself, when it ends by itself', async () => {
    expect(await runScript('return')).toContain('script_rows_total 10')
  })
})

test('the sample of the guide prints what the guide says', async () => {
  const guide = readFileSync(join(root, 'docs/guides/metrics.md'), 'utf8')
  const [, sample = '', printed] = /```ts\n([\s\S]*?)```\s*```text\n([\s\S]*?)```/.exec(guide) ?? []
  const env = { PATH: process.env['PATH'], TASKFLOWS_HOME: join(home, 'none'), TASKFLOWS_LOG_LEVEL: 'warn' }
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module-typescript', '--eval', sample], { cwd: root, env })
  expect(await Promise.all([text(child.stdout), text(child.stderr)])).toEqual([printed, ''])
})

test('every metric that is shown is defined', async () => {
  for (const url of [serverMetrics, workerMetrics]) expect(undefinedIn(await scrape(url))).toEqual([])
})

test.skipIf(!promtool)('promtool finds no fault with what is ours', async () => {
  for (const url of [serverMetrics, workerMetrics]) expect(faultsOf(await scrape(url))).toEqual([])
})
