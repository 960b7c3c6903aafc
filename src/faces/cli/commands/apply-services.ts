/** What applying definitions did, for `tf create` and `tf rollback`. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import { exitCodes } from '../../../kernel/errors.ts'
import type { Listing } from '../output/output.ts'
import type { Style } from '../output/style.ts'
import type { Talk } from '../output/talk.ts'
import type { Print } from '../printers.ts'

type Applied = OutputOf<TaskflowsContract['services']['apply']>
type Item = Applied['items'][number]

export const printApplied: Print<Applied> = async (applied, { output, talk, values }) => {
  if (output.format === 'json' || output.format === 'yaml') await output.item(applied, { name: '', text: () => '' })
  else await output.page(applied, appliedListing(applied.hostname))
  const code = tellApplied(applied, talk)
  if (values['noStart'] !== true) tellNotStarted(applied, talk)
  return code
}

/** What is said besides, and the exit code. */
export function tellApplied(applied: Applied, talk: Talk): number {
  for (const { name, warnings } of applied.plan.changes) for (const warning of warnings) talk.warn(`${name}: ${warning}`)
  talk.note(summary(applied))
  const failed = applied.items.filter(({ problem }) => problem !== null)
  for (const { name, problem } of failed) talk.warn(`${name}: ${problem!}`)
  return failed.length === 0 ? exitCodes.ok : failed.length === applied.items.length ? exitCodes.error : exitCodes.partial
}

const mostNamed = 10

/** New ones with neither a schedule nor a start at boot: nothing starts them but a command. */
function tellNotStarted({ plan, items }: Applied, talk: Talk): void {
  const begun = new Set(plan.changes.filter(({ steps }) => steps.some(({ verb }) => verb === 'start')).map(({ name }) => name))
  const asleep = items.filter(({ name, action }) => action === 'create' && !begun.has(name)).map(({ name }) => name)
  if (asleep.length === 0) return
  talk.note(`not started: ${asleep.length > mostNamed ? `${asleep.length} services` : asleep.join(', ')}. tf start NAME starts one; with enabled: true, tf create and each boot do`)
}

const words: Readonly<Record<Item['action'], string>> = { create: 'created', update: 'changed', remove: 'removed', none: 'unchanged', rolled_back: 'rolled back' }
const styles: Readonly<Record<Item['action'], Style>> = { create: 'green', update: 'yellow', remove: 'red', none: 'dim', rolled_back: 'red' }

function appliedListing(hostname: string): Listing<Item> {
  return {
    name: ({ name }) => name,
    empty: 'There is nothing to do.',
    columns: [
      { header: 'TYPE', value: () => 'Service' },
      { header: 'NAME', value: ({ name }) => name },
      { header: 'SCOPE', value: ({ scope }) => scope, spare: 1 },
      { header: 'DONE', value: ({ action }) => words[action], style: ({ action }) => styles[action] },
      { header: 'VERSION', value: ({ version }) => version, align: 'right' },
    ],
    moreColumns: [
      { header: 'HOST', value: () => hostname },
      { header: 'PROBLEM', value: ({ problem }) => problem, flexible: true },
    ],
  }
}

function summary({ items, reloads }: Applied): string {
  const counts = Object.entries(Object.groupBy(items, ({ action }) => action)).map(([action, of]) => `${of.length} ${words[action as Item['action']]}`)
  const told = reloads === 0 ? 'systemd was told nothing' : `systemd read its units ${reloads === 1 ? 'once' : `${reloads} times`}`
  return `${counts.join(', ') || 'nothing to do'}; ${told}`
}
