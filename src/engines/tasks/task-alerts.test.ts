import { hostname } from 'node:os'
import { describe, expect, test } from 'vitest'
import { type DeliveryOptions, Destination } from '../../kernel/alerts/destination.ts'
import type { AlertChannel, AlertMessage } from '../../kernel/alerts/message.ts'
import { renderMarkdown } from '../../kernel/alerts/render-markdown.ts'
import { useTestRuntime } from '../../testing/task-runtime.ts'
import type { AlertDestination, ComposeAlert } from './runtime.ts'
import * as messages from './task-messages.ts'
import { type AlertEvent, Alerts, type AlertsInput } from './task-alerts.ts'
import { task } from './task.ts'

class Place extends Destination {
  readonly kind = 'test'
  readonly name: string
  constructor(name: string, options: DeliveryOptions = {}) {
    super(options)
    this.name = name
  }

  open(): AlertChannel { throw new Error('not opened here') }
}

const here = new Place('here')

/** A runtime that keeps what is sent, and says what was linked. */
function listen() {
  const sent: { readonly to: string; readonly message: AlertMessage }[] = []
  const alerts = { send: (destination: AlertDestination, compose: ComposeAlert) => void sent.push({ to: (destination as Place).name, message: compose(messages) }), drain: async () => {} }
  const logLink = ({ fromMs, toMs, errorsOnly }: { readonly fromMs: number; readonly toMs: number; readonly errorsOnly: boolean }) => `http://grafana/?from=${fromMs}&to=${toMs}&errors=${errorsOnly}`
  return { sent, ...useTestRuntime({ alerts, logLink }), subjects: () => sent.map(({ to, message }) => `${to}: ${message.subject}`) }
}

const textOf = (message: AlertMessage): string => renderMarkdown(message, { inlineTableMaxRows: 100, attachmentMaxBytes: 1_000_000 }).markdown

function failing(times: number) {
  let calls = 0
  return () => {
    if (++calls <= times) throw new RangeError(`failure ${calls}`)
    return { rows: 7 }
  }
}

describe('which events go where', () => {
  test('a bare destination is told of the start, each failed attempt and the end', async () => {
    const heard = listen()
    using _ = heard
    const called = task(failing(1), { name: 'import', retries: 1, alerts: here })()
    await heard.clock.advance(60_000)
    await called
    expect(heard.subjects()).toEqual(['here: Starting import', 'here: RangeError in import', 'here: import succeeded'])
  })

  test.each([
    [{ sendTo: here, sendOn: 'finish' }, ['here: import failed']],
    [{ sendTo: [here, new Place('there')], sendOn: ['error'] }, ['here: RangeError in import', 'there: RangeError in import']],
    [[here, new Alerts({ sendTo: new Place('there'), sendOn: 'start' })], ['here: Starting import', 'there: Starting import', 'here: RangeError in import', 'here: import failed']],
    [[{ sendTo: here, sendOn: ['start'] }, { sendTo: here, sendOn: ['finish'] }], ['here: Starting import', 'here: import failed']],
  ] as [AlertsInput, string[]][])('as asked for: %#', async (alerts, subjects) => {
    const heard = listen()
    using _ = heard
    await task(failing(9), { name: 'import', alerts })()
    expect(heard.subjects()).toEqual(subjects)
  })

  test('who asks for recovery notes is told of successes whatever else it is told', async () => {
    const heard = listen()
    using _ = heard
    const both = [here, new Place('recovery', { recovery: true })]
    await task(failing(0), { name: 'import', alerts: { sendTo: both, sendOn: 'error' } })()
    await task(failing(0), { name: 'import', alerts: { sendTo: both, sendOn: 'finish' } })()
    expect(heard.subjects()).toEqual(['recovery: import succeeded', 'here: import succeeded', 'recovery: import succeeded'])
  })

  test.each([
    [{ sendTo: here, sendOn: ['begin'] }, /`alerts\.sendOn` to be among start, error, finish, got "begin"/], [{ sendTo: 'slack' }, /`alerts\.sendTo` to be a destination/], ['#alerts', /`alerts` to be a destination.*"#alerts"/],
    [[], /`alerts`/], [{ sendTo: here, sendOn: [] }, /`alerts\.sendOn`/], [{ sendOn: 'error' }, /`alerts\.sendTo`/], [[here, 5], /`alerts`.*got 5/],
  ])('%o is refused at the definition', (alerts, expected) => {
    expect(() => task(failing(0), { name: 'import', alerts: alerts as never })).toThrow(expected)
  })
})

