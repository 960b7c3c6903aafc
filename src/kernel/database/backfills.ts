/** Times that are made up for, on PostgreSQL. Each act is a file of `backfills/`. */
import type { BackfillStore } from '../backfills.ts'
import { addBackfill, addCatchUp } from './backfills/add-backfill.ts'
import { type CountedRecord, type SlotRecord, backfillOf, getBackfill, listBackfills, readBackfillSlots, readMadeUp, slotOf } from './backfills/read-backfills.ts'
import { cancelBackfill, endBackfill, heldSeconds, holdBackfills, nextSlot, putSlotBack, releaseBackfills, settleSlot } from './backfills/work-backfills.ts'
import type { Database } from './database.ts'

export interface BackfillStoreOptions {
  /** Whose managers: those of this host, of scope `user` that of this account (the uid). */
  readonly host: string
  readonly account: string
}

export function createBackfillStore(database: Database, { host, account: uid }: BackfillStoreOptions): BackfillStore {
  const accountOf = (scope: string): string => (scope === 'user' ? uid : '')
  const get = async (id: string) => (await database.query<CountedRecord>(getBackfill, [id, host, uid])).map(backfillOf)[0]
  return {
    add: (backfill, alongside) => database.transaction(async (tx) => {
      await addBackfill(tx, backfill, accountOf(backfill.scope))
      await alongside?.(tx)
    }),
    addCatchUp: (backfill) => database.transaction((tx) => addCatchUp(tx, backfill, accountOf(backfill.scope))),
    list: async ({ scope, service }, limit) => (await database.query<CountedRecord>(listBackfills, [host, accountOf(scope), scope, service, limit])).map(backfillOf),
    get: async (id) => {
      const backfill = await get(id)
      return backfill && { backfill, slots: (await database.query<SlotRecord>(readBackfillSlots, [id, null])).map(slotOf) }
    },
    cancel: async (id) => (await database.query(cancelBackfill, [id])).length > 0,
    madeUp: async ({ scope, service }, first, last) => new Set((await database.query<{ slot: number }>(readMadeUp, [host, scope, service, first, last])).map(({ slot }) => slot)),
    hold: async (holder, scopes) => {
      const ids = await database.query<{ id: string }>(holdBackfills, [holder, host, uid, scopes, heldSeconds])
      return (await Promise.all(ids.map(({ id }) => get(id)))).filter((backfill) => backfill !== undefined)
    },
    release: async (holder) => { await database.query(releaseBackfills, [holder]) },
    next: async (id, holder, now) => (await database.query<{ slot: number }>(nextSlot, [id, holder, now]))[0]?.slot,
    underWay: async (id) => (await database.query<SlotRecord>(readBackfillSlots, [id, 'running'])).map(slotOf),
    settle: async (id, slot, { state, reason }) => { await database.query(settleSlot, [id, slot, state, reason]) },
    putBack: async (id, slot) => { await database.query(putSlotBack, [id, slot]) },
    end: async (id, holder, reason) => (await database.query(endBackfill, [id, holder, reason ?? null])).length > 0,
  }
}
