/** Spans as a real SDK gets them, of tasks and of jobs. */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { JobContext } from '../../engines/jobs/index.ts'
import { type TaskDefinition, type TaskRuntime, definitionOf, getCurrentRun, task, useRuntime, withinRun } from '../../engines/tasks/index.ts'
import { backgroundClock } from '../../kernel/clock.ts'
import { silentLog } from '../../kernel/observe/log.ts'
import type { Tracer } from '../../kernel/observe/tracing.ts'
import { findTracer } from './index.ts'
import { createTaskTracer } from './task-tracer.ts'
import { traceJobs } from './trace-jobs.ts'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const trace1 = '0af7651916cd43dd8448eb211c80319c'
const caller = `00-${trace1}-b7ad6b7169203331-01`

const withoutSdk = await findTracer()
let tracer: Tracer
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(provider)
  tracer = (await findTracer())!
})
afterAll(() => {
  trace.disable()
  context.disable()
})
afterEach(() => exporter.reset())

const runtime = (more: Partial<TaskRuntime> = {}): TaskRuntime => ({
  clock: backgroundClock, random: () => 0, log: silentLog, observers: new Set(), alerts: { send: () => {}, drain: async () => {} },
  runIsolated: () => Promise.reject(new Error('not here')), logLink: () => undefined, traceparent: undefined, correlationId: undefined,
  tracer: createTaskTracer(tracer), ...more,
})

