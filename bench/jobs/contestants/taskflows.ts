/** Us, as users have us: the worker of `tf worker` with all its loops, and the client without a server in between. */
import { fileURLToPath } from 'node:url'
import { type Working, openLocal, work } from '../../../src/app.ts'
import { type Config, readConfig } from '../../../src/config.ts'
import { type Contestant, type Producer, type Worker, inChunks, payloadOf } from '../contestant.ts'
import { noopTask, whenStarted } from '../noop-task.ts'

const concurrency = 100

export const leftSql = 'select exists (select from taskflows.ready) or exists (select from taskflows.leases) or exists (select from taskflows.held) as left'

export async function prepare(url: string): Promise<void> {
  const { close } = await openLocal(configFor(url))
  await close()
}

export async function producer(url: string): Promise<Producer> {
  const { client, close } = await openLocal(configFor(url))
  return {
    bulk: (n) => inChunks(n, (from, to) => client.jobs.addMany({ items: Array.from({ length: to - from }, (_, at) => ({ name: noopTask, payload: payloadOf(from + at) })) })),
    one: (i) => client.jobs.add({ name: noopTask, payload: payloadOf(i) }),
    close,
  }
}

export async function worker(url: string, { onStart }: Parameters<Contestant['worker']>[1]): Promise<Worker> {
  whenStarted(onStart)
  let working: Working | undefined
  return {
    start: async () => {
      working = await work(configFor(url), { modules: [fileURLToPath(new URL('../noop-task.ts', import.meta.url))], concurrency })
    },
    stop: async () => working?.stop(),
  }
}

/** Defaults, whatever the environment says. */
function configFor(url: string): Config {
  return readConfig({ databaseUrl: url, logLevel: 'warn' }, {})
}
