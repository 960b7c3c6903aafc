import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ClaimedJob, HeldLease } from './claimed-job.ts'
import { type Delivery, type Ended, Outbox, settlementColumns, successColumns } from './outbox.ts'

test('the statement that writes the last end of a lease closes it', () => {
  const { outbox, lease, jobs } = leaseOf(2)
  outbox.put(succeeded(jobs[0]!))
  const first = outbox.takeSuccesses()
  expect(first.close).toEqual([])
  outbox.delivered(first)
  outbox.put(succeeded(jobs[1]!))
  expect(outbox.takeSuccesses().close).toEqual([lease])
})

test('a lease is not closed while another statement writes ends of it, but after that', () => {
  const { outbox, lease, jobs } = leaseOf(2)
  outbox.put(succeeded(jobs[0]!))
  const slow = outbox.takeSuccesses()
  outbox.put(failed(jobs[1]!))
  const fast = outbox.takeOthers()
  expect([...slow.close, ...fast.close]).toEqual([])
  outbox.delivered(fast)
  expect(outbox.hasSuccesses).toBe(false)
  outbox.delivered(slow)
  expect(outbox.hasSuccesses).toBe(true)
  expect(outbox.takeSuccesses()).toMatchObject({ ends: [], close: [lease] })
})

test('a lease whose jobs were all given back is closed by the next statement', () => {
  const { outbox, lease } = leaseOf(3)
  outbox.drop(lease, 2)
  expect(outbox.isEmpty).toBe(true)
  outbox.drop(lease, 1)
  expect(outbox.takeSuccesses().close).toEqual([lease])
  expect(outbox.isEmpty).toBe(true)
})

test('a lease that the database has forgotten is not closed', () => {
  const { outbox, lease } = leaseOf(1)
  lease.lost = true
  outbox.drop(lease, 1)
  expect(outbox.isEmpty).toBe(true)
})

test('ends that were not written wait again, before those that came later', () => {
  const { outbox, lease, jobs } = leaseOf(3)
  const ends = jobs.map(succeeded)
  outbox.put(ends[0]!)
  outbox.put(ends[1]!)
  const broken = outbox.takeSuccesses()
  outbox.put(ends[2]!)
  outbox.returned(broken, [ends[1]!])
  const again = outbox.takeSuccesses()
  expect(again.ends).toEqual([ends[1], ends[2]])
  expect(again.close).toEqual([lease])
})

test('a closing that was not carried out is tried again', () => {
  const { outbox, lease, jobs } = leaseOf(1)
  const [end] = jobs.map(succeeded)
  outbox.put(end!)
  const broken = outbox.takeSuccesses()
  outbox.returned(broken, [])
  expect(outbox.takeSuccesses()).toMatchObject({ ends: [], close: [lease] })
})

/** What a worker may do, in any order, drawn as numbers. */
const deeds = fc.array(fc.record({ kind: fc.constantFrom('succeed', 'fail', 'drop', 'takeSuccesses', 'takeOthers', 'delivered', 'returned', 'partly'), pick: fc.nat() }), { maxLength: 120 })

