/**
 * Time zones by arithmetic: the offset of an instant, and the instants of a
 * local wall time. Read once from Intl and kept, year by year.
 *
 * Instants, wall times and offsets are microseconds, as numbers: exact until the
 * year 2255. A wall time is written as if it were UTC; offset = wall - instant.
 */

/** In which the offset does not change. */
interface Period {
  readonly from: number
  readonly until: number
  readonly offset: number
}

export interface Zone {
  readonly name: string
  offsetAt(instant: number): number
  /** None in the gap when clocks go forward, two in the hour that comes twice, in order. */
  instantsOf(wall: number): readonly number[]
  /** Of a wall time that does not come: the first one after it that does. */
  endOfGap(wall: number): number
  /** The instants within [from, until) at which clocks are changed. */
  changes(from: number, until: number): readonly { readonly at: number; readonly before: number; readonly after: number }[]
}

const dayUs = 86_400_000_000
/** No offset is larger, so a wall time and its instants are not farther apart. */
const reach = dayUs
/** Two changes are never nearer to each other. Least in fact: a month of Ramadan in Morocco. */
const stride = 7 * dayUs

const opened = new Map<string, Zone>()
/** Only names that exist are kept, so there are never many. */
const known = new Map<string, string>()
let local: string | undefined

/** The zone of this process, which is that of the machine unless TZ says otherwise. */
export function localZone(): string {
  // The same answer, without the 20 ms that Intl takes to load its formats. Node has Temporal from version 26 on.
  return (local ??= globalThis.Temporal?.Now.timeZoneId() ?? Intl.DateTimeFormat().resolvedOptions().timeZone)
}

/** As the time zone database writes it, or `undefined` when there is no such zone. */
export function zoneName(typed: string): string | undefined {
  if (/^utc$/i.test(typed)) return 'UTC'
  if (known.has(typed)) return known.get(typed)
  // Intl also takes bare offsets, which systemd does not.
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(typed)) return undefined
  try {
    const found = new Intl.DateTimeFormat('en-US', { timeZone: typed }).resolvedOptions().timeZone
    // Another name altogether is the present one of an old zone: systemd knows the old one, too.
    const name = found.toLowerCase() === typed.toLowerCase() ? found : typed
    known.set(typed, name)
    return name
  } catch {
    return undefined
  }
}

/** @param name one that `zoneName` gave. @throws RangeError for another */
export function openZone(name: string): Zone {
  const zone = opened.get(name) ?? readZone(name)
  opened.set(name, zone)
  return zone
}

function readZone(name: string): Zone {
  const offsetOf = offsetReader(name)
  const years = new Map<number, readonly Period[]>()
  let latest: Period = { from: 0, until: 0, offset: 0 }

  const periodsOf = (year: number): readonly Period[] => {
    const read = years.get(year)
    if (read) return read
    const periods = readPeriods(offsetOf, Date.UTC(year, 0, 1) * 1000, Date.UTC(year + 1, 0, 1) * 1000)
    years.set(year, periods)
    return periods
  }
  const periodAt = (instant: number): Period => {
    if (instant < latest.from || instant >= latest.until) latest = periodsOf(yearOf(instant)).find(({ until }) => instant < until)!
    return latest
  }
  const periodsBetween = (from: number, until: number): Period[] => {
    const all: Period[] = []
    for (let year = yearOf(from); year <= yearOf(until); year += 1) all.push(...periodsOf(year))
    return all.filter((period) => period.until > from && period.from < until)
  }
  return {
    name,
    offsetAt: (instant) => periodAt(instant).offset,
    instantsOf: (wall) => {
      const { from, until, offset } = periodAt(wall)
      if (wall - reach >= from && wall + reach < until) return [wall - offset]
      return periodsBetween(wall - reach, wall + reach)
        .filter((period) => wall - period.offset >= period.from && wall - period.offset < period.until)
        .map((period) => wall - period.offset)
    },
    endOfGap: (wall) => {
      const next = periodsBetween(wall - reach, wall + reach).find((period) => period.from + period.offset > wall)
      return next === undefined ? wall + 1 : next.from + next.offset
    },
    changes: (from, until) => {
      const periods = periodsBetween(from - 1, until)
      return periods.flatMap(({ from: at, offset: after }, index) => {
        const before = periods[index - 1]?.offset ?? after
        return before === after || at < from ? [] : [{ at, before, after }]
      })
    },
  }
}

function yearOf(instant: number): number {
  return new Date(Math.floor(instant / 1000)).getUTCFullYear()
}

function readPeriods(offsetOf: (instant: number) => number, from: number, until: number): readonly Period[] {
  const periods: Period[] = []
  const last = until - 1_000_000
  let start = from
  let offset = offsetOf(from)
  for (let seen = from; seen < last; ) {
    const next = Math.min(seen + stride, last)
    if (offsetOf(next) === offset) {
      seen = next
      continue
    }
    seen = firstWithout(offset, offsetOf, seen, next)
    periods.push({ from: start, until: seen, offset })
    start = seen
    offset = offsetOf(seen)
  }
  return [...periods, { from: start, until, offset }]
}

/** Between two instants, the whole second from which on the offset is another. */
function firstWithout(offset: number, offsetOf: (instant: number) => number, before: number, after: number): number {
  let [low, high] = [before / 1_000_000, after / 1_000_000]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetOf(middle * 1_000_000) === offset) low = middle
    else high = middle
  }
  return high * 1_000_000
}

function offsetReader(timeZone: string): (instant: number) => number {
  // Loading the data of zones takes 20 ms.
  if (timeZone === 'UTC') return () => 0
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
  })
  return (instant) => {
    const [month, day, year, hour, minute, second] = format.format(instant / 1000).match(/\d+/g)!.map(Number) as [number, number, number, number, number, number]
    return Date.UTC(year, month - 1, day, hour, minute, second) * 1000 - instant
  }
}
