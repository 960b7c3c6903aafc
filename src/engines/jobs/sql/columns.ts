/**
 * Arrays as parameters, one element per row. A column whose rows all hold the
 * same value travels as an array of one, which costs nothing per row.
 */

/** The values of one column: as they are, or one for all. */
export function column<T>(values: readonly T[]): readonly T[] {
  const first = values[0]
  for (let at = 1; at < values.length; at += 1) if (values[at] !== first) return values
  return values.length > 1 ? [first as T] : values
}

/** UUIDs as an array literal: they need none of the quoting that the driver would look for in each. */
export function uuids(values: readonly string[]): string {
  return `{${values.join(',')}}`
}

/** SQL that makes such an array again, from the rows that are left: `$3` of type `text`, whose value in each is `name`. */
export function together(parameter: string, type: string, value: string): string {
  return `case when cardinality(${parameter}::${type}[]) = 1 then ${parameter}::${type}[] else array_agg(${value}) end`
}

/** SQL that reads such a parameter in row `alias`: `$3` of type `text`, named `name`. */
export function each(parameter: string, type: string, reference: string): string {
  return `case when cardinality(${parameter}::${type}[]) = 1 then (${parameter}::${type}[])[1] else ${reference} end`
}