test('whatever happens in whatever order, no lease is closed under an end that is not written, and each is closed at last', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }), deeds, (sizes, turns) => {
    const outbox = new Outbox()
    const leases = sizes.map((size, at) => newLease(`lease ${at}`, size))
    const open = leases.flatMap((lease, at) => jobsOf(lease, sizes[at]!))
    const unwritten = new Set<Ended>()
    const underWay: Delivery[] = []
    const closed = new Set<HeldLease>()

    const take = (delivery: Delivery): void => {
      const sent = new Set(delivery.ends)
      for (const lease of delivery.close) {
        // Its own ends are written in the same statement; no others may be left anywhere.
        expect(open.some((job) => job.lease === lease)).toBe(false)
        expect([...unwritten].some((end) => end.job.lease === lease && !sent.has(end))).toBe(false)
        expect(underWay.some(({ close }) => close.includes(lease))).toBe(false)
        expect(closed.has(lease)).toBe(false)
      }
      underWay.push(delivery)
    }
    const deliver = (delivery: Delivery): void => {
      for (const end of delivery.ends) unwritten.delete(end)
      for (const lease of delivery.close) closed.add(lease)
      outbox.delivered(delivery)
    }
    const put = (end: Ended): void => {
      unwritten.add(end)
      outbox.put(end)
    }
    const giveUp = (delivery: Delivery, written: readonly Ended[]): void => {
      for (const end of written) unwritten.delete(end)
      outbox.returned(delivery, delivery.ends.filter((end) => !written.includes(end)))
    }

    for (const { kind, pick } of turns) {
      const job = open[pick % open.length]
      const delivery = underWay[pick % underWay.length]
      if (kind === 'takeSuccesses') take(outbox.takeSuccesses())
      else if (kind === 'takeOthers') take(outbox.takeOthers())
      else if (job && ['succeed', 'fail', 'drop'].includes(kind)) {
        open.splice(open.indexOf(job), 1)
        if (kind === 'drop') outbox.drop(job.lease, 1)
        else put(kind === 'succeed' ? succeeded(job) : failed(job))
      } else if (delivery && ['delivered', 'returned', 'partly'].includes(kind)) {
        underWay.splice(underWay.indexOf(delivery), 1)
        if (kind === 'delivered') deliver(delivery)
        else giveUp(delivery, kind === 'partly' ? delivery.ends.slice(0, 1) : [])
      }
    }

    for (const job of open.splice(0)) put(succeeded(job))
    for (const delivery of underWay.splice(0)) deliver(delivery)
    for (let round = 0; !outbox.isEmpty && round < 10; round += 1) {
      take(outbox.takeOthers())
      take(outbox.takeSuccesses())
      for (const delivery of underWay.splice(0)) deliver(delivery)
    }
    expect(closed).toEqual(new Set(leases))
    expect(unwritten.size).toBe(0)
  }), { numRuns: 1_000 })
})

test('the parameters of a statement run in parallel, and what is equal travels once', () => {
  const { outbox, jobs } = leaseOf(2)
  outbox.put(succeeded(jobs[0]!))
  outbox.put(succeeded(jobs[1]!, '{"n":1}'))
  const [leases, ids, ofLease, attempts, , , results, tenants] = successColumns(outbox.takeSuccesses())
  expect({ leases, ids, ofLease, attempts, results, tenants }).toEqual({
    leases: '{lease}', ids: '{lease/0,lease/1}', ofLease: '{lease}', attempts: [1], results: [null, '{"n":1}'], tenants: ['default'],
  })
  const columns = settlementColumns({ ends: [failed(jobs[0]!)], leases: [jobs[0]!.lease], close: [] }, () => ({ final: 'DEAD', delayMs: 0, decision: 'spent' }))
  expect(columns).toEqual([['lease'], ['lease/0'], ['lease'], [1], [1], [2], ['failed'], ['DEAD'], ['Error'], ['broken'], ['spent'], [0], ['default'], ['work'], ['default'], [0], [], ['c']])
})

function newLease(id: string, open: number): HeldLease {
  return { id, queue: 'default', claimedAt: 0, open, inFlight: 0, lost: false }
}

function jobsOf(lease: HeldLease, count: number): ClaimedJob[] {
  return Array.from({ length: count }, (_, at) => ({
    id: `${lease.id}/${at}`, lease, name: 'work', tenant: 'default', rank: 0, tag: at, attempt: 1, spent: 0, payload: '{}', policy: {}, correlation: 'c', traceparent: null,
  }))
}

function leaseOf(size: number): { outbox: Outbox; lease: HeldLease; jobs: ClaimedJob[] } {
  const lease = newLease('lease', size)
  return { outbox: new Outbox(), lease, jobs: jobsOf(lease, size) }
}

function succeeded(job: ClaimedJob, result: unknown = null): Ended {
  return { job, startedAt: 1, endedAt: 2, ending: { kind: 'succeeded', result: typeof result === 'string' ? result : null } }
}

function failed(job: ClaimedJob): Ended {
  return { job, startedAt: 1, endedAt: 2, ending: { kind: 'failed', retryable: true, errorType: 'Error', errorMessage: 'broken' } }
}
