import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Format } from '../global-flags.ts'
import { mergedLines } from './merged-lines.ts'
import { type Output, createOutput } from './output.ts'

const plain = (_style: string, text: string) => text
const talk = { paint: plain, note: () => {}, warn: () => {}, progress: () => {} }

let printed: string
beforeEach(() => {
  printed = ''
  vi.useFakeTimers()
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed += String(text)), true))
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const merged = (format: Format, endless = false) => mergedLines(['web1', 'b'], createOutput({ format, noColor: true, talk, several: true }), endless)
const say = (output: Output, at: number) => output.item({ at: new Date(at).toISOString() }, { name: '', text: () => `at ${at}` })
/** All that can be done without time. */
const settled = () => vi.advanceTimersByTimeAsync(0)

test('lines stand in the order of their time, below each other, and a server without lines keeps none of them', async () => {
  const lines = merged('table')
  const from = async (host: string, ...times: readonly number[]) => {
    for (const at of times) await say(lines.outputOf(host), at)
    await lines.ended(host)
  }
  await Promise.all([from('web1', 2, 3, 6, 7), from('b', 1, 3, 4)])
  await lines.end()
  expect(printed).toBe('b     at 1\nweb1  at 2\nweb1  at 3\nb     at 3\nb     at 4\nweb1  at 6\nweb1  at 7\n')
})

test('a line waits for the server that may have an earlier one, and the server with the line waits too', async () => {
  const lines = merged('table')
  let asked = 0
  const first = (async () => {
    for (const at of [1, 2]) {
      asked += 1
      await say(lines.outputOf('web1'), at)
    }
  })()
  await settled()
  expect([printed, asked]).toEqual(['', 1])
  await lines.ended('b')
  await first
  expect([printed, asked]).toEqual(['web1  at 1\nweb1  at 2\n', 2])
})

test('programs get the name of the server with each line', async () => {
  const lines = merged('json')
  await Promise.all(['web1', 'b'].map(async (host, at) => {
    await say(lines.outputOf(host), 2 - at)
    await lines.ended(host)
  }))
  await lines.end()
  expect((JSON.parse(printed) as { items: object[] }).items).toEqual([{ server: 'b', at: '1970-01-01T00:00:00.001Z' }, { server: 'web1', at: '1970-01-01T00:00:00.002Z' }])
})

test('of lines that are followed those of about the same time change places, and none waits for long', async () => {
  const lines = merged('table', true)
  await say(lines.outputOf('web1'), 2)
  await say(lines.outputOf('b'), 1)
  await settled()
  expect(printed).toBe('')
  await vi.advanceTimersByTimeAsync(200)
  expect(printed).toBe('b     at 1\nweb1  at 2\n')
  await say(lines.outputOf('web1'), 3)
  await lines.end()
  expect(printed).toMatch(/at 3\n$/)
})

test('many that are followed are printed at once', async () => {
  const lines = merged('jsonl', true)
  const print = lines.outputOf('b').flow<{ at: string }>({ name: () => '', columns: [], empty: '' })
  await print(Array.from({ length: 1_000 }, (_, at) => ({ at: new Date(at).toISOString() })))
  expect(printed.split('\n')).toHaveLength(1_001)
})
