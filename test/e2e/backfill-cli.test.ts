/** `tf backfill` as people use it: the real program against a server whose service has hourly times, and with no server at all. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { BackfillDetails, BackfillRequest, Backfills } from '../../src/engines/services/index.ts'
import type { MadeUpState } from '../../src/kernel/backfills.ts'
import { TaskflowsError, exitCodes } from '../../src/kernel/errors.ts'
import { bareEnvironment } from '../testbed/bare-environment.ts'
import { temporaryFolder } from '../testbed/temporary-folder.ts'
import { type MemorySubject, startMemorySubject } from './api-subject.ts'

// Each test starts several programs, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const program = fileURLToPath(new URL('../../src/faces/cli/main.ts', import.meta.url))
const hour = 3_600_000
const start = Date.UTC(2026, 0, 1)
const id = '019a9f00-1234-7abc-8def-0123456789ab'

const stack = new AsyncDisposableStack()
let server: MemorySubject
let home: string
let asked: BackfillRequest[] = []
/** Of the first times, when they are asked about. */
let ends: MadeUpState[] = []
beforeAll(async () => {
  home = stack.use(await temporaryFolder()).path
  server = stack.use(await startMemorySubject())
  server.security = { hmac: { enabled: false, secret: server.secret } }
  server.engines = { ...server.engines, backfills: hourly }
})
afterAll(() => stack.disposeAsync())

function details({ name, since, until, maxParallel, again }: BackfillRequest, states: readonly MadeUpState[]): BackfillDetails {
  const isOver = states.every((state) => state !== 'waiting' && state !== 'running')
  const counts = { waiting: 0, running: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 }
  for (const state of states) counts[state] += 1
  return {
    backfill: { id, host: 'db1', scope: 'user', service: name, origin: 'backfill', first: since, last: until, maxParallel, again, createdBy: 'host', createdAt: start, state: isOver ? 'done' : 'running', reason: null, endedAt: isOver ? start : null, counts },
    slots: states.map((state, at) => ({ slot: start + at * hour, state, startedAt: null, endedAt: null, reason: state === 'failed' ? 'exited with 3' : null })),
  }
}

/** Three times in any range, of which the first ran well. */
const hourly: Backfills = {
  plan: async (request) => {
    if (request.name !== 'report') throw new TaskflowsError('service.not_found', `There is no service ${request.name} on this host`)
    const slots = [0, 1, 2].map((at) => start + at * hour)
    return { ...request, scope: 'user', slots: request.again ? slots : slots.slice(1), leftOut: request.again ? [] : slots.slice(0, 1) }
  },
  start: async (plan) => {
    asked.push(plan)
    return details(plan, plan.slots.map(() => 'waiting'))
  },
  list: async () => asked.map((request) => details(request, ['succeeded', 'failed', 'waiting']).backfill),
  get: async () => details(asked.at(-1)!, ends),
  cancel: async () => details(asked.at(-1)!, ['running', 'cancelled']),
}

async function tf(args: readonly string[], env: Readonly<Record<string, string>> = { TASKFLOWS_SERVER: server.url }) {
  const child = spawn(process.execPath, ['--conditions=source', program, ...args], { env: { ...bareEnvironment, TASKFLOWS_HOME: home, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code as number, out, err }
}
const range = ['report', '--since', '2026-01-01T00:00:00Z', '--until', '2026-01-01T02:30:00Z']

test('what would run is shown, and then it runs', async () => {
  asked = []
  const { code, out, err } = await tf(['backfill', ...range, '--max-parallel', '2'])
  expect(err.split('\n').slice(0, 4)).toEqual([
    '  = 2026-01-01 00:00:00 UTC  ran well, left out', '  + 2026-01-01 01:00:00 UTC', '  + 2026-01-01 02:00:00 UTC', 'report would run 2 times, 2 at a time; 1 left out.',
  ])
  expect({ code, out }).toEqual({ code: 0, out: `backfill ${id} of report has begun: tf backfill show report ${id}\n` })
  expect(asked).toMatchObject([{ name: 'report', since: start, until: start + 2.5 * hour, maxParallel: 2, again: false }])
})

test('a dry run does nothing but say so', async () => {
  asked = []
  const { code, out } = await tf(['backfill', ...range, '--dry-run', '--again', '-o', 'json'])
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ id: null, state: 'planned', created: false, again: true, slots: [{ state: 'waiting' }, {}, {}] })
  expect(asked).toEqual([])
})

