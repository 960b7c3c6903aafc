import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, watch as watchFiles, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FileWatch, watchUnitFiles } from './watch-files.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'taskflows-units-'))
  writeFileSync(join(directory, 'taskflows-web.service'), 'before')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

async function changes(watch: FileWatch): Promise<void> {
  await expect.poll(() => watch.changed(), { timeout: 2_000, interval: 5 }).toBe(true)
}
test('at first everything may have changed, and then nothing has', () => {
  using watch = watchUnitFiles(directory)
  expect([watch.changed(), watch.changed(), watch.changed()]).toEqual([true, false, false])
})

test.for<[string, () => void]>([
  ['a unit that is edited in place', () => writeFileSync(join(directory, 'taskflows-web.service'), 'after')],
  ['a unit that is new', () => writeFileSync(join(directory, 'taskflows-new.timer'), '')],
  ['a unit that is removed', () => rmSync(join(directory, 'taskflows-web.service'))],
  ['a drop-in', () => { mkdirSync(join(directory, 'taskflows-web.service.d')); writeFileSync(join(directory, 'taskflows-web.service.d/x.conf'), '') }],
  ['a link that enables one', () => { mkdirSync(join(directory, 'default.target.wants')); symlinkSync('../taskflows-web.service', join(directory, 'default.target.wants/taskflows-web.service')) }],
])('%s is a change', async ([, change]) => {
  using watch = watchUnitFiles(directory)
  watch.changed()
  change()
  await changes(watch)
})

test('so is what happens later in a directory of drop-ins', async () => {
  using watch = watchUnitFiles(directory)
  watch.changed()
  mkdirSync(join(directory, 'taskflows-web.service.d'))
  await changes(watch)
  writeFileSync(join(directory, 'taskflows-web.service.d/y.conf'), 'a')
  await changes(watch)
  writeFileSync(join(directory, 'taskflows-web.service.d/y.conf'), 'b')
  await changes(watch)
})

test('units of others are none', async () => {
  using watch = watchUnitFiles(directory)
  watch.changed()
  const witness = watchFiles(directory)
  const told = once(witness, 'change')
  writeFileSync(join(directory, 'other.service'), '')
  await told
  witness.close()
  expect(watch.changed()).toBe(false)
})

test('while there is no directory everything may change at any time', () => {
  using watch = watchUnitFiles(join(directory, 'later'))
  expect([watch.changed(), watch.changed()]).toEqual([true, true])
  mkdirSync(join(directory, 'later'))
  expect([watch.changed(), watch.changed()]).toEqual([true, false])
})
