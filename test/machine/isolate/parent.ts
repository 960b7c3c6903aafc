/** A process that runs one isolated attempt, and is killed meanwhile. Its arguments: the name of the task, and those of the task as JSON. */
import { createRunIsolated } from '../../../src/adapters/child-process/index.ts'
import { newId } from '../../../src/kernel/ids.ts'

const [name = '', args = '[]'] = process.argv.slice(2)
await createRunIsolated(() => process.env)({
  module: new URL('./tasks.ts', import.meta.url).href, name, args: JSON.parse(args) as unknown[],
  run: { id: newId(Date.now()), attempt: 1, startedAt: Date.now(), correlationId: 'of the parent', traceparent: '' },
  signal: new AbortController().signal, onProgress: () => console.log('progress'),
})
