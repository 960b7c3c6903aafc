/**
 * A calendar expression of systemd.time(7), taken apart: which local wall times
 * it matches. `parse-calendar.ts` reads it, `format-calendar.ts` writes its
 * normal form, `next-elapse.ts` finds the instants.
 */

/** One value; or `step` by step from `start`, up to `stop` or the end of its range. `stop` is always reached, and never alone. */
export interface Span {
  readonly start: number
  readonly stop?: number
  readonly step?: number
}

/** Sorted, without repetition. Empty: any value (of seconds: any whole one). */
export type Component = readonly Span[]

/** 1 is Monday, 7 Sunday. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7

export interface CalendarSpec {
  /** Ascending. Empty: every day. */
  readonly weekdays: readonly Weekday[]
  readonly year: Component
  readonly month: Component
  readonly day: Component
  /** Days are counted from the end of the month: 1 is its last. */
  readonly fromMonthEnd: boolean
  readonly hour: Component
  readonly minute: Component
  /** In microseconds. */
  readonly second: Component
  /** Of the time zone database. Absent: the zone of the machine. */
  readonly zone?: string
}

export interface Range {
  readonly first: number
  readonly last: number
  /** What is counted, in the numbers of the component. */
  readonly unit: number
}

export const secondUs = 1_000_000

export const ranges = {
  year: { first: 1970, last: 2199, unit: 1 },
  month: { first: 1, last: 12, unit: 1 },
  day: { first: 1, last: 31, unit: 1 },
  /** The days that every month has. */
  dayFromEnd: { first: 1, last: 28, unit: 1 },
  hour: { first: 0, last: 23, unit: 1 },
  minute: { first: 0, last: 59, unit: 1 },
  second: { first: 0, last: 60 * secondUs - 1, unit: secondUs },
} as const satisfies Record<string, Range>

/** A range ends with its last value that is reached; one that reaches its start alone is that value. */
export function spanTo(start: number, stop: number, step: number): Span {
  const reached = stop - (stop - start) % step
  return reached === start ? { start } : { start, stop: reached, step }
}

export function componentOf(spans: readonly Span[]): Component {
  const order = [...spans].sort((a, b) => a.start - b.start || (a.stop ?? -1) - (b.stop ?? -1) || (a.step ?? 0) - (b.step ?? 0))
  return order.filter(({ start, stop, step }, at) => {
    const before = order[at - 1]
    return before?.start !== start || before.stop !== stop || before.step !== step
  })
}

/** The least value from `from` on that the component matches, or `undefined` when there is none up to `last`. */
export function nextValue(component: Component, from: number, { first, last, unit }: Range): number | undefined {
  const spans = component.length === 0 ? [{ start: first, step: unit }] : component
  let least: number | undefined
  for (const { start, stop, step } of spans) {
    const value = step === undefined || from <= start ? start : start + Math.ceil((from - start) / step) * step
    if (value >= from && value <= (stop ?? last) && (least === undefined || value < least)) least = value
  }
  return least !== undefined && least >= first && least <= last ? least : undefined
}
