import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newId } from '../ids.ts'
import { partitionsAround } from './partitions.ts'

const dayMs = 86_400_000
const moments = fc.date({ min: new Date('2020-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }).map((date) => date.getTime())
const of = (table: 'jobs' | 'attempts' | 'runs' | 'events', now: number) => partitionsAround(now).filter((partition) => partition.table === table)

test('a partition is a week from Monday to Monday, named after its first day', () => {
  const sunday = Date.UTC(2026, 10, 22, 23, 59, 59, 999)
  const [lastWeek, thisWeek] = of('events', sunday)
  expect(lastWeek).toMatchObject({ name: 'events_20261109', from: '2026-11-09T00:00:00.000Z', to: '2026-11-16T00:00:00.000Z' })
  expect(thisWeek).toMatchObject({ name: 'events_20261116', from: '2026-11-16T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z' })
  expect(of('events', sunday + 1)[0]!.name).toBe('events_20261116')
})

test('ids of last week, of now and of 30 days ahead fit in, each into one partition', () => {
  // Ids never go back within a process, so the moments are tried in order.
  for (const now of fc.sample(moments, 200).toSorted((one, other) => one - other)) {
    const partitions = of('jobs', now)
    for (const ms of [now - 7 * dayMs, now, now + 30 * dayMs]) expect(partitions.filter(({ from, to }) => from <= idAt(ms) && idAt(ms) < to), new Date(now).toISOString()).toHaveLength(1)
  }
})

test('partitions touch without a gap, and all tables are cut alike', () => {
  fc.assert(fc.property(moments, (now) => {
    for (const table of ['jobs', 'attempts', 'runs', 'events'] as const) {
      const partitions = of(table, now)
      expect(partitions.slice(1).map(({ from }) => from)).toEqual(partitions.slice(0, -1).map(({ to }) => to))
      expect(partitions.map(({ name }) => name.replace(table, ''))).toEqual(of('jobs', now).map(({ name }) => name.replace('jobs', '')))
    }
  }))
})

/** An id of that moment, whatever ids were made before. */
function idAt(ms: number): string {
  const time = ms.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}${newId(0).slice(13)}`
}
