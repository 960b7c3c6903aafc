/**
 * Requests at random over the OpenAPI document of a running server: whatever comes, every answer is in time, is no
 * 5xx, and is as the document says.
 *
 *     TASKFLOWS_FUZZ_REQUESTS=100000 vitest run test/e2e/fuzz.test.ts
 *
 * A failure names its seed (TASKFLOWS_FUZZ_SEED repeats the run) and the shortest request that it was found with.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { send } from './api-suite.ts'
import { type Callers, createCallers } from './fuzz/callers.ts'
import { type Document, readDocument } from './fuzz/document.ts'
import { createLane } from './fuzz/exchange.ts'
import { createPool } from './fuzz/pool.ts'
import type { FuzzRequest } from './fuzz/request.ts'
import { requestsOver } from './fuzz/requests.ts'
import { type FuzzSite, openFuzzSite } from './fuzz/site.ts'

const count = Number(process.env['TASKFLOWS_FUZZ_REQUESTS'] || 5_000)
const seed = Number(process.env['TASKFLOWS_FUZZ_SEED'] || Math.floor(Math.random() * 1_000_000))
const lanes = 4
/** For each request, on a slow machine; and for making a failed one shorter. */
const limitMs = 60_000 + count * 20
/** What the server may take more at the end than halfway. Garbage of many large bodies is not collected at once. */
const growthBytes = 192 * 1024 * 1024

describe('requests at random', () => {
  let site: FuzzSite
  let document: Document
  let callers: Callers
  const answers = new Map<number, number>()
  const resident: number[] = []

  beforeAll(async () => {
    site = await openFuzzSite(inject('postgresUrl'))
    document = await readDocument(site.url)
    callers = await createCallers(site.url, site.secret)
    resident.push(site.residentBytes())
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  test(`get ${count} answers that are as the document says`, { timeout: limitMs + 10_000 }, async () => {
    const requests = requestsOver(document, callers)
    const target = { url: site.url, document, callers, pool: createPool(), answers }
    let asked = 0
    const failures = await Promise.all(Array.from({ length: lanes }, async (_, number) => {
      using lane = createLane(target)
      const property = fc.asyncProperty(requests, async (request) => {
        if ((asked += 1) % 100 === 0) resident.push(site.residentBytes())
        await lane.run(request)
      })
      return failureOf(await fc.check(property, { seed: seed * lanes + number, numRuns: count / lanes, interruptAfterTimeLimit: limitMs, markInterruptAsFailure: true }))
    }))
    expect(failures.filter((failure) => failure !== undefined)).toEqual([])
  })

  test.each<[string, Partial<FuzzRequest>]>([
    ['an id that is longer than the router takes', { target: `/api/v1/jobs/${'x'.repeat(1_001)}` }],
    ['a path that is no URL path', { target: '/api/v1/jobs/%zz' }],
    ['a file above the pages', { target: '/docs/static/%2e%2e/%2e%2e/package.json' }],
    ['no Host', { headers: [] }],
    ['an expectation that nobody knows', { headers: [['Host', 'x'], ['Expect', '200-ok']] }],
    ['what is not HTTP', { version: 'HTTP/1.1 x' }],
    ['a head that is too long', { headers: [['Host', 'x'], ['X-Long', 'x'.repeat(20_000)]] }],
    ['an instant before Christ', post('{"name":"x","run_at":"0000-01-01T00:00:00Z"}')],
    ['an instant that PostgreSQL writes as it is not read', post('{"name":"x","run_at":"0044-03-15T12:00:00Z"}')],
    ['an instant after the year 9999', post('{"name":"x","run_at":"9999-12-31T23:59:59-23:59"}')],
    ['jobs after it, one of which waits for such an instant', { target: '/api/v1/jobs' }],
    ['a body of another type', { ...post('{"name":"x"}'), headers: [['Host', 'x'], ['Content-Type', 'text/plain']] }],
  ])('once found: %s', async (_what, found) => {
    using lane = createLane({ url: site.url, document, callers, pool: createPool(), answers })
    await lane.run({ ...plain, ...found })
  })

  test.skipIf(count < 2_000)('are taken in, not only refused', () => {
    expect([200, 201, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422].filter((status) => !answers.has(status))).toEqual([])
  })

  test('leave the server well', async () => {
    expect(await send(site.url, 'GET', '/health')).toMatchObject({ status: 200, json: { status: 'ok' } })
    expect(site.complaints()).toEqual([])
    const halfway = Math.max(...resident.slice(0, Math.ceil(resident.length / 2)))
    expect(site.residentBytes() - halfway).toBeLessThan(growthBytes)
  })

  test('leave every job in exactly one place', async () => {
    expect(await site.contradictions()).toEqual([])
  })
})

const plain: FuzzRequest = { place: 'found', caller: 'host', method: 'GET', target: '/health', version: 'HTTP/1.1', headers: [['Host', 'x'], ['Content-Type', 'application/json']], body: undefined, framing: 'length', delivery: 'whole' }

function post(text: string): Partial<FuzzRequest> {
  return { method: 'POST', target: '/api/v1/jobs', body: { text, encoding: 'utf8' } }
}

function failureOf({ failed, errorInstance, counterexample }: fc.RunDetails<[FuzzRequest]>): string | undefined {
  if (!failed) return undefined
  return [`TASKFLOWS_FUZZ_SEED=${seed}`, errorInstance instanceof Error ? errorInstance.message : 'there was not enough time', JSON.stringify(counterexample?.[0])].join('\n')
}
