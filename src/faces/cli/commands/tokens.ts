/** `tf api tokens ...`: how API tokens are shown. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { Printers } from '../printers.ts'

type Area = TaskflowsContract['tokens']

export const tokenPrinters: Printers<Area> = {
  create: (token, { output }) => output.item(token, { name: token.token, text: () => token.token }),
  list: (page, { output }) => output.page(page, { name: ({ id }) => id, empty: 'No tokens match.', columns: [{ header: 'NAME', value: ({ name }) => name }] }),
  revoke: (token, { output }) => output.item(token, { name: token.id, text: () => `token ${token.name} is revoked` }),
}
