/** Calls its own task while it is loaded, as a module does that forgot `if (import.meta.main)`. */
import { createRunIsolated } from '../../../src/adapters/child-process/index.ts'
import { newId } from '../../../src/kernel/ids.ts'
import { task } from '../../../src/index.ts'

export const work = task(() => 'done', { name: 'work' })

/** Stands for a call of an isolated task, in whose failure nobody is interested. */
export function callWork(): Promise<unknown> {
  return createRunIsolated(() => process.env)({
    module: import.meta.url, name: 'work', args: [], signal: new AbortController().signal, onProgress: () => {},
    run: { id: newId(Date.now()), attempt: 1, startedAt: Date.now(), correlationId: 'itself', traceparent: '' },
  }).catch(() => undefined)
}

// A test loads this module too, and calls it then.
if (process.argv[1]?.includes('child-process')) await callWork()
