/** `tf runs ...`: how the ledger is shown. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { Printers } from '../printers.ts'

type Area = TaskflowsContract['runs']

export const runPrinters: Printers<Area> = {
  list: (page, { output }) => output.page(page, { name: ({ id }) => id, empty: 'No runs match.', columns: [{ header: 'ID', value: ({ id }) => id }] }),
  get: (run, { output }) => output.item(run, { name: run.id, text: () => run.id }),
  timeline: (page, { output }) => output.page(page, { name: ({ subject }) => subject, empty: 'Nothing is known under this correlation id.', columns: [{ header: 'AT', value: ({ at }) => at }] }),
}
