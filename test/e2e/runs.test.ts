/** The ledger from outside: reported over HTTP, read over HTTP and by `tf`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { type Serving, serve } from '../../src/app.ts'
import { type Client, connectTo } from '../../src/client/index.ts'
import { readConfig } from '../../src/config.ts'
import { type TaskflowsContract, contract } from '../../src/contract/index.ts'
import { newId } from '../../src/kernel/ids.ts'
import { type TestDatabase, createTestDatabase } from '../../src/testing/test-database.ts'
import { bareEnvironment } from '../testbed/bare-environment.ts'
import { ask } from './api-suite.ts'

const program = fileURLToPath(new URL('../../src/faces/cli/main.ts', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'taskflows-runs-'))
let database: TestDatabase
let serving: Serving
let client: Client<TaskflowsContract>
let secret: string
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
  serving = await serve(readConfig({ home, port: '0', databaseUrl: database.url, logLevel: 'silent' }, {}), { workerModules: [] })
  secret = readSecurity(home).hmac.secret
  client = connectTo({ url: serving.url, secret })
})
afterAll(async () => {
  await serving.stop()
  await database[Symbol.asyncDispose]()
  rmSync(home, { recursive: true })
})

const now = Date.now()
const startedAt = new Date(now - 5000).toISOString()
const endedAt = new Date(now - 3500).toISOString()

async function tf(...args: string[]): Promise<{ code: unknown; out: string; err: string }> {
  const child = spawn(process.execPath, [program, ...args], { env: { ...bareEnvironment, TASKFLOWS_HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, out, err }
}

test('a reported run is found in lists, alone, in the story of its correlation id and in the event log', async () => {
  const run = {
    id: newId(Date.now()), name: 'nightly', tenant_id: 'acme', state: 'failed' as const, attempt: 2, host: 'db1', started_at: startedAt, ended_at: endedAt,
    exit_code: 3, error_type: 'Error', error_message: 'disk full', correlation_id: 'night-1',
  }
  expect(await client.runs.report({ items: [run] })).toEqual({ accepted: 1 })
  const ofServices = { scope: null, result: null, exit_signal: null, cpu_seconds: null, memory_peak_bytes: null, slot: null, reason: null }
  const shown = { ...run, kind: 'task', subject: null, duration_seconds: 1.5, ...ofServices }
  expect(await client.runs.get({ id: run.id })).toEqual(shown)
  const page = await client.runs.list({ name: 'nightly', state: 'failed', tenant_id: 'acme', since: '1h' })
  expect(contract.runs.list.output.parse(page)).toEqual({ items: [shown], next_cursor: null })
  const story = await client.runs.timeline({ correlation_id: 'night-1' })
  expect(contract.runs.timeline.output.parse(story)).toMatchObject({ items: [
    { type: 'task.started', subject: run.id, at: startedAt, message: 'started on db1' },
    { type: 'task.failed', subject: run.id, at: endedAt, message: 'failed at attempt 2 (exit code 3; Error: disk full)' },
  ], next_cursor: null })
  expect((await client.events.list({ type: 'task.failed' })).items).toMatchObject([{ subject: run.id, name: 'nightly', tenant_id: 'acme', correlation_id: 'night-1', data: { exit_code: 3 } }])
})

test.each([
  [{ state: 'succeeded' }, 'items[1].ended_at'],
  [{ state: 'running', ended_at: endedAt }, 'items[1].ended_at'],
  [{ state: 'failed', ended_at: '2001-01-01T00:00:00Z' }, 'items[1].ended_at'],
  [{ id: '019a9f00-1234-7abc-8def-0123456789ab', state: 'succeeded', ended_at: endedAt }, 'items[1].id'],
  [{ id: '00000000-0000-4000-8000-000000000000', state: 'succeeded', ended_at: endedAt }, 'items[1].id'],
  [{ state: 'lost', ended_at: endedAt }, 'items[1].state'],
])('a report with %j is refused by its place, and nothing of it is kept', async (wrong, path) => {
  const good = { id: newId(Date.now()), name: 'good', state: 'succeeded', started_at: startedAt, ended_at: endedAt }
  const answer = await ask({ url: serving.url, secret }, 'POST', '/api/v1/runs:report', { body: { items: [good, { ...good, id: newId(Date.now()), ended_at: undefined, ...wrong }] } })
  expect(answer).toMatchObject({ status: 422, json: { code: 'request.invalid', details: { fields: [{ path }] } } })
  await expect(client.runs.get({ id: good.id })).rejects.toMatchObject({ code: 'run.not_found' })
})

test('attempts at jobs are in the same list, and pages of one go through all', async () => {
  const cancelled = await client.jobs.add({ name: 'paged', queue: 'nobody' })
  await client.jobs.cancel({ id: cancelled.id, reason: 'no' })
  await client.runs.report({ items: [1, 2].map(() => ({ id: newId(Date.now()), name: 'paged', state: 'running' as const, started_at: startedAt })) })
  const kinds: string[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await client.runs.list({ name: 'paged', limit: 1, ...(cursor !== undefined && { cursor }) })
    kinds.push(...page.items.map(({ kind, state }) => `${kind} ${state}`))
    cursor = page.next_cursor
  }
  expect(kinds).toEqual(['task running', 'task running', 'job cancelled'])
  expect(await client.runs.get({ id: `${cancelled.id}.1` })).toMatchObject({ kind: 'job', subject: cancelled.id, started_at: null, duration_seconds: null, error_message: 'no' })
})

test('tf shows runs as a table, in full, and as a story', async () => {
  const id = newId(Date.now())
  await client.runs.report({ items: [{ id, name: 'shown', state: 'timed_out', host: 'db2', started_at: startedAt, ended_at: endedAt, correlation_id: 'shown-1' }] })
  const list = await tf('runs', 'list', '--state', 'timed_out')
  expect(list).toMatchObject({ code: 0, err: '' })
  expect(list.out).toMatch(new RegExp(`^ENDED +KIND +NAME +STATE +TOOK +HOST +ID\n.*ago +task +shown +timed_out +1.5 ?s +db2 +${id}\n$`))
  expect((await tf('runs', 'list', '--state', 'timed_out', '-o', 'name')).out).toBe(`${id}\n`)
  const { out } = await tf('runs', 'show', id)
  expect(out).toMatch(/^shown {2}timed_out\n/)
  expect(out).toMatch(/^ {2}correlation shown-1$/m)
  expect((await tf('runs', 'timeline', 'shown-1')).out).toMatch(/^AT +WHAT +NAME +BY +MESSAGE\n.*task\.started +shown +\S+ +started on db2\n.*task\.timed_out +shown +\S+ +timed_out\n$/)
  expect(await tf('runs', 'show', newId(0))).toMatchObject({ code: 4, out: '' })
  expect(await tf('runs', 'timeline', 'nobody')).toEqual({ code: 0, out: '', err: 'Nothing is known under this correlation id.\n' })
}, 60_000)
