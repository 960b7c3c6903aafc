/** One trace from a caller through a request, the job that it adds and the task which that calls, in two processes with an SDK. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { type TestDatabase, createTestDatabase } from '../../src/testing/test-database.ts'
import { type Program, startTf } from '../machine/crash/program.ts'
import { ask } from './api-suite.ts'

const home = mkdtempSync(join(tmpdir(), 'taskflows-tracing-'))
const tasks = join(import.meta.dirname, 'tracing', 'tasks.ts')
const traceId = '0af7651916cd43dd8448eb211c80319c'

let database: TestDatabase
let server: Program
let worker: Program
let url: string
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
  const options = { home, databaseUrl: database.url, env: { NODE_OPTIONS: `--import ${join(import.meta.dirname, 'tracing', 'sdk.ts')}` } }
  server = startTf(['serve'], options)
  url = (await server.saw(/listens on (\S+)/))[1]!
  worker = startTf(['worker', tasks], options)
  await worker.saw(/Ctrl-C stops it/)
})
afterAll(async () => {
  for (const program of [worker, server]) await program?.[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
  rmSync(home, { recursive: true })
})

interface Shown {
  readonly name: string
  readonly trace: string
  readonly id: string
  readonly parent: string | null
}

async function spanOf(program: Program, name: string): Promise<Shown> {
  const [, json = ''] = await program.saw(new RegExp(`^span (\\{"name":"${name}".*"trace":"${traceId}".*\\})$`))
  return JSON.parse(json) as Shown
}

test('a job continues the trace of the request that added it, and its tasks continue the job', async () => {
  const secret = readSecurity(home).hmac.secret
  const answer = await ask({ url, secret }, 'POST', '/api/v1/jobs', { body: { name: 'mail', payload: { text: 'hello' } }, headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } })
  expect(answer.status).toBe(201)
  const request = await spanOf(server, 'POST /api/v1/jobs')
  const job = await spanOf(worker, 'job mail')
  const run = await spanOf(worker, 'task render')
  const attempt = await spanOf(worker, 'task render attempt')
  expect([request.parent, job.parent, run.parent, attempt.parent]).toEqual(['b7ad6b7169203331', request.id, job.id, run.id])
})
