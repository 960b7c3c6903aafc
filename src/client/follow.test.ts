import { expect, test } from 'vitest'
import type { StreamBatch } from '../contract/operation.ts'
import { TaskflowsError } from '../kernel/errors.ts'
import { follow } from './follow.ts'

const batch = (...cursors: string[]): StreamBatch<unknown> => ({ items: cursors.map((cursor) => ({ cursor, item: cursor })), cursor: `${cursors.at(-1) ?? 'start'}+` })

/** Connections that end one after the other; the last one stays. Tells what each was asked for. */
function connections(...each: readonly (readonly (StreamBatch<unknown> | Error)[])[]) {
  const asked: Record<string, unknown>[] = []
  const connect = async function* (input: unknown): AsyncGenerator<StreamBatch<unknown>> {
    asked.push(input as Record<string, unknown>)
    for (const step of each[asked.length - 1] ?? []) {
      if (step instanceof Error) throw step
      yield step
    }
    if (asked.length >= each.length) await new Promise(() => {})
  }
  return { asked, connect }
}

test('the next connection goes on behind the last item, or behind the last place that was told', async () => {
  const { asked, connect } = connections([batch(), batch('a', 'b')], [batch(), new TaskflowsError('database.unreachable', 'away')], [batch('c')])
  const told: string[] = []
  const events = follow(connect, { type: 'job.*' }, { onBreak: () => told.push('break'), onMended: () => told.push('mended') })
  const got = [await events.next(), await events.next(), await events.next()].map(({ value }) => value?.item)
  expect(got).toEqual(['a', 'b', 'c'])
  expect(asked).toEqual([{ type: 'job.*' }, { type: 'job.*', cursor: 'b+' }, { type: 'job.*', cursor: 'start+' }])
  expect(told).toEqual(['break', 'mended', 'break', 'mended'])
})

test('what the first connection throws is thrown, and later what another try cannot mend', async () => {
  const away = new TaskflowsError('server.unreachable', 'away')
  await expect(follow(connections([away]).connect, {}, {}).next()).rejects.toBe(away)
  const gone = new TaskflowsError('cursor.gone', 'gone')
  const events = follow(connections([batch('a')], [gone]).connect, {}, {})
  await events.next()
  await expect(events.next()).rejects.toBe(gone)
})

test('a server with too many streams is asked again', async () => {
  const { connect } = connections([batch('a')], [new TaskflowsError('server.too_many_streams', 'full')], [batch('b')])
  const events = follow(connect, {}, {})
  expect([(await events.next()).value?.item, (await events.next()).value?.item]).toEqual(['a', 'b'])
})

test('how long ago the start is does not move when it connects again', async () => {
  const { asked, connect } = connections([batch('a')], [batch('b')])
  const events = follow(connect, { since: '1h' }, {})
  await events.next()
  await events.next()
  expect(Date.now() - Date.parse(String(asked[0]!['since']))).toBeGreaterThanOrEqual(3_600_000)
  expect(asked[1]!['since']).toBe(asked[0]!['since'])
})

test('an aborted one ends without an error', async () => {
  const over = new AbortController()
  const events = follow(connections([batch('a')], []).connect, {}, { signal: over.signal, onBreak: () => over.abort() })
  await events.next()
  expect(await events.next()).toEqual({ done: true, value: undefined })
})

test('a stream that the server says is over is not asked for again', async () => {
  const { asked, connect } = connections([batch('a'), { ...batch('b'), last: true }], [batch('c')])
  const got: unknown[] = []
  for await (const { item } of follow(connect, {}, { onBreak: () => got.push('break') })) got.push(item)
  expect([got, asked.length]).toEqual([['a', 'b'], 1])
})
