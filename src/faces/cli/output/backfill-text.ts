/** What is made up for, for people: plans, lists, and one with each of its times. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import { factLines } from './facts.ts'
import type { Listing } from './output.ts'
import type { Paint, Style } from './style.ts'
import { type Column, formatTable } from './table.ts'
import { shortTime } from './time.ts'
import { visible } from './visible.ts'
import type { ZonedTime } from './zoned-time.ts'

type Area = TaskflowsContract['services']
export type Backfill = OutputOf<Area['showBackfill']>
type Listed = OutputOf<Area['backfills']>['items'][number]
type Slot = Backfill['slots'][number]

const stateStyles: Readonly<Record<Slot['state'], Style | undefined>> = {
  left_out: 'dim', waiting: undefined, running: 'cyan', succeeded: 'green', failed: 'red', skipped: 'dim', cancelled: 'yellow',
}

/** `4 succeeded, 1 failed, 1 waiting`. */
export function countsText({ counts }: Pick<Listed, 'counts'>): string {
  const order = ['succeeded', 'failed', 'skipped', 'cancelled', 'running', 'waiting'] as const
  return order.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`).join(', ') || 'nothing'
}

export function backfillListing(): Listing<Listed> {
  const nowMs = Date.now()
  return {
    name: ({ id }) => id ?? '',
    empty: 'Nothing was made up for.',
    columns: [
      { header: 'ID', value: ({ id }) => id },
      { header: 'ORIGIN', value: ({ origin }) => origin.replace('_', '-') },
      { header: 'STATE', value: ({ state }) => state },
      { header: 'TIMES', value: countsText, flexible: true },
      { header: 'CREATED', value: ({ created_at: at }) => shortTime(at, nowMs) },
      { header: 'ENDED', value: ({ ended_at: at }) => at && shortTime(at, nowMs) },
    ],
    moreColumns: [
      { header: 'SINCE', value: ({ since }) => since },
      { header: 'UNTIL', value: ({ until }) => until },
      { header: 'PARALLEL', value: ({ max_parallel: most }) => most, align: 'right' },
      { header: 'BY', value: ({ created_by: by }) => by },
      { header: 'HOST', value: ({ hostname }) => hostname },
      { header: 'REASON', value: ({ reason }) => reason, flexible: true },
    ],
  }
}

/** What would be done. */
export function backfillPlanText({ name, slots, max_parallel: most, counts }: Backfill, paint: Paint, time: ZonedTime): string {
  const leftOut = slots.length - counts.waiting
  const lines = slots.map(({ slot, state }) => (state === 'left_out' ? paint('dim', `  = ${time.full(slot)}  ran well, left out`) : `  ${paint('green', '+')} ${time.full(slot)}`))
  const parallel = counts.waiting > 1 ? `, ${most === 1 ? 'one after the other' : `${most} at a time`}` : ''
  return [...lines, paint('bold', `${visible(name)} would run ${counts.waiting === 1 ? 'once' : `${counts.waiting} times`}${parallel}${leftOut === 0 ? '.' : `; ${leftOut} left out.`}`)].join('\n')
}

export function backfillFacts(backfill: Backfill, paint: Paint, time: ZonedTime): string {
  const { id, name, origin, state, reason, since, until, max_parallel: most, again, created_by: by, created_at: created, ended_at: ended, hostname } = backfill
  const facts = factLines([
    ['id', id], ['host', hostname], ['state', reason === null ? state : `${state}: ${reason}`], ['times', countsText(backfill)], ['range', `${time.full(since)} to ${time.full(until)}`],
    ['parallel', String(most)], ['again', again ? 'also times that ran well before' : null], ['created', `${time.full(created)} by ${by}`], ['ended', ended && time.full(ended)],
  ])
  const columns: readonly Column<Slot>[] = [
    { header: 'TIME', value: ({ slot }) => time.full(slot) },
    { header: 'STATE', value: ({ state: of }) => of.replace('_', ' '), style: ({ state: of }) => stateStyles[of] },
    { header: 'STARTED', value: ({ started_at: at }) => at && time.short(at) },
    { header: 'ENDED', value: ({ ended_at: at }) => at && time.short(at) },
    { header: 'REASON', value: ({ reason: why }) => why },
  ]
  return [`${paint('bold', visible(name))}  ${origin.replace('_', '-')}`, ...facts, '', ...formatTable(backfill.slots, columns, { paint })].join('\n')
}
