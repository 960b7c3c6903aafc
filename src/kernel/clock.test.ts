import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from './clock.ts'

const day = 86_400_000

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

test('a timer wakes once, also after more time than setTimeout can hold', () => {
  const wake = vi.fn<() => void>()
  systemClock.timer(60 * day, wake)
  vi.advanceTimersByTime(60 * day - 1)
  expect(wake).not.toHaveBeenCalled()
  vi.advanceTimersByTime(60 * day)
  expect(wake).toHaveBeenCalledOnce()
})

test('a timer that was disposed of never wakes, whatever part of it has passed', () => {
  const wake = vi.fn<() => void>()
  const timers = [1, 60 * day].map((ms) => systemClock.timer(ms, wake))
  timers[0]![Symbol.dispose]()
  vi.advanceTimersByTime(30 * day)
  timers[1]![Symbol.dispose]()
  vi.advanceTimersByTime(60 * day)
  expect([wake.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0])
})

test('a sleep ends when its time is up or its signal aborts, and leaves nothing behind', async () => {
  const stop = new AbortController()
  const woken: string[] = []
  const asleep = [systemClock.sleep(1_000).then(() => woken.push('time')), systemClock.sleep(60 * day, stop.signal).then(() => woken.push('signal'))]
  await vi.advanceTimersByTimeAsync(1_000)
  expect(woken).toEqual(['time'])
  stop.abort()
  await Promise.all(asleep)
  await systemClock.sleep(60 * day, stop.signal)
  expect([woken, vi.getTimerCount()]).toEqual([['time', 'signal'], 0])
})
