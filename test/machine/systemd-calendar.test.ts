/**
 * Calendar expressions as systemd sees them: the same are refused, the same
 * normal form, the same elapses, across zones and changes of clocks.
 *
 *   TASKFLOWS_CALENDAR_SAMPLES=100000   instead of 4,000
 *   TASKFLOWS_CALENDAR_SEED             repeats a run
 *
 * Faults of systemd 252 that are known are told apart by what they do, counted
 * and printed; any other difference fails.
 * - A step that leads out of its unit, as that of `*:0/7` does, makes it skip
 *   elapses or give up ("Infinite loop in calendar calculation", systemd#40260).
 *   Written as `closeSteps` has it, and as our timers have it, it agrees.
 * - It gives up where clocks skip the first hour of a day, or all but a minute of it.
 * - A fraction of a second that is left over makes it skip the next 0.
 * - It takes the second pass of an hour that comes twice, when it gets there from a
 *   day with that offset; ours takes the first.
 * - In Dublin, where the zone data call winter time daylight saving, it stays on winter
 *   time when it starts there, and skips the same days of years with the other.
 * The zone data of Node and of the machine may be of different years. And we are
 * lenient on spaces.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CalendarSpec, type Zone, closeSteps, formatCalendar, nextElapse, openZone, parseCalendar } from '../../src/kernel/schedule/index.ts'
import { TaskflowsError } from '../../src/kernel/errors.ts'
import { type Verdict, askSystemd, hasSystemdAnalyze, systemdVersion } from '../testbed/calendar-oracle.ts'
import { zonesAgreeUntil } from '../testbed/machine-zones.ts'
import { calendarExpressions } from '../testbed/random-calendar.ts'

const samples = Number(process.env['TASKFLOWS_CALENDAR_SAMPLES'] || 4_000)
const seed = Number(process.env['TASKFLOWS_CALENDAR_SEED'] || 20_261_121)
const batch = 200
const iterations = 5
const zones = [
  'UTC', 'America/New_York', 'Europe/London', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia', 'America/Sao_Paulo', 'Europe/Berlin',
  'America/Havana', 'America/St_Johns', 'Asia/Tehran', 'Asia/Beirut', 'Atlantic/Azores', 'Antarctica/Troll', 'Europe/Dublin', 'Africa/Casablanca', 'Asia/Gaza',
]

interface Case {
  readonly expression: string
  readonly zone: string
  /** Epoch milliseconds. */
  readonly from: number
}

type Difference =
  | 'a step leads out of its unit; agrees when it is closed' | 'gives up where clocks skip the first hour of a day' | 'skips after a fraction of a second'
  | 'second pass of an hour that comes twice' | 'skips in Dublin' | 'zone data differ' | 'spaces that systemd refuses' | 'other'

describe.skipIf(!hasSystemdAnalyze)('by systemd-analyze', () => {
  test(`${samples} expressions mean what systemd takes them for`, { timeout: 600_000 }, () => {
    const agreeUntil = new Map(zones.map((zone) => [zone, zonesAgreeUntil(zone)]))
    const found = new Map<Difference, string[]>()
    const counts = { refused: 0, elapses: 0 }
    for (const cases of generate(agreeUntil)) {
      const verdicts = askSystemd(cases.map(({ expression }) => expression), { zone: cases[0]!.zone, from: cases[0]!.from, iterations })
      for (const [index, of] of cases.entries()) {
        const systemd = verdicts[index]!
        const ours = ourVerdict(of)
        if (ours.normal === undefined) counts.refused += 1
        counts.elapses += ours.elapses.length
        const difference = compare(of, systemd, ours, agreeUntil)
        if (difference === undefined) continue
        found.set(difference, [...found.get(difference) ?? [], describeDifference(of, systemd, ours)])
      }
    }
    console.log(`${systemdVersion()}; TASKFLOWS_CALENDAR_SEED=${seed}; ${samples} expressions, ${counts.refused} refused by both, ${counts.elapses} elapses compared`)
    for (const [zone, until] of agreeUntil) if (until < Date.UTC(2199)) console.log(`the time zone data of Node (${process.versions.tz}) and of the machine differ on ${zone} from ${new Date(until).toISOString()}`)
    for (const [difference, cases] of found) console.log(`${difference}: ${cases.length}, such as ${cases[0]}`)
    expect(found.get('other') ?? []).toEqual([])
    expect(counts.refused).toBeLessThan(samples / 2)
    expect([...found.values()].flat().length).toBeLessThan(samples / 50)
  })
})

