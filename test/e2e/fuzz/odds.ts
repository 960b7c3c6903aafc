/** How often what comes, in the words of this test. */
import fc from 'fast-check'

export const one = <T>(value: T) => fc.constant(value)
export const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values)

/** Twenty times the usual for each of the others. */
export function often<T>(usual: fc.Arbitrary<T>, ...others: readonly fc.Arbitrary<T>[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 20, arbitrary: usual }, ...others.map((arbitrary) => ({ weight: 1, arbitrary })))
}

/** Nothing, but for one time in so many. */
export function oneIn<T>(times: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: times - 1, arbitrary: one(undefined) }, { weight: 1, arbitrary })
}
