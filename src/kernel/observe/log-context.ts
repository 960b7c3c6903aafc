/**
 * What every log line of an async context carries besides its own fields: the
 * ids of a request, and what sources such as the running task add.
 *
 * The state hangs on globalThis, so that a module that resolved another copy of
 * this package logs within the same context.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** Fields of log lines, in snake_case. The ids of `log-line.ts` have places of their own in a line, all others are context. */
export type LogFields = Readonly<Record<string, unknown>>

interface Shared {
  readonly storage: AsyncLocalStorage<LogFields>
  readonly sources: Set<() => LogFields | undefined>
}

const key = Symbol.for('taskflows.log-context')
const shared: Shared = ((globalThis as Record<symbol, unknown>)[key] ??= { storage: new AsyncLocalStorage<LogFields>(), sources: new Set() } satisfies Shared) as Shared

/** Runs `work` with these fields in each of its log lines, besides those that hold already. */
export function withLogContext<T>(fields: LogFields, work: () => T): T {
  return shared.storage.run({ ...shared.storage.getStore(), ...fields }, work)
}

/** Adds fields to what the rest of this async context logs. */
export function addLogContext(fields: LogFields): void {
  shared.storage.enterWith({ ...shared.storage.getStore(), ...fields })
}

/** The rest of this async context logs without added fields. */
export function clearLogContext(): void {
  shared.storage.enterWith({})
}

/** Asked at each line that is written; what it answers has less weight than what was set. Returns what takes it away again. */
export function addLogSource(source: () => LogFields | undefined): () => void {
  shared.sources.add(source)
  return () => { shared.sources.delete(source) }
}

/** Adds what holds here and now to a list by weight: what was set, then what each source answers. */
export function currentLogFields(all: object[] = []): object[] {
  const set = shared.storage.getStore()
  if (set) all.push(set)
  for (const source of shared.sources) {
    const fields = asked(source)
    if (fields) all.push(fields)
  }
  return all
}

/** A source that fails takes nobody's line away. */
function asked(source: () => LogFields | undefined): LogFields | undefined {
  try {
    return source()
  } catch {
    return undefined
  }
}
