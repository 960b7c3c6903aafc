import { expect, test } from 'vitest'
import { FakeClock } from '../../../testing/fake-clock.ts'
import { testLifecycle } from '../../../testing/lifecycle-suite.ts'
import { serviceRunId } from '../../../kernel/service-run-id.ts'
import type { ServiceRun } from '../ledger/service-run.ts'
import type { UnitDetails } from '../service-manager.ts'
import type { ScheduledService } from './scheduled-services.ts'
import { type SlotWatchParts, createSlotWatch } from './watch-slots.ts'

const start = Date.UTC(2030, 0, 1)
const second = 1000

const unit = (name: string, changes: Partial<UnitDetails> = {}): UnitDetails => ({
  unit: name, description: '', loadState: 'loaded', activeState: 'inactive', subState: 'dead', unitFileState: '', result: 'success', mainPid: null, exitCode: null, exitSignal: null, restarts: 0,
  statusText: null, invocationId: null, startedAt: null, endedAt: null, activeSince: null, nextElapseAt: null, lastTriggerAt: null, memoryBytes: null, memoryPeakBytes: null, cpuSeconds: null,
  tasks: null, conditionsMet: true, needsReload: false, dropIns: [], ...changes,
})

/** A host with one service, each 10 s, and its ledger in memory. */
function world(changes: Partial<ScheduledService> = {}) {
  const clock = new FakeClock(start)
  const runs: ServiceRun[] = []
  const told: string[] = []
  /** What systemd wrote and nobody has told the ledger yet. */
  const journal: ServiceRun[] = []
  const asked = { ledger: 0, outages: 0, journal: 0 }
  let kept: string | null = null
  let isThere = true
  let service: ScheduledService = {
    name: 'report', scope: 'user', unit: 'taskflows-report.service', overlap: 'queue', since: start - second, catchUpMs: null, schedules: [{ kind: 'calendar', schedule: '*:*:0/10 UTC', persistent: false, accuracy: 0.001 }],
    service: unit('taskflows-report.service'), timer: unit('taskflows-report.timer', { activeState: 'active', activeSince: start - second }), ...changes,
  }
  const run = (startedAt: number, endedAt: number | null, more: Partial<ServiceRun> = {}): ServiceRun => ({
    host: 'db1', scope: 'user', service: 'report', invocationId: String(startedAt), state: endedAt === null ? 'running' : 'succeeded', startedAt, endedAt, result: null, exitCode: null, exitSignal: null,
    cpuSeconds: null, memoryPeakBytes: null, slot: null, reason: null, ...more,
  })
  const parts: SlotWatchParts = {
    host: 'db1', reader: 'slots db1/0', clock, scheduled: async () => (isThere ? [service] : []),
    caughtUp: async (moment) => {
      if (moment === undefined) return
      asked.journal += 1
      runs.push(...journal.splice(0))
    },
    managerSince: async () => start - 5 * second,
    outages: async () => { asked.outages += 1; return [] },
    ledger: {
      record: async (rows) => rows.filter((row) => {
        const known = runs.findIndex((run) => serviceRunId(run) === serviceRunId(row))
        if (known >= 0) runs[known] = { ...runs[known]!, slot: row.slot }
        else runs.push(row)
        return known < 0
      }),
      between: async (_key, from, until) => { asked.ledger += 1; return runs.filter(({ startedAt, slot }) => (startedAt ?? slot!) >= from && (startedAt ?? slot!) < until) },
      position: async () => kept, keepPosition: async (_reader, place) => { kept = place },
    },
    onSlots: (slots) => told.push(...slots.map(({ slot, verdict, cause }) => `${(slot - start) / second} ${verdict} ${cause}`)),
    onTrouble: (error) => { throw error },
  }
  return {
    clock, runs, journal, told, asked, run, kept: () => kept, watch: createSlotWatch(parts), again: () => createSlotWatch(parts),
    leave: () => { isThere = false },
    become: (more: Partial<ScheduledService>) => { service = { ...service, ...more } },
  }
}