/** Batches that share the zone of the machine and a beginning, half of them close to a change of clocks. One in twenty expressions names its zone. */
function* generate(agreeUntil: ReadonlyMap<string, number>): Iterable<readonly Case[]> {
  const expressions = fc.sample(calendarExpressions, { numRuns: samples, seed })
  const beginnings = fc.sample(fc.tuple(fc.constantFrom(...zones), fc.integer({ min: 2010, max: 2040 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.boolean(), fc.integer({ min: -9_000_000, max: 5_400_000 })), { numRuns: Math.ceil(samples / batch), seed })
  for (const [index, [zone, drawn, within, near, apart]] of beginnings.entries()) {
    const year = Math.min(drawn, new Date(agreeUntil.get(zone)!).getUTCFullYear() - 3)
    const [start, end] = [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)]
    const changes = openZone(zone).changes(start * 1000, end * 1000)
    const change = changes[Math.floor(within * changes.length)]
    const moment = near && change ? change.at / 1000 + apart : Math.floor(start + within * (end - start))
    const from = index % 8 === 0 ? moment : moment - moment % 1000
    yield expressions.slice(index * batch, (index + 1) * batch).map((expression, at) => ({ expression: at % 20 === 0 ? `${expression} ${zones[at % zones.length]}` : expression, zone, from }))
  }
}

function ourVerdict({ expression, zone, from }: Case): Verdict {
  const spec = tryParse(expression)
  return spec === undefined ? { elapses: [] } : { normal: formatCalendar(spec), elapses: elapsesOf(spec, from, zone, iterations) }
}

function tryParse(expression: string): CalendarSpec | undefined {
  try {
    return parseCalendar(expression)
  } catch (thrown) {
    if (thrown instanceof TaskflowsError && thrown.code === 'calendar.invalid') return undefined
    throw thrown
  }
}

function elapsesOf(spec: CalendarSpec, from: number, zone: string, count: number): number[] {
  const elapses: number[] = []
  for (let after: number | undefined = from * 1000; elapses.length < count; ) {
    after = nextElapse(spec, after, zone)
    if (after === undefined) break
    elapses.push(Math.floor(after / 1_000_000))
  }
  return elapses
}

function compare(of: Case, systemd: Verdict, ours: Verdict, agreeUntil: ReadonlyMap<string, number>): Difference | undefined {
  const spec = tryParse(of.expression)
  if (spec === undefined) return systemd.normal === undefined && !systemd.lost ? undefined : 'other'
  if (systemd.normal !== ours.normal && !systemd.lost) return systemd.normal === undefined && /^ |  | $/.test(of.expression) ? 'spaces that systemd refuses' : 'other'
  if (!systemd.lost && String(systemd.elapses) === String(ours.elapses)) return undefined
  const closed = formatCalendar(closeSteps(spec))
  const again = closed === ours.normal ? systemd : askSystemd([closed], { ...of, iterations })[0]!
  if (String(again.elapses) === String(ours.elapses)) return 'a step leads out of its unit; agrees when it is closed'
  const zone = openZone(spec.zone ?? of.zone)
  if (again.lost) return skipsFirstHour(zone, of.from) ? 'gives up where clocks skip the first hour of a day' : 'other'

  const differ = ours.elapses.findIndex((elapse, index) => elapse !== again.elapses[index])
  const [ourElapse = 0, theirElapse = 0] = [ours.elapses[differ], again.elapses[differ]]
  if (Math.min(ourElapse || Infinity, theirElapse || Infinity) * 1000 >= (agreeUntil.get(zone.name) ?? Infinity)) return 'zone data differ'
  const passes = zone.instantsOf(theirElapse * 1_000_000 + zone.offsetAt(theirElapse * 1_000_000))
  if (passes.length === 2 && passes[0] === ourElapse * 1_000_000) return 'second pass of an hour that comes twice'
  const more = elapsesOf(spec, of.from, of.zone, 2_000)
  if (!again.elapses.every((elapse) => more.includes(elapse))) return 'other'
  if (of.from % 1000 !== 0 || spec.second.some(({ start, step = 0 }) => start % 1_000_000 !== 0 || step % 1_000_000 !== 0)) return 'skips after a fraction of a second'
  return zone.name === 'Europe/Dublin' ? 'skips in Dublin' : 'other'
}

function skipsFirstHour(zone: Zone, from: number): boolean {
  const [hour, day] = [3_600_000_000, 86_400_000_000]
  return zone.changes(from * 1000 - day, Date.UTC(2199) * 1000).some(({ at, before, after }) => after > before && (at + before) % day < hour)
}

function describeDifference({ expression, zone, from }: Case, systemd: Verdict, ours: Verdict): string {
  return `${JSON.stringify(expression)} in ${zone} from ${new Date(from).toISOString()}\n  systemd: ${text(systemd)}\n  ours:    ${text(ours)}`
}

function text({ normal, elapses, lost }: Verdict): string {
  return `${lost ? 'lost' : normal ?? 'refused'} | ${elapses.map((at) => new Date(at * 1000).toISOString().slice(0, 19)).join(' ')}`
}
