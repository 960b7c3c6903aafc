/** What became of a slot as it stands in the event log. Pure; `kernel/database/append-events.ts` writes it. */
import type { NewEvent } from '../../../kernel/database/append-events.ts'
import { subjectOf } from '../live/written-events.ts'
import type { ToldSlot } from './watch-slots.ts'

const types = { late: 'service.run_late', skipped: 'service.run_skipped', missed: 'service.run_missed', overdue: 'service.run_overdue' } as const

/** Nothing of what is on time. A slot is known by its moment, whoever tells of it. */
export function writtenSlot({ service, scope, unit, slot, verdict, cause, reason, run }: ToldSlot, host: string): NewEvent[] {
  if (verdict === 'on_time' || verdict === 'due') return []
  const at = new Date(slot).toISOString()
  return [{
    type: types[verdict], subject: subjectOf(host, scope, service), name: service, actor: 'system', correlationId: `slot ${at}`,
    data: { host, scope, unit, slot: at, cause, reason, invocation_id: run?.invocationId ?? null, ...(verdict === 'late' && { late_seconds: (run!.startedAt! - slot) / 1000 }) },
  }]
}
