/** What becomes of jobs when their worker is killed, stopped, blocked or frozen: real processes on a database of their own. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, inject, test } from 'vitest'
import { openLocal } from '../../src/app.ts'
import type { Client } from '../../src/client/index.ts'
import { readConfig } from '../../src/config.ts'
import type { TaskflowsContract } from '../../src/contract/index.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type Program, startTf } from './crash/program.ts'

const tasks = join(import.meta.dirname, 'crash/edge-tasks.ts')
const again = { strategy: 'fixed', base_delay_seconds: 0, jitter: 'none' } as const

// The long ones first: they run side by side, a few at a time.
describe.concurrent('a worker', { timeout: 60_000 }, () => {
  test('that was frozen for 15 s finds its job done elsewhere, does not overwrite that, and works on', async () => {
    await using site = await openSite()
    const frozen = await site.startWorker()
    const { id } = await site.client.jobs.add({ name: 'sleep', payload: { ms: 1_000 }, retry: again })
    await frozen.saw(new RegExp(`^began ${id} 1`))
    frozen.signal('SIGSTOP')
    const thawed = pause(15_000)
    const other = await site.startWorker()
    await other.saw(new RegExp(`^ended ${id} 2`))
    const done = await site.untilEnded(id)
    expect(done).toMatchObject({ state: 'SUCCEEDED', result: 2 })
    await thawed
    frozen.signal('SIGCONT')
    await frozen.saw(new RegExp(`^ended ${id} 1`))
    await frozen.saw(/lost 1 of its leases/)
    await other[Symbol.asyncDispose]()
    const next = await site.client.jobs.add({ name: 'sleep', payload: { ms: 0 } })
    await frozen.saw(new RegExp(`^ended ${next.id} 1`))
    expect(await site.untilEnded(next.id)).toMatchObject({ state: 'SUCCEEDED' })
    expect(await site.client.jobs.get({ id })).toEqual(done)
    expect(await site.outcomes(id)).toEqual(['lost', 'succeeded'])
  })

  test('whose handler blocks the event loop beyond its time-out loses the lease, and the job runs elsewhere', async () => {
    await using site = await openSite()
    const stuck = await site.startWorker()
    const { id } = await site.client.jobs.add({ name: 'block-at-first', timeout: 2 })
    await stuck.saw(new RegExp(`^began ${id} 1`))
    const beganAt = Date.now()
    const other = await site.startWorker()
    await other.saw(new RegExp(`^began ${id} 2`))
    expect(Date.now() - beganAt).toBeLessThan(20_000)
    expect(await site.untilEnded(id)).toMatchObject({ state: 'SUCCEEDED', result: 2 })
    expect(await site.outcomes(id)).toEqual(['lost', 'succeeded'])
  })

  test('whose handler blocks the event loop for 14 s keeps its lease', async () => {
    await using site = await openSite()
    const busy = await site.startWorker()
    const { id } = await site.client.jobs.add({ name: 'block', payload: { ms: 14_000 } })
    await busy.saw(new RegExp(`^began ${id} 1`))
    const other = await site.startWorker()
    expect(await site.untilEnded(id)).toMatchObject({ state: 'SUCCEEDED', result: 1, attempts: 1 })
    expect(other.said.filter((line) => line.startsWith('began'))).toEqual([])
  })

  test('that is killed has its running job run again within 15 s', async () => {
    await using site = await openSite()
    const doomed = await site.startWorker()
    const { id } = await site.client.jobs.add({ name: 'hang-at-first' })
    await doomed.saw(new RegExp(`^began ${id} 1`))
    const other = await site.startWorker()
    doomed.signal('SIGKILL')
    const killedAt = Date.now()
    await other.saw(new RegExp(`^began ${id} 2`))
    expect(Date.now() - killedAt).toBeLessThan(15_000)
    expect(await site.untilEnded(id)).toMatchObject({ state: 'SUCCEEDED', result: 2 })
    expect(await site.outcomes(id)).toEqual(['lost', 'succeeded'])
  })

  test('that is told to stop gives back what it has not begun, unspent, and lets what runs come to its end', async () => {
    await using site = await openSite()
    const worker = await site.startWorker('--concurrency', '1')
    // Many short jobs, so that it claims some of the long ones behind them ahead of time.
    const quick = Array.from({ length: 100 }, () => ({ name: 'sleep', payload: { ms: 5 } }))
    const long = Array.from({ length: 20 }, () => ({ name: 'sleep', payload: { ms: 1_500 } }))
    const { ids } = await site.client.jobs.addMany({ items: [...quick, ...long] })
    const [running, ...waiting] = ids.slice(quick.length)
    await worker.saw(new RegExp(`^began ${running} 1`))
    worker.signal('SIGTERM')
    const { items } = await untilReleased(site.client)
    expect(items.map(({ subject }) => subject).toSorted()).toEqual(waiting.slice(0, items.length).toSorted())
    // It is still at work: they did not come back by its end.
    expect(await site.client.jobs.get({ id: running! })).toMatchObject({ state: 'RUNNING' })
    expect(await worker.ended).toEqual({ code: 0, signal: null })
    expect(await site.client.jobs.get({ id: running! })).toMatchObject({ state: 'SUCCEEDED', attempts: 1 })
    for (const id of waiting) expect(await site.client.jobs.get({ id })).toMatchObject({ state: 'PENDING', attempts: 0 })
    expect(worker.said.filter((line) => line.startsWith(`began ${waiting[0]}`))).toEqual([])
  })

  test('whose handler never ends stops within 10 s all the same, and the job waits for another, unspent', async () => {
    await using site = await openSite()
    const worker = await site.startWorker()
    const { id } = await site.client.jobs.add({ name: 'hang-at-first' })
    await worker.saw(new RegExp(`^began ${id} 1`))
    worker.signal('SIGTERM')
    const toldAt = Date.now()
    await worker.saw(new RegExp(`^told ${id} shutdown`))
    expect(await worker.ended).toEqual({ code: 0, signal: null })
    expect(Date.now() - toldAt).toBeLessThan(10_000)
    expect(await site.client.jobs.get({ id })).toMatchObject({ state: 'PENDING', attempts: 0 })
    expect(await site.outcomes(id)).toEqual([])
  })

  test('hears of a cancel from another process within 2 s, and so does its handler', async () => {
    await using site = await openSite()
    const worker = await site.startWorker()
    const { id } = await site.client.jobs.add({ name: 'hang-at-first' })
    await worker.saw(new RegExp(`^began ${id} 1`))
    const askedAt = Date.now()
    expect(await site.client.jobs.cancel({ id, reason: 'changed my mind' })).toMatchObject({ state: 'CANCELLED' })
    await worker.saw(new RegExp(`^told ${id} cancelled`))
    expect(Date.now() - askedAt).toBeLessThan(2_000)
    expect(await site.outcomes(id)).toEqual(['cancelled'])
  })
})

interface Site extends AsyncDisposable {
  /** Works on the database from this process. */
  readonly client: Client<TaskflowsContract>
  /** Resolves when it takes jobs. */
  startWorker(...flags: string[]): Promise<Program>
  /** The job, once it is in a final state. */
  untilEnded(id: string): ReturnType<Client<TaskflowsContract>['jobs']['get']>
  outcomes(id: string): Promise<string[]>
}

async function openSite(): Promise<Site> {
  const stack = new AsyncDisposableStack()
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'tf-crash-')))
  stack.defer(() => rmSync(home, { recursive: true }))
  const { url: databaseUrl } = stack.use(await createTestDatabase(inject('postgresUrl')))
  const { client, close } = await openLocal(readConfig({ home, databaseUrl }, {}))
  stack.defer(close)
  return {
    client,
    startWorker: async (...flags) => {
      const worker = stack.use(startTf(['worker', tasks, ...flags], { home, databaseUrl }))
      await worker.saw(/^worker .* runs /)
      return worker
    },
    untilEnded: async (id) => {
      for (;;) {
        const job = await client.jobs.get({ id })
        if (['SUCCEEDED', 'FAILED', 'DEAD', 'CANCELLED'].includes(job.state)) return job
        await pause(50)
      }
    },
    outcomes: async (id) => (await client.jobs.attempts({ id })).items.map(({ outcome }) => outcome),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function untilReleased(client: Client<TaskflowsContract>) {
  for (;;) {
    const released = await client.events.list({ type: 'job.released' })
    if (released.items.length > 0) return released
    await pause(20)
  }
}
