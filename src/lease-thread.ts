/**
 * The entry of the thread that renews a worker's leases: the composition root of
 * a `LeaseKeeper`, as `app.ts` is that of the process.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { ClientConfig } from 'pg'
import { createPostgres } from './adapters/database/postgres/index.ts'
import { createLeaseKeeper, sharedPulse, type ToKeeper } from './engines/jobs/lease-keeper.ts'
import { systemClock } from './kernel/clock.ts'

/** What the thread is started with. */
export interface LeaseThreadData {
  readonly worker: string
  readonly address: ClientConfig
  readonly schema: string
  readonly memory: SharedArrayBuffer
}

if (!isMainThread && parentPort) {
  const port = parentPort
  const { worker, address, schema, memory } = workerData as LeaseThreadData
  const database = createPostgres({ source: { ensure: async () => address }, schema, max: 1, patienceMs: 5_000 })
  const keeper = createLeaseKeeper({ database, clock: systemClock, worker, pulse: sharedPulse(memory), tell: (message) => port.postMessage(message) })
  port.on('message', (message: ToKeeper) => keeper.hear(message))
  await keeper.done
  await database.close()
  port.close()
}