test.each<[number, string, MadeUpState[]]>([
  [exitCodes.ok, '2 succeeded', ['succeeded', 'succeeded']],
  [exitCodes.partial, '1 succeeded, 1 failed', ['succeeded', 'failed']],
  [exitCodes.error, '2 failed', ['failed', 'failed']],
])('who waits for the end gets its exit code: %d for %s', async (expected, said, states) => {
  ends = states
  const { code, out } = await tf(['backfill', ...range, '--yes', '--wait'])
  expect(code).toBe(expected)
  expect(out).toMatch(new RegExp(`^report  backfill\\n  id .*\\n[\\s\\S]*  times +${said}\\n`))
  if (states.includes('failed')) expect(out).toMatch(/2026-01-01 0\d:00:00 UTC  failed .*exited with 3/)
})

test('what was made up for is listed with how far it came, shown and cancelled', async () => {
  ends = ['succeeded', 'running']
  expect((await tf(['backfill', 'report'])).out).toMatch(new RegExp(`^ID +ORIGIN +STATE +TIMES +CREATED +ENDED\\n${id}  backfill  running  1 succeeded, 1 failed, 1 waiting `))
  expect((await tf(['backfill', 'show', 'report', id])).out).toMatch(/2026-01-01 01:00:00 UTC {2}running/)
  expect((await tf(['backfill', 'cancel', 'report', id])).out).toBe(`backfill ${id} of report is running: 1 cancelled, 1 running\n`)
})

test('what is wrong is named', async () => {
  expect(await tf(['backfill', 'report', '--since', '1d'])).toMatchObject({ code: exitCodes.usage, err: expect.stringContaining('--since and --until: expected both, got --since') })
  expect(await tf(['backfill', 'report', '--again'])).toMatchObject({ code: exitCodes.usage, err: expect.stringContaining('expected both, got neither') })
  expect(await tf(['backfill', 'report', '--since', '1d', '--until', '1h', '--max-parallel', '0'])).toMatchObject({ code: exitCodes.usage, err: expect.stringContaining('--max-parallel: expected a whole number from 1 to 50') })
  expect(await tf(['backfill', 'nobody', ...range.slice(1)])).toMatchObject({ code: exitCodes.notFound, err: expect.stringContaining('There is no service nobody') })
})

test('without a server it says how to have one', async () => {
  const { code, err } = await tf(['backfill', ...range], {})
  expect({ code, err }).toEqual({ code: exitCodes.notRunning, err: expect.stringMatching(/made up for by a server, and none runs\nhint: tf api start/) })
  expect((await tf(['backfill', 'report'], {})).code).toBe(exitCodes.notRunning)
  expect((await tf(['backfill', 'cancel', 'report', id], {})).code).toBe(exitCodes.notRunning)
})

test('the API answers 201 for what was made, 200 for a plan, and says what is wrong by field', async () => {
  const post = async (body: object) => {
    const answer = await fetch(`${server.url}/api/v1/services/report/backfills`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    return { status: answer.status, body: await answer.json() as Record<string, unknown> }
  }
  const given = { since: '2026-01-01T00:00:00Z', until: '2026-01-01T02:30:00+01:00' }
  expect(await post(given)).toMatchObject({ status: 201, body: { id, created: true, counts: { waiting: 2 } } })
  expect(await post({ ...given, dry_run: true })).toMatchObject({ status: 200, body: { id: null, state: 'planned' } })
  expect(await post({ since: given.since, max_parallel: 51 })).toMatchObject({ status: 422, body: { code: 'request.invalid', details: { fields: [{ path: 'until' }, { path: 'max_parallel' }] } } })
})
