import { expect, test } from 'vitest'
import { claimQueue, comparePlaces, noteClaim, placeToClaim, wakeQueue } from './claim-queue.ts'
import { fromTheStart } from './sql/claim.ts'

const place = (tag: number, rank = 0, id = '0190') => ({ rank, tag, id })
const now = 1_000_000

test('a claim goes on behind the last row of a full one', () => {
  const queue = claimQueue('q')
  const from = placeToClaim(queue, now)
  expect(from).toMatchObject(fromTheStart)
  noteClaim(queue, from, 2, [place(1), place(2)])
  expect(placeToClaim(queue, now + 10)).toMatchObject(place(2))
  expect(queue.dry).toBe(false)
})

test('a claim starts from the start again after a second, so that late commits and higher priorities are seen', () => {
  const queue = claimQueue('q')
  noteClaim(queue, placeToClaim(queue, now), 1, [place(1)])
  expect(placeToClaim(queue, now + 999)).toMatchObject(place(1))
  expect(placeToClaim(queue, now + 1_000)).toMatchObject(fromTheStart)
})

test('only a claim from the start says that there is nothing left', () => {
  const queue = claimQueue('q')
  noteClaim(queue, placeToClaim(queue, now), 1, [place(1)])
  noteClaim(queue, placeToClaim(queue, now), 5, [place(2)])
  expect(queue.dry).toBe(false)
  noteClaim(queue, placeToClaim(queue, now), 5, [place(3)])
  expect(queue.dry).toBe(true)
  expect(queue.mark).toBe(fromTheStart)
})

test('a notification ends the drought and starts from the start', () => {
  const queue = claimQueue('q')
  noteClaim(queue, placeToClaim(queue, now), 5, [])
  wakeQueue(queue)
  expect(queue.dry).toBe(false)
  expect(placeToClaim(queue, now)).toMatchObject(fromTheStart)
})

test('a notification that comes while a claim is under way is not lost', () => {
  for (const rows of [[], [place(7)]]) {
    const queue = claimQueue('q')
    const from = placeToClaim(queue, now)
    wakeQueue(queue)
    // What it tells of may have been committed after that claim looked.
    noteClaim(queue, from, Math.max(rows.length, 1), rows)
    expect(queue.dry).toBe(false)
    expect(placeToClaim(queue, now + 10)).toMatchObject(fromTheStart)
  }
})

test('claim order is rank, then tag, then id', () => {
  const places = [place(5, 1), place(9, -32_768), place(1), place(1, 0, '018f'), place(0, 32_768)]
  expect(places.toSorted(comparePlaces)).toEqual([place(9, -32_768), place(1, 0, '018f'), place(1), place(5, 1), place(0, 32_768)])
})
