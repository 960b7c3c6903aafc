import { expect, test } from 'vitest'
import type { NewBackfill } from '../../../kernel/backfills.ts'
import { FakeClock } from '../../../testing/fake-clock.ts'
import { testLifecycle } from '../../../testing/lifecycle-suite.ts'
import { serviceRun } from '../../../testing/service-run.ts'
import type { ServiceRun } from '../ledger/service-run.ts'
import type { ScheduledService } from '../slots/scheduled-services.ts'
import { createCatchUp, downTimes } from './catch-up.ts'

const minute = 60_000
const start = Date.UTC(2026, 10, 21)
const missed = (slot: number, reason = 'host_down: the machine was down'): ServiceRun => serviceRun({ invocationId: null, state: 'missed', startedAt: null, slot, reason })

function world(runs: ServiceRun[], changes: Partial<ScheduledService> = {}) {
  const clock = new FakeClock(start)
  const added: NewBackfill[] = []
  const told: string[] = []
  const service: ScheduledService = {
    name: 'web', scope: 'user', unit: 'taskflows-web.service', overlap: 'queue', since: 0, catchUpMs: 86_400_000, service: undefined, timer: undefined,
    schedules: [{ kind: 'calendar', schedule: 'minutely UTC', persistent: false, accuracy: 0.001 }], ...changes,
  }
  const catchUp = createCatchUp({
    host: 'db1', clock, scheduled: async () => [service],
    ledger: { between: async (_key, from, until) => runs.filter(({ slot, startedAt }) => (startedAt ?? slot)! >= from && (startedAt ?? slot)! < until) },
    store: {
      addCatchUp: async (backfill) => {
        const known = new Set(added.flatMap(({ slots }) => slots))
        const slots = backfill.slots.filter((slot) => !known.has(slot))
        if (slots.length > 0) added.push({ ...backfill, slots })
        return slots.length
      },
    },
    onCaught: ({ name }, count, of) => { told.push(`${name} ${count} of ${of}`) },
    onTrouble: (error) => { throw error },
  })
  return { clock, added, told, catchUp }
}

testLifecycle(() => world([]).catchUp)

test('what was missed because the machine or its systemd was down is made up for, and nothing else', () => {
  const causes = ['host_down', 'systemd_down', 'timer_off', 'condition', 'overlap', 'random_delay', 'unknown']
  expect(downTimes([...causes.map((cause, at) => missed(at, `${cause}: so it was`)), { ...missed(9), state: 'skipped' }])).toEqual([0, 1])
})

test('each time once, the oldest first, one after the other', async () => {
  const { clock, added, told, catchUp } = world([missed(start - minute), missed(start - 3 * minute), missed(start - 2 * minute)])
  await using _ = catchUp
  await catchUp.start()
  await clock.advance(3 * minute)
  catchUp.changed()
  await clock.advance(minute)
  expect(added.map(({ slots, origin, maxParallel }) => ({ slots, origin, maxParallel }))).toEqual([{ slots: [3, 2, 1].map((ago) => start - ago * minute), origin: 'catch_up', maxParallel: 1 }])
  expect(told).toEqual(['web 3 of 3'])
})

test('what is told of is looked for at once', async () => {
  const runs: ServiceRun[] = []
  const { clock, added, catchUp } = world(runs)
  await using _ = catchUp
  await catchUp.start()
  await clock.advance(1000)
  runs.push(missed(start - minute))
  catchUp.changed()
  await clock.advance(1)
  expect(added).toHaveLength(1)
})

test('no further back than its window, nor than its present version', async () => {
  const runs = [missed(start - 120 * minute), missed(start - 30 * minute), missed(start - minute)]
  for (const changes of [{ catchUpMs: 60 * minute }, { since: start - 60 * minute }]) {
    const { clock, added, catchUp } = world(runs, changes)
    await using _ = catchUp
    await catchUp.start()
    await clock.advance(1)
    expect(added.flatMap(({ slots }) => slots)).toEqual([start - 30 * minute, start - minute])
  }
})

test('of very many the latest 1000, and never the others later', async () => {
  const { clock, added, told, catchUp } = world(Array.from({ length: 1_400 }, (_, at) => missed(start - (at + 1) * minute)), { catchUpMs: 2 * 86_400_000 })
  await using _ = catchUp
  await catchUp.start()
  await clock.advance(5 * minute)
  expect(added).toHaveLength(1)
  expect(added[0]!.slots).toHaveLength(1000)
  expect(added[0]!.slots.at(-1)).toBe(start - minute)
  expect(told).toEqual(['web 1000 of 1400'])
})

test('a service that does not want it is left alone', async () => {
  const { clock, added, catchUp } = world([missed(start - minute)], { catchUpMs: null })
  await using _ = catchUp
  await catchUp.start()
  await clock.advance(minute)
  expect(added).toEqual([])
})
