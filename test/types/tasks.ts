/** What the compiler knows of tasks; `tsc` is the test. */
import { Alerts, type TaskFailure, TaskLogger, type TaskOptions, getCurrentRun, isTaskFailure, runTask, task } from 'taskflows'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function holds<_ extends true>(): void {}

const measure = async (path: string, deep = false): Promise<number> => (deep ? path.length : 0)

export async function answers(): Promise<void> {
  const best = task(measure)
  const required = task(measure, { required: true, retries: 3, timeout: '5s' })
  const sync = task((n: number) => `${n}`, { name: 'sync', required: true })
  holds<Same<Parameters<typeof best>, Parameters<typeof measure>>>()
  holds<Same<ReturnType<typeof best>, Promise<number | TaskFailure>>>()
  holds<Same<ReturnType<typeof required>, Promise<number>>>()
  holds<Same<ReturnType<typeof sync>, Promise<string>>>()

  const length = await best('a')
  if (isTaskFailure(length)) holds<Same<typeof length.outcome, 'failed' | 'timed_out' | 'cancelled'>>()
  else holds<Same<typeof length, number>>()

  // @ts-expect-error: a failure is no number
  const certain: number = await best('a')
  // @ts-expect-error: an argument of another type
  await required(7)
  return void certain
}

export async function others(options: TaskOptions): Promise<void> {
  const required = task(measure, { required: true })
  const kept = await runTask(required, { retries: 1 }, 'a', true)
  holds<Same<typeof kept, number>>()
  const loosened = await runTask(required, { required: false }, 'a')
  holds<Same<typeof loosened, number | TaskFailure>>()
  const plain = await runTask(measure, {}, 'a')
  holds<Same<typeof plain, number | TaskFailure>>()
  const strict = await runTask(measure, { required: true }, 'a')
  holds<Same<typeof strict, number>>()
  const unknown = task(measure, options)
  holds<Same<Awaited<ReturnType<typeof unknown>>, number | TaskFailure>>()
  // @ts-expect-error: an argument is missing
  await runTask(measure, {})
  // @ts-expect-error: options of another form
  await runTask(measure, { retries: 'often' }, 'a')
  holds<Same<NonNullable<ReturnType<typeof getCurrentRun>>['signal'], AbortSignal>>()
}

class Loud extends TaskLogger {
  override onTaskError(error: unknown): void {
    void super.onTaskError(error)
  }
}

task(measure, { cacheKey: (path, deep) => `${path.toUpperCase()}${deep}`, cacheFor: '5m', hooks: new Loud(), logger: console, concurrency: 3 })
task(measure, { hooks: { onTaskFinish: ({ success, retries }, run) => void [success, retries.toFixed(), run.name] } })
// @ts-expect-error: an option that does not exist
task(measure, { retires: 3 })
// @ts-expect-error: an event that does not exist
export const alerts = () => new Alerts({ sendTo: [], sendOn: ['success'] })
// @ts-expect-error: a key that is made from other arguments
task(measure, { cacheKey: (path: number) => `${path}`, cacheFor: 5 })
