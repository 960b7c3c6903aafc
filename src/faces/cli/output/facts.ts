/** One thing as lines of what is known about it. */
import { padEnd } from '../../../kernel/display-width.ts'
import { visible } from './visible.ts'

/** A label and its value; `null` is not known, and not shown. */
export type Fact = readonly [label: string, value: string | null]

export function factLines(facts: readonly Fact[]): string[] {
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== null)
  return known.map(([label, value]) => `  ${padEnd(label, 12)}${visible(value)}`)
}
