/** The same without a server: nobody would be there to carry it out. */
import { TaskflowsError } from '../../../kernel/errors.ts'
import type { Backfills } from './backfills.ts'

const refuse = async (): Promise<never> => {
  throw new TaskflowsError('backfill.needs_server', 'times are made up for by a server, and none runs')
}

export const noBackfills: Backfills = { plan: refuse, start: refuse, list: refuse, get: refuse, cancel: refuse }
