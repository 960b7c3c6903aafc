/** `tf api tokens ...`: how API tokens are shown, and the one time that a credential is. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import type { Listing } from '../output/output.ts'
import type { Style } from '../output/style.ts'
import { localTime, shortTime } from '../output/time.ts'
import { visible } from '../output/visible.ts'
import type { Printers } from '../printers.ts'

type Area = TaskflowsContract['tokens']
type Token = OutputOf<Area['list']>['items'][number]

export const tokenPrinters: Printers<Area> = {
  // The credential has a line of its own on stdout, so that `$(tf api tokens create ci)` is the credential.
  create: async ({ token, ...created }, { output, talk }) => {
    await output.item({ ...created, token }, { name: token, text: () => token })
    talk.note(`${sentence(created)}. It is not shown again.`)
    talk.note('Use it as TASKFLOWS_TOKEN with tf, or as the header Authorization: Bearer.')
  },
  list: (page, { output }) => output.page(page, tokenListing()),
  revoke: (token, { output }) => output.item(token, { name: token.id, text: () => `token ${visible(fullName(token))} is revoked since ${localTime(token.revoked_at!)}, by ${visible(token.revoked_by!)}` }),
}

function sentence(token: Token): string {
  const until = token.expires_at === null ? 'for ever' : `until ${localTime(token.expires_at)}`
  return `token ${fullName(token)} is ${token.role} of ${token.tenant_id === null ? 'all tenants' : `the tenant ${token.tenant_id}`}, ${until}`
}

/** As it is named in the event log and to `revoke`. */
function fullName({ name, tenant_id }: Token): string {
  return tenant_id === null ? name : `${tenant_id}/${name}`
}

const stateStyles: Readonly<Record<Token['state'], Style>> = { live: 'green', expired: 'yellow', revoked: 'red' }

function tokenListing(): Listing<Token> {
  const nowMs = Date.now()
  const when = (iso: string | null) => iso && shortTime(iso, nowMs)
  // It is kept to the minute, so seconds would say what nobody knows.
  const used = (iso: string | null) => (iso !== null && nowMs - Date.parse(iso) < 120_000 ? 'just now' : when(iso) ?? 'never')
  return {
    name: ({ id }) => id,
    empty: 'No tokens match.',
    columns: [
      { header: 'NAME', value: ({ name }) => name, flexible: true },
      { header: 'ROLE', value: ({ role }) => role },
      { header: 'TENANT', value: ({ tenant_id }) => tenant_id, flexible: true },
      { header: 'STATE', value: ({ state }) => state, style: ({ state }) => stateStyles[state] },
      { header: 'EXPIRES', value: ({ expires_at }) => when(expires_at) ?? 'never' },
      { header: 'LAST USED', value: ({ last_used_at }) => used(last_used_at) },
      { header: 'CREATED BY', value: ({ created_by }) => created_by, flexible: true },
    ],
    moreColumns: [
      { header: 'ID', value: ({ id }) => id },
      { header: 'RATE LIMIT', value: ({ rate_limit }) => rate_limit, align: 'right' },
      { header: 'CREATED', value: ({ created_at }) => when(created_at) },
      { header: 'REVOKED', value: ({ revoked_at }) => when(revoked_at) },
      { header: 'REVOKED BY', value: ({ revoked_by }) => revoked_by, flexible: true },
    ],
  }
}
