/**
 * The same calendar for every systemd. That of 252 to 258 adds the step to the
 * last value and goes on in the next unit with what is left over, but sets back only
 * one unit below it: `*:0/7` misses 00:00, since 23:63 is 00:03 (systemd#40260).
 * Where clocks are changed it may give up. A range that ends with its last value,
 * `*:0..56/7`, has the same elapses and leaves nothing over.
 */
import { type CalendarSpec, type Component, type Range, ranges, spanTo } from './calendar-spec.ts'
import { formatCalendar } from './format-calendar.ts'
import { parseCalendar } from './parse-calendar.ts'

/** What `OnCalendar=` of a timer is to say for an expression. @throws `calendar.invalid` */
export function timerCalendar(text: string): string {
  return formatCalendar(closeSteps(parseCalendar(text)))
}

/** A step that leads to its own start in the next unit, such as 0/15, stays as it is. */
export function closeSteps(spec: CalendarSpec): CalendarSpec {
  return {
    ...spec,
    year: closed(spec.year, ranges.year),
    month: closed(spec.month, ranges.month),
    day: spec.fromMonthEnd ? closedFromEnd(spec.day) : closed(spec.day, ranges.day),
    hour: closed(spec.hour, ranges.hour),
    minute: closed(spec.minute, ranges.minute),
    second: closed(spec.second, ranges.second),
  }
}

function closed(component: Component, { first, last }: Range): Component {
  const size = last + 1 - first
  return component.map((span) => {
    const { start, stop, step } = span
    if (step === undefined || stop !== undefined) return span
    const ended = spanTo(start, last, step)
    return (ended.stop ?? start) + step - size === start ? span : ended
  })
}

/** There a step leads from a day toward the end of the month, 1. */
function closedFromEnd(component: Component): Component {
  return component.map((span) => (span.step === undefined || span.stop !== undefined ? span : { start: (span.start - 1) % span.step + 1, stop: span.start, step: span.step }))
}
