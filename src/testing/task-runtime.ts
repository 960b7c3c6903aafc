/** What tasks use from outside, where a test can look at it: a clock that obeys, lines and alerts in lists. */
import type { AlertMessage } from '../kernel/alerts/message.ts'
import type { Log } from '../kernel/observe/log.ts'
import { type TaskRuntime, useRuntime } from '../engines/tasks/index.ts'
import * as messages from '../engines/tasks/task-messages.ts'
import { FakeClock } from './fake-clock.ts'

export interface LogLine {
  readonly level: keyof Log
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Keeps what is logged. */
export function recordLog(lines: LogLine[]): Log {
  const line = (level: keyof Log): Log['info'] => (fields, message) => void lines.push({ level, message, fields: { ...fields } })
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}

/** In force until it is disposed of. Delays are drawn at their longest. */
export function useTestRuntime(parts: Partial<TaskRuntime> = {}) {
  const clock = new FakeClock()
  const lines: LogLine[] = []
  const alerts: { readonly destination: object; readonly message: AlertMessage }[] = []
  const runtime: TaskRuntime = {
    clock, random: () => 1, log: recordLog(lines), observers: new Set(), logLink: () => undefined, traceparent: undefined, correlationId: undefined,
    alerts: { send: (destination, compose) => void alerts.push({ destination, message: compose(messages) }), drain: async () => {} },
    runIsolated: () => Promise.reject(new Error('not in this test')),
    ...parts,
  }
  const inForce = useRuntime(runtime)
  return { clock, lines, alerts, [Symbol.dispose]: () => inForce[Symbol.dispose]() }
}
