/** When a keeper renews, and what it tells its worker. */
import { describe, expect, test } from 'vitest'
import type { Database } from '../../kernel/database/database.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { type FromKeeper, createLeaseKeeper, pulseBytes, sharedPulse, shouldRenew } from './lease-keeper.ts'

describe('a worker whose event loop', () => {
  test('turns keeps its leases, whatever its handlers do', () => {
    expect(shouldRenew({ turned: 10_000, deadline: 0 }, 12_000)).toBe(true)
  })

  test('is blocked keeps them until the time-outs of its handlers are over, and a little longer', () => {
    expect(shouldRenew({ turned: 10_000, deadline: 20_000 }, 19_000)).toBe(true)
    expect(shouldRenew({ turned: 10_000, deadline: 20_000 }, 23_000)).toBe(false)
  })

  test('is blocked by a handler without a time-out keeps them', () => {
    expect(shouldRenew({ turned: 10_000, deadline: Infinity }, 1e12)).toBe(true)
  })

  test('is blocked while nothing runs loses them', () => {
    expect(shouldRenew({ turned: 10_000, deadline: 0 }, 14_000)).toBe(false)
  })
})

describe('a keeper', () => {
  test('renews what it was told to hold and not what it was told to drop, and passes on what is lost or cancelled', async () => {
    const { clock, keeper, renewed, told, answer } = subject()
    keeper.hear({ kind: 'hold', lease: 'a' })
    keeper.hear({ kind: 'hold', lease: 'b' })
    await clock.advance(2_500)
    keeper.hear({ kind: 'drop', leases: ['a'] })
    answer.lost = ['b']
    answer.cancelled = ['b 1']
    await clock.advance(2_500)
    answer.lost = answer.cancelled = []
    await clock.advance(2_500)
    keeper.hear({ kind: 'stop' })
    await keeper.done
    expect(renewed).toEqual([[], ['a', 'b'], ['b']])
    expect(told).toEqual([{ kind: 'beat', lost: ['b'], cancelled: ['b 1'] }])
  })

  test('of an idle worker says every 15 s that it is there', async () => {
    const { clock, keeper, renewed } = subject()
    await clock.advance(30_000)
    keeper.hear({ kind: 'stop' })
    await keeper.done
    expect(renewed).toEqual([[], [], []])
  })

  test('goes on after trouble, and tells of it', async () => {
    const { clock, keeper, renewed, told, answer } = subject()
    keeper.hear({ kind: 'hold', lease: 'a' })
    answer.fails = true
    await clock.advance(2_500)
    answer.fails = false
    await clock.advance(2_500)
    keeper.hear({ kind: 'stop' })
    await keeper.done
    expect(told).toEqual([{ kind: 'trouble', message: 'away' }])
    expect(renewed.at(-1)).toEqual(['a'])
  })
})

/** A keeper over a database that answers what the test says. */
function subject() {
  const clock = new FakeClock()
  const answer = { lost: [] as string[], cancelled: [] as string[], fails: false }
  const renewed: string[][] = []
  const told: FromKeeper[] = []
  const database = {
    query: async (_statement: unknown, [, leases]: [string, string[]]) => {
      if (answer.fails) throw new Error('away')
      renewed.push(leases)
      return [{ lost: answer.lost, cancelled: answer.cancelled }]
    },
  } as unknown as Database
  const pulse = sharedPulse(new SharedArrayBuffer(pulseBytes))
  pulse.turned = Infinity
  const keeper = createLeaseKeeper({ database, clock, worker: 'w', pulse, tell: (message) => told.push(message) })
  return { clock, keeper, renewed, told, answer }
}
