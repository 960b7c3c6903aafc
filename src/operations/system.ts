/** The operations on the server itself. */
import { system } from '../contract/system.ts'
import { TaskflowsError } from '../kernel/errors.ts'
import type { OperationContext } from './context.ts'
import { implement } from './implement.ts'
import { showServer } from './show.ts'

/** Whoever asks for health wants an answer, also when the database hangs. */
const healthPatienceMs = 3_000

export const systemOperations = implement(system, {
  health: async (_input, context) => {
    await withPatience(context, context.system.checkHealth())
    return { status: 'ok' as const }
  },
  info: async (_input, { system: server, jobs, caller }) => {
    // Workers work for all tenants, and their tasks and queues tell of them.
    const [described, workers] = await Promise.all([server.describe(), caller.tenant === null ? jobs.workers() : []])
    return showServer(described, workers)
  },
})

async function withPatience({ clock }: OperationContext, check: Promise<void>): Promise<void> {
  const done = new AbortController()
  const late = clock.sleep(healthPatienceMs, done.signal).then(() => {
    if (!done.signal.aborted) throw new TaskflowsError('database.unreachable', `the database did not answer within ${healthPatienceMs / 1000} s`)
  })
  try {
    await Promise.race([check, late])
  } finally {
    done.abort()
  }
}
