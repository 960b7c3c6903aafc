import { expect, test } from 'vitest'
import { openZone, zoneName } from './zone.ts'

const hour = 3_600_000_000
const us = (text: string): number => Date.parse(text) * 1000

test('the offset changes on the second', () => {
  const zone = openZone('America/New_York')
  expect(zone.offsetAt(us('2026-03-08T06:59:59Z'))).toBe(-5 * hour)
  expect(zone.offsetAt(us('2026-03-08T07:00:00Z'))).toBe(-4 * hour)
  expect(openZone('Australia/Lord_Howe').offsetAt(us('2026-01-01T00:00:00Z'))).toBe(11 * hour)
  expect(openZone('Asia/Kathmandu').offsetAt(us('2026-01-01T00:00:00Z'))).toBe(5.75 * hour)
})

test('a wall time has no instant in a gap, two in an overlap, else one', () => {
  const zone = openZone('Australia/Lord_Howe')
  expect(zone.instantsOf(us('2026-10-04T02:15:00Z'))).toEqual([])
  expect(zone.endOfGap(us('2026-10-04T02:15:00Z'))).toBe(us('2026-10-04T02:30:00Z'))
  expect(zone.instantsOf(us('2026-04-05T01:45:00Z'))).toEqual([us('2026-04-04T14:45:00Z'), us('2026-04-04T15:15:00Z')])
  expect(zone.instantsOf(us('2026-07-01T12:00:00Z'))).toEqual([us('2026-07-01T01:30:00Z')])
})

test('a day that a country left out is a gap of 24 hours', () => {
  const zone = openZone('Pacific/Apia')
  expect(zone.instantsOf(us('2011-12-30T12:00:00Z'))).toEqual([])
  expect(zone.endOfGap(us('2011-12-30T12:00:00Z'))).toBe(us('2011-12-31T00:00:00Z'))
})

test('wall times of New Year belong to the right year on both sides', () => {
  for (const name of ['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/New_York']) {
    const zone = openZone(name)
    for (const wall of [us('2026-12-31T23:59:59Z'), us('2027-01-01T00:00:00Z')]) {
      const [instant] = zone.instantsOf(wall)
      expect(instant! + zone.offsetAt(instant!)).toBe(wall)
    }
  }
})

test('changes are told with what was before and after', () => {
  expect(openZone('Europe/London').changes(us('2026-01-01T00:00:00Z'), us('2027-01-01T00:00:00Z'))).toEqual([
    { at: us('2026-03-29T01:00:00Z'), before: 0, after: hour },
    { at: us('2026-10-25T01:00:00Z'), before: hour, after: 0 },
  ])
  expect(openZone('UTC').changes(us('2000-01-01T00:00:00Z'), us('2050-01-01T00:00:00Z'))).toEqual([])
})

test('a zone is named as in the database; offsets and abbreviations are no names', () => {
  expect(['utc', 'UTC', 'europe/berlin', 'America/New_York', 'Asia/Katmandu', 'Etc/GMT+5'].map(zoneName)).toEqual(['UTC', 'UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Katmandu', 'Etc/GMT+5'])
  expect(['+05:00', 'EDT', 'Mars/Olympus', '../etc/passwd', 'right/UTC', '', 'Z'].map(zoneName)).toEqual(Array(7).fill(undefined))
})
