import { expect, test } from 'vitest'
import { parseByteSize } from './byte-size.ts'

test.each([
  [0, 0], [1.5 * 1024 ** 3, 1_610_612_736], [1.9, 1], ['512', 512], ['512B', 512], ['1k', 1024], ['1.5GB', 1_610_612_736], ['2 GiB', 2 * 1024 ** 3], [' 1m ', 1024 ** 2], ['1T', 1024 ** 4], ['10 bytes', 10],
])('%j is %d bytes', (given, bytes) => {
  expect(parseByteSize(given)).toBe(bytes)
})

test.each([-1, NaN, Infinity, '', 'x', '1 apple', '-5M', '1e3', '1.M', '999999999E', null, undefined, {}, true, 2 ** 60])('%j is no size', (given) => {
  expect(parseByteSize(given)).toBeUndefined()
})
