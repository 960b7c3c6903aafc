/** The operations on times that are made up for. Loads no package, as `services.ts` of which they are a part. */
import { hostname } from 'node:os'
import type { z } from 'zod'
import type { Backfill as BackfillWire, BackfillDetails as DetailsWire, serviceBackfills } from '../contract/service-backfills.ts'
import type { BackfillDetails, PlannedBackfill } from '../engines/services/index.ts'
import { TaskflowsError } from '../kernel/errors.ts'
import type { OperationContext } from './context.ts'
import type { Implementation } from './implement.ts'

export type BackfillContext = Pick<OperationContext, 'backfills' | 'clock' | 'caller' | 'keep'>

export const serviceBackfillOperations: Implementation<typeof serviceBackfills, BackfillContext> = {
  backfill: async ({ name, scope, since, until, max_parallel: maxParallel, again, dry_run: isDry }, context) => {
    requireSight(name, context)
    const { backfills, caller, keep } = context
    const plan = await backfills.plan({ name, since: Date.parse(since), until: Date.parse(until), maxParallel, again, ...(scope !== undefined && { scope }) })
    if (isDry) return showPlan(plan, context)
    return showStarted(plan, await backfills.start(plan, caller.name, keep && ((tx, started) => keep(tx, showStarted(plan, started)))))
  },
  backfills: async ({ name, scope, limit }, context) => {
    requireSight(name, context)
    return { items: (await context.backfills.list(name, scope, limit)).map(showBackfill), next_cursor: null }
  },
  showBackfill: async ({ name, id }, context) => {
    requireSight(name, context)
    return showDetails(await context.backfills.get(name, id))
  },
  cancelBackfill: async ({ name, id }, context) => {
    requireSight(name, context)
    return showDetails(await context.backfills.cancel(name, id))
  },
}

type Wire = z.output<typeof DetailsWire>
type Made = Wire & { created: boolean }

function showBackfill({ id, service, scope, origin, state, reason, first, last, maxParallel, again, counts, createdBy, createdAt, endedAt }: BackfillDetails['backfill']): z.output<typeof BackfillWire> {
  return {
    id, name: service, scope, hostname: hostname(), origin, state, reason, since: iso(first), until: iso(last), max_parallel: maxParallel, again, counts: { ...counts },
    created_by: createdBy, created_at: iso(createdAt), ended_at: endedAt === null ? null : iso(endedAt),
  }
}

function showDetails({ backfill, slots }: BackfillDetails): Wire {
  return {
    ...showBackfill(backfill),
    slots: slots.map(({ slot, state, startedAt, endedAt, reason }) => ({ slot: iso(slot), state, started_at: startedAt === null ? null : iso(startedAt), ended_at: endedAt === null ? null : iso(endedAt), reason })),
  }
}

/** With what was left out, which is kept nowhere. */
function showStarted({ leftOut }: PlannedBackfill, started: BackfillDetails): Made {
  const shown = showDetails(started)
  return { ...shown, created: true, slots: inOrder([...shown.slots, ...leftOut.map((slot) => timeOf(slot, 'left_out'))]) }
}

function showPlan({ name, scope, since, until, maxParallel, again, slots, leftOut }: PlannedBackfill, { caller, clock }: BackfillContext): Made {
  return {
    created: false, id: null, name, scope, hostname: hostname(), origin: 'backfill', state: 'planned', reason: null, since: iso(since), until: iso(until), max_parallel: maxParallel, again,
    counts: { waiting: slots.length, running: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 }, created_by: caller.name, created_at: iso(clock.now()), ended_at: null,
    slots: inOrder([...slots.map((slot) => timeOf(slot, 'waiting')), ...leftOut.map((slot) => timeOf(slot, 'left_out'))]),
  }
}

function timeOf(slot: number, state: 'waiting' | 'left_out'): Wire['slots'][number] {
  return { slot: iso(slot), state, started_at: null, ended_at: null, reason: null }
}

function inOrder(slots: Wire['slots']): Wire['slots'] {
  return slots.sort((one, other) => Date.parse(one.slot) - Date.parse(other.slot))
}

/** Services belong to no tenant. */
function requireSight(name: string, { caller }: BackfillContext): void {
  if (caller.tenant !== null) throw new TaskflowsError('service.not_found', `there is no service ${JSON.stringify(name)}`, { details: { name } })
}

const iso = (at: number): string => new Date(at).toISOString()
