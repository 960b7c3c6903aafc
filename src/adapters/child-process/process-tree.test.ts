import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withDescendants } from './process-tree.ts'
import { parseStat } from './processes.ts'

const processOf = (pid: number, parent: number) => ({ pid, parent, group: 1, startedAt: pid })

test('a tree is all that descends from what belongs to it, in whatever order it is read', () => {
  const forest = fc.array(fc.nat(19), { minLength: 1, maxLength: 20 }).map((parents) => parents.map((parent, pid) => processOf(pid, parent < pid ? parent : -1)))
  fc.assert(fc.property(forest.chain((processes) => fc.tuple(fc.shuffledSubarray(processes, { minLength: processes.length }), fc.nat(processes.length - 1))), ([processes, root]) => {
    const leadsTo = (pid: number): boolean => pid === root || (pid >= 0 && leadsTo(processes.find((facts) => facts.pid === pid)!.parent))
    const found = withDescendants(processes, ({ pid }) => pid === root).map(({ pid }) => pid)
    expect(found.toSorted()).toEqual(processes.map(({ pid }) => pid).filter(leadsTo).toSorted())
  }))
})

test('processes that are each other\'s parents end the walk', () => {
  expect(withDescendants([processOf(1, 2), processOf(2, 1)], ({ pid }) => pid === 1)).toHaveLength(2)
})

test('a line of /proc is read whatever the program is called', () => {
  const rest = '1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 987654 1000 200'
  expect(parseStat(`77 (a) S 1) R) S ${rest}`)).toEqual({ pid: 77, parent: 1, group: 42, startedAt: 987_654 })
  expect(parseStat(`77 (sleep) Z ${rest}`)).toBeUndefined()
  expect(parseStat('')).toBeUndefined()
})
