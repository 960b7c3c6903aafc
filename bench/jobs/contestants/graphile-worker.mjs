/** Graphile Worker with its local queue, which is its fast mode. JavaScript, because its types are installed only for the bench. */
import { Logger, makeWorkerUtils, run, runMigrations } from 'graphile-worker'
import pg from 'pg'
import { inChunks, payloadOf } from '../contestant.ts'

const concurrency = 100
const logger = new Logger(() => () => {})

export const leftSql = 'select exists (select from graphile_worker._private_jobs) as left'

export async function prepare(url) {
  await runMigrations({ connectionString: url, logger })
}

export async function producer(url) {
  const pgPool = poolOf(url, 10)
  const utils = await makeWorkerUtils({ pgPool, logger })
  return {
    bulk: (n) => inChunks(n, (from, to) => utils.addJobs(Array.from({ length: to - from }, (_, at) => ({ identifier: 'noop', payload: payloadOf(from + at) })))),
    one: (i) => utils.addJob('noop', payloadOf(i)),
    close: async () => {
      await utils.release()
      await pgPool.end()
    },
  }
}

export async function worker(url, { onStart }) {
  const pgPool = poolOf(url, concurrency + 1)
  await pgPool.query('select 1')
  let runner
  return {
    start: async () => {
      runner = await run({
        pgPool, logger, noHandleSignals: true,
        preset: { worker: { concurrentJobs: concurrency, localQueue: { size: 2000, refetchDelay: { durationMs: 10 } }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
        taskList: { noop: (payload) => onStart(payload.i) },
      })
    },
    stop: async () => {
      await runner?.stop()
      await pgPool.end()
    },
  }
}

function poolOf(connectionString, max) {
  const pool = new pg.Pool({ connectionString, max })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}
