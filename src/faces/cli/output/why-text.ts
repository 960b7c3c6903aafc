/** Why a service is as it is, for a person. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import { shortTime } from './time.ts'
import type { Paint } from './style.ts'
import { visible } from './visible.ts'
import type { ZonedTime } from './zoned-time.ts'

export type Why = OutputOf<TaskflowsContract['services']['why']>

const bad = new Set<string>(['failed', 'timed_out', 'lost', 'missed', 'overdue'])

export function whyText({ name, now, last, next, slots, dependencies, unknown }: Why, paint: Paint, time: ZonedTime, nowMs: number): string {
  const at = (iso: string) => `${time.full(iso)}${Math.abs(Date.parse(iso) - nowMs) < 86_400_000 ? ` (${shortTime(iso, nowMs)})` : ''}`
  const mark = (word: string, text: string) => (bad.has(word) ? paint('red', text) : text)
  const lines = (title: string, texts: readonly string[]) => (texts.length === 0 ? [] : [`  ${title}`, ...texts.map((text) => `    ${visible(text)}`)])
  const counts = Object.entries(slots.counts).map(([verdict, count]) => `${count} ${verdict.replace('_', ' ')}`)
  return [
    `${paint('bold', visible(name))} is ${visible(now)}`,
    last === null ? '  last run   none is known' : `  last run   ${last.started_at === null ? '' : `${at(last.started_at)}: `}${mark(last.state, visible(last.text))}`,
    ...(last?.lines ?? []).map((line) => `    | ${visible(line)}`),
    `  next run   ${next.at === null ? '' : `${at(next.at)}, `}${visible(next.text)}`,
    ...lines('what may stop it', next.obstacles),
    ...lines('what it starts with', dependencies),
    ...(counts.length === 0 ? [] : [`  its schedule, of the last week: ${counts.join(', ')}`]),
    ...slots.items.map(({ slot, verdict, reason }) => `    ${time.full(slot)}  ${mark(verdict, verdict.replace('_', ' '))}${reason === '' ? '' : `: ${visible(reason)}`}`),
    ...lines('not known', unknown),
  ].join('\n')
}
