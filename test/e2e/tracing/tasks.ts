/** What the worker of `tracing.test.ts` runs: a job that calls a task. */
import { task } from '../../../src/index.ts'

const render = task((text: string) => text.toUpperCase(), { name: 'render', required: true })

export const mail = task(({ text }: { text: string }) => render(text), { name: 'mail' })
