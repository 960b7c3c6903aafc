/** BullMQ on Redis as it comes: a crash of the server may lose what was acknowledged. JavaScript, because its types are installed only for the bench. */
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { keepInFlight, payloadOf } from '../contestant.ts'

const name = 'noop'
const unfinished = ['wait', 'active', 'delayed', 'prioritized']
/** It keeps every finished job unless told not to; history costs it memory, so this is its fast mode. */
const options = { removeOnComplete: true }

export const store = 'redis'

export async function prepare() {}

export async function watch(path) {
  const connection = open(path)
  const queue = new Queue(name, { connection })
  return {
    left: async () => Object.values(await queue.getJobCounts(...unfinished)).some((count) => count > 0),
    close: async () => {
      await queue.close()
      connection.disconnect()
    },
  }
}

export async function producer(path) {
  const queue = new Queue(name, { connection: open(path) })
  await queue.waitUntilReady()
  return {
    // Its bulk call is one script per job in a pipeline: 1,000 per call with 4 under way was the best of several.
    bulk: (n) => keepInFlight(Math.ceil(n / 1000), 4, (chunk) => {
      const from = chunk * 1000
      return queue.addBulk(Array.from({ length: Math.min(n - from, 1000) }, (_, at) => ({ name, data: payloadOf(from + at), opts: options })))
    }),
    one: (i) => queue.add(name, payloadOf(i), options),
    close: () => queue.close(),
  }
}

export async function worker(path, { onStart }) {
  const running = new Worker(name, async (job) => onStart(job.data.i), { connection: open(path), concurrency: 50, autorun: false })
  running.on('error', () => {})
  await running.waitUntilReady()
  return {
    start: async () => { void running.run() },
    stop: () => running.close(),
  }
}

function open(path) {
  return new Redis({ path, maxRetriesPerRequest: null })
}
