import { expect, test } from 'vitest'
import { lineBatches } from './line-batches.ts'

async function batchesOf(...pieces: string[]): Promise<string[][]> {
  const batches: string[][] = []
  for await (const batch of lineBatches((async function* () { yield* pieces })())) batches.push(batch)
  return batches
}

test('lines of one piece come together', async () => {
  expect(await batchesOf('a\nb\nc\n')).toEqual([['a', 'b', 'c']])
})

test('a line that is cut anywhere is put together', async () => {
  expect((await batchesOf('a\nb', 'c', 'd\ne\n', 'f')).flat()).toEqual(['a', 'bcd', 'e', 'f'])
})

test('a line beyond all measure is left out, and those around it are not', async () => {
  const huge = 'x'.repeat(9 << 20)
  expect((await batchesOf('a\n', huge, huge, 'x\nb\n')).flat()).toEqual(['a', 'b'])
})

test('nothing gives nothing', async () => {
  expect(await batchesOf()).toEqual([])
})
