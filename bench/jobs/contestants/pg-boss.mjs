/** pg-boss with big batches and notifications, its fast mode. JavaScript, because its types are installed only for the bench. */
import { PgBoss } from 'pg-boss'
import { inChunks, payloadOf } from '../contestant.ts'

const queue = 'noop'

export const leftSql = `select exists (select from pgboss.job where name = '${queue}' and state < 'completed') as left`

export async function prepare(url) {
  const boss = await open(url, { migrate: true })
  await boss.createQueue(queue, { partition: true, notify: true })
  await boss.stop()
}

export async function producer(url) {
  const boss = await open(url)
  return {
    bulk: (n) => inChunks(n, (from, to) => boss.insert(queue, Array.from({ length: to - from }, (_, at) => ({ data: payloadOf(from + at) })))),
    one: (i) => boss.send(queue, payloadOf(i)),
    close: () => boss.stop({ graceful: false }),
  }
}

export async function worker(url, { mode, onStart }) {
  const boss = await open(url, { useListenNotify: true })
  const options = mode === 'latency'
    ? { batchSize: 1, localConcurrency: 1, notifyPollingIntervalSeconds: 30 }
    : { batchSize: 2000, localConcurrency: 2, notifyPollingIntervalSeconds: 0.5 }
  return {
    start: () => boss.work(queue, { pollingIntervalSeconds: 0.5, burstWhenBatchFull: true, ...options }, async (jobs) => {
      for (const job of jobs) onStart(job.data.i)
    }),
    stop: () => boss.stop({ graceful: true, timeout: 5000 }),
  }
}

async function open(url, options = {}) {
  const boss = new PgBoss({ connectionString: url, max: 10, supervise: false, schedule: false, migrate: false, ...options })
  boss.on('error', () => {})
  boss.on('warning', () => {})
  await boss.start()
  return boss
}
