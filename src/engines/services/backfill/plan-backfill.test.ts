import { describe, expect, test } from 'vitest'
import { serviceRun } from '../../../testing/service-run.ts'
import type { ServiceRun } from '../ledger/service-run.ts'
import type { Schedule } from '../service-definition.ts'
import { ranWell, timesOf } from './plan-backfill.ts'

const calendar = (schedule: string): Schedule => ({ kind: 'calendar', schedule, persistent: false, accuracy: 0.001 })
const at = (text: string): number => Date.parse(text)
const now = at('2026-11-21T12:00:00Z')
const times = (schedule: string, since: string, until: string) => timesOf('report', [calendar(schedule)], { since: at(since), until: at(until) }, now).map((time) => new Date(time).toISOString())

describe('the times of a range', () => {
  test('are those of the calendar, with both ends', () => {
    expect(times('*:00/20 UTC', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z')).toEqual(['2026-01-01T00:00:00.000Z', '2026-01-01T00:20:00.000Z', '2026-01-01T00:40:00.000Z', '2026-01-01T01:00:00.000Z'])
  })

  test('are in the zone of the calendar, and know when clocks change', () => {
    expect(times('*-*-* 02:30:00 Europe/Berlin', '2026-03-28T00:00:00Z', '2026-03-30T12:00:00Z')).toEqual(['2026-03-28T01:30:00.000Z', '2026-03-30T00:30:00.000Z'])
    expect(times('*-*-* 02:30:00 Europe/Berlin', '2026-10-24T12:00:00Z', '2026-10-25T12:00:00Z')).toEqual(['2026-10-25T00:30:00.000Z'])
  })

  test('come from every calendar of the service, once where they meet', () => {
    expect(timesOf('report', [calendar('*-*-* 00:00:00 UTC'), calendar('*-*-* 00/12:00:00 UTC')], { since: at('2026-01-01T00:00:00Z'), until: at('2026-01-01T23:00:00Z') }, now)).toEqual([at('2026-01-01T00:00:00Z'), at('2026-01-01T12:00:00Z')])
  })

  test('are not in the future, and the range is one', () => {
    expect(() => times('hourly', '2026-11-21T00:00:00Z', '2026-11-21T12:00:01Z')).toThrow(expect.objectContaining({ code: 'request.invalid', message: 'until: must not be in the future: it is 2026-11-21T12:00:00.000Z, got 2026-11-21T12:00:01.000Z' }))
    expect(() => times('hourly', '2026-11-21T02:00:00Z', '2026-11-21T01:00:00Z')).toThrow(expect.objectContaining({ code: 'request.invalid', message: expect.stringMatching(/^since: must not be after until/) }))
  })

  test('are at least one and at most 1000, by name and count', () => {
    expect(() => times('*-*-* 12:00:00 UTC', '2026-01-01T13:00:00Z', '2026-01-01T14:00:00Z')).toThrow(expect.objectContaining({ code: 'backfill.invalid', message: 'the schedule of report has no time from 2026-01-01T13:00:00.000Z to 2026-01-01T14:00:00.000Z' }))
    expect(times('minutely UTC', '2026-01-01T00:00:00Z', '2026-01-01T16:39:00Z')).toHaveLength(1000)
    expect(() => times('minutely UTC', '2026-01-01T00:00:00Z', '2026-01-01T16:40:00Z')).toThrow(expect.objectContaining({ code: 'backfill.invalid', message: expect.stringMatching(/^the schedule of report has 1001 times from .*: expected at most 1000$/) }))
    expect(() => times('*:*:* UTC', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z')).toThrow(/has more than 10000 times/)
  })
})

describe('a time ran well', () => {
  const [one, two, three] = [1, 2, 3].map((hour) => hour * 3_600_000) as [number, number, number]
  const run = (startedAt: number, changes: Partial<ServiceRun> = {}) => serviceRun({ startedAt, endedAt: startedAt + 1000, state: 'succeeded', ...changes })
  const ran = (...runs: readonly ServiceRun[]) => [...ranWell([one, two, three], runs, now)]

  test('at its time, or later but before the next', () => {
    expect(ran(run(one + 5), run(two + 600_000))).toEqual([one, two])
  })

  test('not when its run failed, was skipped, or never was', () => {
    expect(ran(run(one, { state: 'failed' }), run(two, { state: 'skipped' }))).toEqual([])
  })

  test('when it was missed and made up for, and then that is no run of another time', () => {
    const missed = serviceRun({ invocationId: null, state: 'missed', startedAt: null, slot: one, reason: 'host_down: the machine was down' })
    expect(ran(missed, run(three + 60_000, { slot: one }))).toEqual([])
    expect(ran(run(three + 60_000, { slot: one }))).toEqual([one])
    expect(ran(run(three + 60_000, { slot: one - 3_600_000 }))).toEqual([])
  })
})
