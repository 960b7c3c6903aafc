/**
 * Calendar expressions as systemd sees them: the same are refused, the same
 * normal form, the same elapses, across zones and changes of clocks.
 *
 *   TASKFLOWS_CALENDAR_SAMPLES=100000   instead of 4,000
 *   TASKFLOWS_CALENDAR_SEED             repeats a run
 *
 * Differences that are known are told apart by what they do, counted and
 * printed; any other fails. systemd 252
 * - skips elapses where a step leads out of its unit, as 0/7 minutes do at the end
 *   of a day, or a fraction of a second is left over (systemd#40260): `*:0/7` has
 *   no 00:00. Ours never skips; systemd's elapses must be among ours.
 * - gives up where clocks skip midnight ("Infinite loop in calendar calculation").
 * - takes the second pass of a midnight that comes twice, when it gets there from a
 *   day with that offset. Ours takes the first.
 * And the zone data of Node and of the machine may be of different years, and we
 * are lenient on spaces.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CalendarSpec, formatCalendar, nextElapse, openZone, parseCalendar } from '../../src/kernel/schedule/index.ts'
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

type Difference = 'lost at a midnight that clocks skip' | 'skips what comes after a carry' | 'second pass of a repeated midnight' | 'zone data differ' | 'spaces that systemd refuses' | 'other'

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
  const zone = spec?.zone ?? of.zone
  if (systemd.lost) return skipsMidnight(zone, of.from) ? 'lost at a midnight that clocks skip' : 'other'
  if (systemd.normal !== ours.normal) return systemd.normal === undefined && /^ |  | $/.test(of.expression) ? 'spaces that systemd refuses' : 'other'
  if (spec === undefined || String(systemd.elapses) === String(ours.elapses)) return undefined
  const differ = systemd.elapses.findIndex((elapse, index) => elapse !== ours.elapses[index])
  const first = Math.min(systemd.elapses[differ] ?? Infinity, ours.elapses[differ] ?? Infinity) * 1000
  if (first >= (agreeUntil.get(zone) ?? Infinity)) return 'zone data differ'
  const twice = openZone(zone).instantsOf((systemd.elapses[differ] ?? 0) * 1_000_000 + openZone(zone).offsetAt((systemd.elapses[differ] ?? 0) * 1_000_000)).map((instant) => Math.floor(instant / 1_000_000))
  if (twice.length === 2 && twice.includes(ours.elapses[differ] ?? 0)) return 'second pass of a repeated midnight'
  const more = elapsesOf(spec, of.from, of.zone, 2_000)
  const steps = [spec.month, spec.day, spec.hour, spec.minute, spec.second].some((component) => component.some(({ stop, step }) => step !== undefined && stop === undefined))
  const fraction = of.from % 1000 !== 0 || spec.second.some(({ start, step = 0 }) => start % 1_000_000 !== 0 || step % 1_000_000 !== 0)
  return (steps || fraction) && systemd.elapses.every((elapse) => more.includes(elapse)) ? 'skips what comes after a carry' : 'other'
}

function skipsMidnight(zone: string, from: number): boolean {
  const day = 86_400_000_000
  return openZone(zone).changes(from * 1000, Date.UTC(2199) * 1000).some(({ at, before, after }) => Math.floor((at + before - 1) / day) !== Math.floor((at + after) / day))
}

function describeDifference({ expression, zone, from }: Case, systemd: Verdict, ours: Verdict): string {
  return `${JSON.stringify(expression)} in ${zone} from ${new Date(from).toISOString()}\n  systemd: ${text(systemd)}\n  ours:    ${text(ours)}`
}

function text({ normal, elapses, lost }: Verdict): string {
  return `${lost ? 'lost' : normal ?? 'refused'} | ${elapses.map((at) => new Date(at * 1000).toISOString().slice(0, 19)).join(' ')}`
}