describe('what they say', () => {
  async function messagesOf(fn: () => unknown, retries = 0, sendOn: AlertEvent[] = ['start', 'error', 'finish']): Promise<AlertMessage[]> {
    const heard = listen()
    using _ = heard
    const called = task(fn, { name: 'import', retries, alerts: { sendTo: here, sendOn } })()
    await heard.clock.advance(60_000)
    await called
    return heard.sent.map(({ message }) => message)
  }

  test('the start names the task, the host and the run, never the arguments', async () => {
    const heard = listen()
    using _ = heard
    await task((password: string) => password.length, { name: 'login', alerts: { sendTo: here, sendOn: 'start' } })('planted-secret')
    const [{ message }] = heard.sent as [typeof heard.sent[number]]
    expect(message).toMatchObject({ severity: 'info', topic: 'login', data: { event: 'task.started', task_name: 'login', host: hostname(), task_id: expect.stringMatching(/^[0-9a-f-]{36}$/), started_at: '2030-01-01T00:00:00.000Z' } })
    expect(JSON.stringify(heard.sent)).not.toContain('planted')
  })

  test('a failed attempt names its error, the attempt, the next one, the stack and the errors in the log', async () => {
    const [first, second] = await messagesOf(failing(2), 1, ['error'])
    expect(first).toMatchObject({ subject: 'RangeError in import', severity: 'error', data: { event: 'task.attempt_failed', attempt: 1, max_attempts: 2, timed_out: false, error_type: 'RangeError', error_message: 'failure 1', retry_in_seconds: 1 } })
    const text = textOf(first!)
    for (const part of ['failure 1', '1 of 2', 'in 1 s', 'task-alerts.test.ts', 'errors=true']) expect(text).toContain(part)
    expect(second!.data).toMatchObject({ attempt: 2, retry_in_seconds: null })
  })

  test('a success tells its times, its attempts, its result and the errors before', async () => {
    const [end] = await messagesOf(failing(1), 1, ['finish'])
    expect(end).toMatchObject({ subject: 'import succeeded', severity: 'success', data: { event: 'task.finished', outcome: 'succeeded', attempts: 2, duration_seconds: 1, errors: ['RangeError: failure 1'] } })
    const text = textOf(end!)
    const start = Date.UTC(2030, 0, 1)
    for (const part of ['2030-01-01 00:00:00 UTC', '2030-01-01 00:00:01 UTC', '1 s', '2 of 2', '"rows": 7', 'RangeError: failure 1']) expect(text).toContain(part)
    expect(text).toMatch(new RegExp(`from=${start}&(amp;)?to=${start + 1000}`))
  })

  test('a failure has a line per error and no result; nothing returned has no result either', async () => {
    const [failed] = await messagesOf(failing(9), 2, ['finish'])
    expect(failed).toMatchObject({ subject: 'import failed', severity: 'error', data: { outcome: 'failed', errors: ['RangeError: failure 1', 'RangeError: failure 2', 'RangeError: failure 3'] } })
    expect(textOf(failed!)).not.toContain('Result')
    const [nothing] = await messagesOf(() => undefined, 0, ['finish'])
    expect(textOf(nothing!)).not.toContain('Result')
  })

  test('long errors and results are cut', async () => {
    const [error, end] = await messagesOf(() => { throw new Error('x'.repeat(100_000)) }, 0, ['error', 'finish'])
    expect((error!.data!['error_message'] as string).length).toBe(5001)
    expect((end!.data!['errors'] as string[])[0]!.length).toBe(501)
    let looked = 0
    const item = { toJSON: () => { looked += 1; return looked } }
    const [result] = await messagesOf(() => Array.from({ length: 100_000 }, () => item), 0, ['finish'])
    expect(textOf(result!).length).toBeLessThan(5000)
    expect(looked).toBeLessThan(5000)
  })

  const circular: { self?: unknown } = {}
  circular.self = circular
  test.each([
    ['a circle', circular], ['a big integer', { n: 10n ** 30n }], ['a proxy that throws', new Proxy({}, { get: (_, name) => { if (name !== 'then') throw new Error('no') }, ownKeys: () => { throw new Error('no') } })],
    ['toJSON that throws', { toJSON: () => { throw new Error('no') } }], ['a function', () => {}], ['a symbol', Symbol('s')], ['bytes', new Uint8Array(1_000_000)], ['no prototype', Object.create(null)],
  ])('a result or an error that is %s makes a message all the same', async (_name, value) => {
    const finished = await messagesOf(() => value, 0, ['finish'])
    expect(finished.map(({ subject }) => subject)).toEqual(['import succeeded'])
    const thrown = await messagesOf(() => { throw value }, 0, ['error', 'finish'])
    expect(thrown.length).toBe(2)
    for (const message of [...finished, ...thrown]) expect(textOf(message).length).toBeGreaterThan(10)
    expect(() => JSON.stringify(thrown)).not.toThrow()
  })

  test('a time-out and a cancellation are told as such', async () => {
    const heard = listen()
    using _ = heard
    const timedOut = task(() => new Promise(() => {}), { name: 'slow', timeout: 5, alerts: { sendTo: here, sendOn: 'finish' } })()
    await heard.clock.advance(5000)
    await timedOut
    const stop = new AbortController()
    const cancelled = task(() => new Promise(() => stop.abort()), { name: 'unwanted', signal: stop.signal, alerts: { sendTo: here, sendOn: 'finish' } })()
    await cancelled
    expect(heard.sent.map(({ message: { subject, severity } }) => ({ subject, severity }))).toEqual([{ subject: 'slow timed out', severity: 'error' }, { subject: 'unwanted was cancelled', severity: 'warning' }])
  })
})