testLifecycle(() => world().watch)

test('a run that signals told of is on time, and after the first the ledger is not asked', async () => {
  const { clock, told, asked, runs, run, watch, become } = world()
  await using _ = watch
  await watch.start()
  runs.push(run(start + 10 * second + 5, start + 10 * second + 9))
  for (const at of [10, 20, 30]) {
    await clock.advance(start + at * second + 10 - clock.now())
    become({ service: unit('taskflows-report.service', { invocationId: String(start + at * second + 5), startedAt: start + at * second + 5, endedAt: start + at * second + 9 }) })
  }
  await clock.advance(6 * second)
  expect(told).toEqual(['10 on_time none', '20 on_time none', '30 on_time none'])
  expect(asked.ledger).toBe(1)
})

test('a run whose program began within the next slot is none for that one', async () => {
  const { clock, told, runs, run, watch, become } = world({ schedules: [{ kind: 'calendar', schedule: '*:*:0/4 UTC', persistent: false, accuracy: 0.001 }] })
  await using _ = watch
  await watch.start()
  const late = run(start + 7_950, start + 8_200)
  runs.push(late)
  await clock.advance(8_500)
  become({ service: unit('taskflows-report.service', { invocationId: late.invocationId, startedAt: start + 8_010, endedAt: start + 8_200 }) })
  await clock.advance(5_000)
  expect(told).toEqual(['4 on_time none', '8 skipped overlap'])
})

test('a run that came for the next slot is none for this one', async () => {
  const { clock, told, runs, run, watch, become } = world({ schedules: [{ kind: 'calendar', schedule: '*:*:0/4 UTC', persistent: false, accuracy: 0.001 }] })
  await using _ = watch
  await watch.start()
  runs.push(run(start + 4 * second, start + 11 * second), run(start + 12 * second, start + 13 * second))
  await clock.advance(12_500)
  become({ service: unit('taskflows-report.service', { startedAt: start + 12 * second, endedAt: start + 13 * second }) })
  await clock.advance(2 * second)
  expect(told).toEqual(['4 on_time none', '8 skipped overlap'])
})

test('what does not come is overdue, once, and missed with the next slot', async () => {
  const { clock, told, runs, watch } = world()
  await using _ = watch
  await watch.start()
  await clock.advance(16 * second)
  expect(told).toEqual(['10 overdue unknown'])
  await clock.advance(60 * second)
  expect(told.filter((line) => line.startsWith('10 '))).toEqual(['10 overdue unknown', '10 missed unknown'])
  expect(runs).toContainEqual(expect.objectContaining({ state: 'missed', slot: start + 10 * second, reason: 'unknown: nothing began, and nothing tells why' }))
})

test('an overdue run that begins after all is late', async () => {
  const { clock, told, runs, run, watch } = world({ schedules: [{ kind: 'calendar', schedule: '*:00/10:10 UTC', persistent: false, accuracy: 0.001 }] })
  await using _ = watch
  await watch.start()
  await clock.advance(42 * second)
  runs.push(run(start + 40 * second, start + 41 * second))
  watch.changed()
  await clock.advance(60 * second)
  expect(told).toEqual(['10 overdue unknown', '10 late unknown'])
  expect(runs[0]!.slot).toBe(start + 10 * second)
})

test('slots within a run are skipped, and what waits for its end is late', async () => {
  const { clock, told, runs, run, watch } = world()
  await using _ = watch
  await watch.start()
  runs.push(run(start + 10 * second, null))
  await clock.advance(36 * second)
  runs[0] = run(start + 10 * second, start + 36 * second)
  runs.push(run(start + 36 * second, start + 37 * second))
  await clock.advance(5 * second)
  watch.changed()
  await clock.advance(2 * second)
  expect(told).toEqual(['10 on_time none', '20 skipped overlap', '30 late overlap'])
})

