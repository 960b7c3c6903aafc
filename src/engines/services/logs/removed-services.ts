/** Services that are not on this host any more, by what they left in the journal. */
import { TaskflowsError } from '../../../kernel/errors.ts'
import { isGlob } from '../../../kernel/glob.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { LogSource, ServiceJournal, UnitNames } from './service-journal.ts'

const scopes = ['user', 'system'] as const

/**
 * The units that a name or a pattern meant, as far as systemd ever spoke of them; `undefined` when it never did, or when
 * the journal cannot be asked: a service that is not there is the better answer then.
 */
export async function unitsLeftBy(match: string, scope: ServiceScope | undefined, journal: ServiceJournal, signal: AbortSignal): Promise<UnitNames | undefined> {
  const unit = unitsLike(match)
  const asked = scope === undefined ? scopes : [scope]
  const left = await Promise.all(asked.map(async (of) => ({ of, isThere: await wasSpokenOf(unit, of, journal, signal) })))
  const found = left.filter(({ isThere }) => isThere).map(({ of }) => of)
  if (found.length === 0) return undefined
  const [user, system] = scopes.map((of) => (found.includes(of) ? [unit] : [])) as [string[], string[]]
  return { user, system }
}

export function noteOnRemoved(match: string): string {
  return isGlob(match) ? `no service has a name like ${match} any more: these are the lines that such left in the journal` : `${match} is not on this host any more: these are the lines that it left in the journal`
}

/** Any program may log under the name of a service; only systemd says that there was one. */
async function wasSpokenOf(unit: string, scope: ServiceScope, journal: ServiceJournal, signal: AbortSignal): Promise<boolean> {
  const source: LogSource = isGlob(unit) ? { kind: 'units', units: { user: [], system: [], [scope]: [unit] } } : { kind: 'about', unit, scope }
  try {
    for await (const batch of journal.read({ source, reverse: true }, signal)) if (batch.some(({ bySystemd }) => bySystemd)) return true
  } catch (error) {
    if (!(error instanceof TaskflowsError)) throw error
  }
  return false
}

/** Of a service, of an instance, or of a template, which means all of its instances. A unit's own name will do. */
function unitsLike(match: string): string {
  const name = match.replace(/^taskflows-/, '').replace(/\.service$/, '')
  return `taskflows-${name.endsWith('@') ? `${name}*` : name}.service`
}
