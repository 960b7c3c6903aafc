/** What the services of this host wrote to the journal, for `tf logs` and `tf status`. */
import { createUnitJournal, type UnitEntry, type UnitQuery } from './adapters/journal/unit-journal.ts'
import type { Config } from './config.ts'
import { TaskflowsError } from './kernel/errors.ts'
import { openServices } from './services.ts'

export type { UnitEntry } from './adapters/journal/unit-journal.ts'

/** Units of one manager, as the journal takes them. */
export type ServiceUnits = Pick<UnitQuery, 'scope' | 'units'>

/** The units that services of this name or pattern are on disk; nothing where there are none. */
export async function findServiceUnits(config: Config, match: string): Promise<ServiceUnits[]> {
  await using services = openServices(config)
  const files = await services.files({ match }).catch((error: unknown) => {
    if (error instanceof TaskflowsError && (error.code === 'service.not_found' || error.code === 'systemd.unavailable')) return []
    throw error
  })
  const byScope = Map.groupBy(files.filter(({ kind, unit }) => kind === 'unit' && /^taskflows-.*\.service$/.test(unit)), ({ scope }) => scope)
  return [...byScope].map(([scope, of]) => ({ scope, units: of.map(({ unit }) => withInstances(unit)) }))
}

/** A template writes nothing itself. */
function withInstances(unit: string): string {
  return unit.replace(/@\.service$/, '@*.service')
}

export interface LogQuery {
  readonly limit: number
  readonly sinceMs?: number
  readonly untilMs?: number
  readonly priority?: number
  readonly wanted?: (entry: UnitEntry) => boolean
}

/** The last lines, the oldest of them first. @throws `logs.unavailable` */
export async function readServiceLogs(config: Config, units: readonly ServiceUnits[], { limit, wanted = () => true, ...filter }: LogQuery): Promise<UnitEntry[]> {
  const journal = createUnitJournal({ timeoutMs: config.journalctlTimeoutSeconds * 1000 })
  const found: UnitEntry[] = []
  for (const each of units) {
    let taken = 0
    for await (const entry of journal.read({ ...each, ...filter })) {
      if (!wanted(entry)) continue
      found.unshift(entry)
      if (++taken >= limit) break
    }
  }
  return found.sort((one, other) => one.at - other.at).slice(-limit)
}

/** Tells lines as they come, until `signal` aborts. @throws `logs.unavailable` */
export async function followServiceLogs(config: Config, units: readonly ServiceUnits[], sinceMs: number, tell: (entry: UnitEntry) => void, signal: AbortSignal): Promise<void> {
  const journal = createUnitJournal({ timeoutMs: config.journalctlTimeoutSeconds * 1000 })
  await Promise.all(units.map(async (each) => {
    for await (const entry of journal.follow({ ...each, sinceMs }, signal)) tell(entry)
  }))
}