test('each start that a condition forbade is that of its slot, and is there once', async () => {
  const { clock, told, runs, journal, run, watch } = world({ schedules: [{ kind: 'calendar', schedule: '*:*:0/2 UTC', persistent: false, accuracy: 0.001 }] })
  await using _ = watch
  await watch.start()
  for (const at of [2, 4, 6, 8, 10, 12, 14]) {
    journal.push(run(start + at * second + 3, null, { invocationId: null, state: 'skipped', reason: 'not met: ConditionMemory=>=1' }))
    await clock.advance(start + at * second + 500 - clock.now())
  }
  await clock.advance(1_500)
  expect(told).toEqual(['2 skipped condition', '4 skipped condition', '6 skipped condition', '8 skipped condition', '10 skipped condition'])
  expect(runs.filter(({ slot }) => slot !== null).map(({ slot, state, reason }) => [slot! - start, state, reason])).toEqual([2, 4, 6, 8, 10].map((at) => [at * second, 'skipped', 'not met: ConditionMemory=>=1']))
  expect(runs).toHaveLength(7)
})

test('the journal is asked only about what nothing explains, and once about each', async () => {
  const { clock, told, runs, run, asked, watch } = world({ schedules: [{ kind: 'calendar', schedule: '*:00/10:10,20 UTC', persistent: false, accuracy: 0.001 }] })
  await using _ = watch
  await watch.start()
  runs.push(run(start + 10 * second, start + 11 * second))
  await clock.advance(24 * second)
  expect(asked.journal).toBe(0)
  await clock.advance(2 * second)
  expect(asked.journal).toBe(1)
  await clock.advance(150 * second)
  expect(asked.journal).toBe(1)
  expect(told).toEqual(['10 on_time none', '20 overdue unknown'])
})

test('of a timer that is off the first slot is told, and no more', async () => {
  const { clock, told, watch } = world({ timer: unit('taskflows-report.timer') })
  await using _ = watch
  await watch.start()
  await clock.advance(120 * second)
  expect(told).toEqual(['10 missed timer_off'])
})

test('a period is overdue when nothing began since the last run', async () => {
  const { clock, told, watch } = world({ schedules: [{ kind: 'periodic', startOn: 'boot', period: 30, relativeTo: 'start', accuracy: 0.001 }], service: unit('taskflows-report.service', { startedAt: start + second, endedAt: start + 2 * second }) })
  await using _ = watch
  await watch.start()
  await clock.advance(90 * second)
  expect(told).toEqual(['31 overdue unknown'])
})

test('a server that was away judges what came meanwhile, and tells nothing twice', async () => {
  const { clock, told, watch, again, runs } = world()
  await watch.start()
  await clock.advance(100 * second)
  await watch.stop()
  const before = told.filter((line) => line.includes('missed')).length
  await clock.advance(100 * second)
  await using nextWatcher = again()
  await nextWatcher.start()
  await clock.advance(30 * second)
  const missed = told.filter((line) => line.includes('missed'))
  expect(missed.length).toBeGreaterThan(before + 9)
  expect(new Set(missed).size).toBe(missed.length)
  expect(runs.filter(({ state }) => state === 'missed')).toHaveLength(missed.length)
})

test('a server that is killed before it had any services has told the next where to begin', async () => {
  const { clock, watch, kept, leave } = world()
  leave()
  await using _ = watch
  await watch.start()
  await clock.advance(second)
  expect(kept()).toBe(String(start))
})

test('slots of a schedule that was changed are those of the new one, from then on', async () => {
  const { clock, told, watch, become } = world()
  await using _ = watch
  await watch.start()
  await clock.advance(16 * second)
  become({ since: start + 18 * second, schedules: [{ kind: 'calendar', schedule: '*:*:25 UTC', persistent: false, accuracy: 0.001 }] })
  watch.changed()
  await clock.advance(30 * second)
  expect(told).toEqual(['10 overdue unknown', '25 overdue unknown'])
})
