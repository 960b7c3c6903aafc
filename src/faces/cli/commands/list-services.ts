/** `tf list`: the services of a host, and how each stands in a word. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { isGlob } from '../../../kernel/glob.ts'
import { connect } from '../connect.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import type { Listing } from '../output/output.ts'
import { statusStyles, statusText } from '../output/service-states.ts'
import { type ZonedTime, zonedTime } from '../output/zoned-time.ts'

export type Service = OutputOf<TaskflowsContract['services']['list']>['items'][number]
type Page = OutputOf<TaskflowsContract['services']['list']>

/** What the line says of which services are meant. */
export interface Which {
  readonly match?: string
  readonly scope?: 'user' | 'system'
  readonly running?: true
}

export const run: RunCommand = async (invocation) => {
  const { match, scope, running } = whichOf(invocation)
  await using connection = await connect(invocation, 'services')
  const page = await connection.client.services.list({ details: false, ...(match !== undefined && { match }), ...(scope && { scope }), ...(running && { running }) })
  refuseUnknown(page, match, running)
  await invocation.output(false).page(page, listing(page.items, zonedTime(invocation.config.displayTimezone), running))
}

/** `tf list web` or `tf list --match web`. */
export function whichOf({ values }: Invocation): Which {
  const { name, match, ...rest } = values as Which & { readonly name?: string }
  if (name !== undefined && match !== undefined) throw new TaskflowsError('cli.usage', `--match: expected one pattern, got ${JSON.stringify(name)} and ${JSON.stringify(match)}`)
  const pattern = name ?? match
  return { ...rest, ...(pattern !== undefined && { match: pattern }) }
}

/** A name that is not there is a mistake; a filter that leaves nothing is not. */
export function refuseUnknown({ items }: Page, match: string | undefined, running: true | undefined): void {
  if (items.length > 0 || match === undefined || running) return
  throw new TaskflowsError('service.not_found', isGlob(match) ? `no service is named like ${JSON.stringify(match)}` : `there is no service ${JSON.stringify(match)}`, { details: { match } })
}

/** What a list says that has nothing in it. */
export function nothingOf(running: true | undefined): string {
  return running ? 'None of the services is running.' : 'There are no services. tf create PATH makes those that a file defines.'
}

function listing(items: readonly Service[], time: ZonedTime, running: true | undefined): Listing<Service> {
  const scopes = new Set(items.map(({ scope }) => scope))
  const scope = { header: 'SCOPE', value: ({ scope: of }: Service) => of }
  return {
    name: ({ name }) => name,
    empty: nothingOf(running),
    columns: [
      { header: 'SERVICE', value: ({ name }) => name },
      { header: 'STATUS', value: ({ status, active_runs: runs }) => `${statusText(status)}${runs > 1 ? ` (${runs} runs)` : ''}`, style: ({ status }) => statusStyles[status] },
      ...(scopes.size > 1 ? [scope] : []),
      { header: 'AT BOOT', value: ({ service_enabled, timer_enabled }) => ((timer_enabled ?? service_enabled) ? 'yes' : 'no'), spare: 2 },
      { header: `NEXT START (${time.zone})`, value: ({ next_start: at }) => at && time.short(at), spare: 3 },
      { header: 'SCHEDULE', value: ({ schedule }) => schedule, flexible: true },
      { header: 'DESCRIPTION', value: ({ description }) => description, flexible: true, spare: 1 },
    ],
    moreColumns: [
      ...(scopes.size > 1 ? [] : [scope]),
      { header: 'UNIT', value: ({ unit }) => unit },
      { header: 'HOST', value: ({ hostname }) => hostname },
    ],
  }
}
