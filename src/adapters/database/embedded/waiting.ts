/** Waiting with a limit, and telling people about it. */
import { systemClock } from '../../../kernel/clock.ts'
import { formatDuration } from '../../../kernel/duration.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'

/** Is told in words what takes long. */
export type OnProgress = (message: string) => void

const tellEveryMs = 5_000
const lookEveryMs = 20

/** Recovery after a crash replays at most a checkpoint's worth of changes. */
const patienceMs = 60_000

/** Looks until `condition` holds. @throws `postgres.start_failed` after 60 s. */
export async function waitFor(what: string, onProgress: OnProgress, condition: () => boolean | Promise<boolean>): Promise<void> {
  const since = Date.now()
  await telling(what, onProgress, async () => {
    while (!(await condition())) {
      if (Date.now() - since > patienceMs) throw tooLong(what)
      await systemClock.sleep(lookEveryMs)
    }
  })
}

/** Does `work`, and says every 5 s that it is still waited for. */
export async function telling<T>(what: string, onProgress: OnProgress, work: () => Promise<T>): Promise<T> {
  const since = Date.now()
  const timer = setInterval(() => onProgress(`Waiting for ${what} (${formatDuration(Date.now() - since)})`), tellEveryMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

function tooLong(what: string): TaskflowsError {
  return new TaskflowsError('postgres.start_failed', `Waited ${formatDuration(patienceMs)} for ${what}, but it accepts no logins`, {
    hint: 'The file `log` there says what it does. A recovery goes on where it stopped if you try again.',
  })
}
