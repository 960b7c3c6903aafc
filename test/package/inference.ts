/** What the compiler knows of tasks, payloads and answers in a project that has installed the package. */
import { type JobContext, NonRetryableError, type Task, type TaskFailure, defineJobs, enqueue, isTask, task } from 'taskflows'
import { type Client, connectTo } from 'taskflows/client'
import { type Job, type TaskflowsContract, contract } from 'taskflows/contract'
import { type Clock, FakeClock, type TestDatabase } from 'taskflows/testing'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function holds<_ extends true>(): void {}

export const resize = task(async ({ path }: { path: string }, { signal }: JobContext) => (signal.aborted ? 0 : path.length), { name: 'resize', timeout: '2m' })
export const tick = task(() => 'tock', { required: true })
export const some = defineJobs({ resize, plain: () => 1 })

holds<Same<Parameters<typeof resize>[0], { path: string }>>()
holds<Same<ReturnType<typeof resize>, Promise<number | TaskFailure>>>()
holds<Same<ReturnType<typeof tick>, Promise<string>>>()
// @ts-expect-error: an option that does not exist
task(() => 1, { name: 'x', retires: 3 })
// @ts-expect-error: a strategy that does not exist
task(() => 1, { name: 'x', retries: { strategy: 'sometimes' } })

export async function added(client: { query(text: string, values: unknown[]): Promise<{ rows: unknown[] }> }): Promise<boolean> {
  await enqueue(client, resize, { path: 'a.png' }, { delay: '5m', uniqueKey: 'a' })
  await enqueue(client, tick)
  await enqueue(client, 'by-name', { any: ['thing'] })
  // @ts-expect-error: the payload of another task
  await enqueue(client, resize, { file: 'a.png' })
  // @ts-expect-error: a payload is missing
  await enqueue(client, resize)
  const { created } = await enqueue(client, tick, undefined, { tenant: 'acme' })
  return created
}

export async function asked(taskflows: Client<TaskflowsContract>): Promise<Job['state']> {
  const { id, warnings } = await taskflows.jobs.add({ name: 'resize', payload: { path: 'a.png' } })
  const { items, next_cursor } = await taskflows.jobs.list({ state: 'DEAD' })
  holds<Same<typeof next_cursor, string | null>>()
  // @ts-expect-error: a state that does not exist
  await taskflows.jobs.list({ state: 'ALIVE' })
  // @ts-expect-error: an operation that does not exist
  await taskflows.jobs.destroy({ id })
  return items[0]?.state ?? (warnings.length > 0 ? 'PENDING' : 'RUNNING')
}

export const client: Client<TaskflowsContract> = connectTo({ url: 'http://127.0.0.1:7777', secret: 'x'.repeat(32) })
export const path: '/jobs/{id}' | string = contract.jobs.get.path
export const clock: Clock = new FakeClock(0)
export const urlOf = ({ url }: TestDatabase): string => url
export const checked = (value: unknown): Task | NonRetryableError => (isTask(value) ? value : new NonRetryableError('no task'))