const spanNamed = (name: string): ReadableSpan => exporter.getFinishedSpans().find((span) => span.name === name)!
const spansNamed = (name: string): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.name === name)
const traceparentOf = (span: ReadableSpan) => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`
const childOf = (child: ReadableSpan, parent: ReadableSpan) =>
  child.parentSpanContext?.spanId === parent.spanContext().spanId && child.spanContext().traceId === parent.spanContext().traceId

test('a process without an SDK has no tracer', () => {
  expect(withoutSdk).toBe(undefined)
})

describe('a run of a task', () => {
  test('is a span, and so is each attempt within it; what the function does is within the attempt', async () => {
    using _ = useRuntime(runtime())
    let seen: string | undefined
    let tries = 0
    const sync = task(async () => {
      await Promise.resolve()
      trace.getTracer('user').startSpan('inside').end()
      seen = getCurrentRun()?.traceparent
      if ((tries += 1) === 1) throw new TypeError('not yet')
    }, { name: 'sync', required: true, retries: { maxAttempts: 2, baseDelaySeconds: 0 } })
    await sync()
    const run = spanNamed('task sync')
    const [failed, succeeded] = spansNamed('task sync attempt')
    expect(run.parentSpanContext).toBe(undefined)
    expect(run.attributes).toMatchObject({
      'taskflows.task.name': 'sync', 'taskflows.run.id': expect.stringMatching(/^[0-9a-f-]{36}$/), 'taskflows.outcome': 'succeeded',
    })
    expect(run.status.code).toBe(SpanStatusCode.UNSET)
    expect([failed, succeeded].map((span) => [childOf(span!, run), span!.attributes['taskflows.attempt']])).toEqual([[true, 1], [true, 2]])
    expect(failed!.status).toEqual({ code: SpanStatusCode.ERROR, message: 'not yet' })
    expect(failed!.events).toMatchObject([{ name: 'exception', attributes: { 'exception.type': 'TypeError', 'exception.message': 'not yet' } }])
    expect(spansNamed('inside').map((span, at) => childOf(span, [failed, succeeded][at]!))).toEqual([true, true])
    expect(seen).toBe(traceparentOf(succeeded!))
  })

  test('that fails says so, and one that is called within another belongs to its attempt', async () => {
    using _ = useRuntime(runtime())
    const inner = task(() => { throw new RangeError('no') }, { name: 'inner' })
    await task(async () => { await inner() }, { name: 'outer' })()
    expect(childOf(spanNamed('task inner'), spanNamed('task outer attempt'))).toBe(true)
    expect(spanNamed('task inner').status).toEqual({ code: SpanStatusCode.ERROR, message: 'no' })
    expect(spanNamed('task inner').attributes).toMatchObject({ 'taskflows.outcome': 'failed', 'error.type': 'RangeError' })
    expect(spanNamed('task outer').status.code).toBe(SpanStatusCode.UNSET)
  })

  test('belongs to the span that is active, else to the trace of whoever started the process', async () => {
    using _ = useRuntime(runtime({ traceparent: caller }))
    const sync = task(() => {}, { name: 'sync' })
    await sync()
    expect(spanNamed('task sync').spanContext().traceId).toBe(trace1)
    expect(spanNamed('task sync').parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true })
    exporter.reset()
    const active = trace.getTracer('user').startSpan('request')
    await context.with(trace.setSpan(ROOT_CONTEXT, active), () => sync())
    expect(spanNamed('task sync').parentSpanContext?.spanId).toBe(active.spanContext().spanId)
  })

  test.each(['', 'nonsense', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, `ff-${trace1}-b7ad6b7169203331-01`])('begins a trace where the parent is %j', async (traceparent) => {
    using _ = useRuntime(runtime({ traceparent }))
    await task(() => {}, { name: 'sync' })()
    expect(spanNamed('task sync').parentSpanContext).toBe(undefined)
  })

  test('ends its spans also when what was thrown cannot be read', async () => {
    using _ = useRuntime(runtime())
    const sly = Object.defineProperty(new Error('x'), 'message', { get: () => { throw new Error('no') } })
    await task(() => { throw sly }, { name: 'sly' })()
    expect(spanNamed('task sly').status.message).toBe('what was thrown cannot be read')
  })
})

describe('an attempt at a job', () => {
  const jobContext = (signal = new AbortController().signal, traceparent: string | null = caller): JobContext => ({
    signal, parents: async () => [], completeInTransaction: async () => {},
    job: { id: 'j1', name: 'mail', queue: 'mails', tenant: 'acme', attempt: 2, correlationId: 'c1', traceparent },
  })
  const traced = (fn: (payload: unknown, context: JobContext) => unknown): TaskDefinition =>
    traceJobs(new Map([['mail', definitionOf(task(fn, { name: 'mail' })) as TaskDefinition]]), tracer).get('mail')!

  test('continues the trace of the job, and hands its own span on', async () => {
    const { signal } = new AbortController()
    const around = { id: 'j1', name: 'mail', attempt: 2, startedAt: 1, correlationId: 'c1', traceparent: caller, signal, log: silentLog, progress: () => {} }
    const handed = await withinRun(around, async () => traced(async (payload, { job }) => {
      await Promise.resolve()
      trace.getTracer('user').startSpan('inside').end()
      return [payload, job.traceparent, getCurrentRun()?.traceparent, getCurrentRun()?.id]
    }).fn({ to: 'me' }, jobContext()))
    const span = spanNamed('job mail')
    expect(handed).toEqual([{ to: 'me' }, traceparentOf(span), traceparentOf(span), 'j1'])
    expect(span.kind).toBe(SpanKind.CONSUMER)
    expect(span.parentSpanContext).toMatchObject({ traceId: trace1, spanId: 'b7ad6b7169203331', isRemote: true })
    expect(span.attributes).toMatchObject({ 'taskflows.task.name': 'mail', 'taskflows.job.id': 'j1', 'taskflows.attempt': 2, 'taskflows.queue': 'mails', 'taskflows.tenant': 'acme' })
    expect(childOf(spanNamed('inside'), span)).toBe(true)
  })

  test('has nothing to do with the span that happens to be active in the worker', () => {
    const active = trace.setSpan(ROOT_CONTEXT, trace.getTracer('user').startSpan('polling'))
    for (const traceparent of [caller, null]) context.with(active, () => traced(() => {}).fn(null, jobContext(undefined, traceparent)))
    expect(spansNamed('job mail').map((span) => span.parentSpanContext?.spanId)).toEqual(['b7ad6b7169203331', undefined])
  })

  test.each([
    ['throws', () => { throw new TypeError('no') }], ['rejects', () => Promise.reject(new TypeError('no'))],
  ])('that %s fails with the same error', async (_how, fail) => {
    await expect((async () => traced(fail).fn(null, jobContext()))()).rejects.toThrow(TypeError)
    expect(spanNamed('job mail')).toMatchObject({ status: { code: SpanStatusCode.ERROR, message: 'no' }, attributes: { 'error.type': 'TypeError' } })
  })

  test('that is told to stop ends then, whether or not the handler returns', async () => {
    const controller = new AbortController()
    traced(() => new Promise(() => {})).fn(null, jobContext(controller.signal))
    controller.abort(new Error('took too long'))
    expect(spanNamed('job mail').status.message).toBe('took too long')
  })
})
