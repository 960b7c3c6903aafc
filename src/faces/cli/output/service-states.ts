/** The colours of what systemd and we say of services. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import type { Paint, Style } from './style.ts'

type Status = OutputOf<TaskflowsContract['services']['status']>['status']

export const statusStyles: Readonly<Record<Status, Style>> = {
  running: 'green', active: 'green', starting: 'yellow', stopping: 'yellow', restarting: 'yellow', waiting: 'cyan', inactive: 'dim', failed: 'red', not_loaded: 'red',
}

/** `not_loaded` as people read it. */
export function statusText(status: Status): string {
  return status.replace('_', ' ')
}

const dots: Readonly<Record<string, string>> = Object.fromEntries([
  ...['enabled', 'loaded', 'active', 'running', 'exited'].map((word) => [word, '🟢']),
  ...['disabled', 'failed', 'error', 'masked', 'not-found'].map((word) => [word, '🔴']),
  ['auto-restart', '🟠'],
])

/** A word with a dot of its colour before it, where there are colours. */
export function dotted(paint: Paint): (word: string | null) => string | null {
  const coloured = paint('green', '.') !== '.'
  return (word) => (word === null || !coloured ? word : `${dots[word] ?? '🟡'} ${word}`)
}
