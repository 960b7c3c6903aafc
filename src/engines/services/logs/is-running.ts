/** Whether a run goes on, by what systemd says of the units that it may be of. */
import { TaskflowsError } from '../../../kernel/errors.ts'
import { isGlob, matchesGlob } from '../../../kernel/glob.ts'
import type { ServicesHost } from '../host.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { UnitDetails } from '../service-manager.ts'
import type { UnitNames } from './service-journal.ts'

/** A manager that is away says nothing, and so its runs may go on. */
export async function isRunning(host: Pick<ServicesHost, 'manager'>, invocationId: string, units: UnitNames): Promise<boolean> {
  const ofScope = async (scope: ServiceScope) => (await detailsOf(host, scope, units[scope])).some((details) => details.invocationId === invocationId && isUp(details))
  try {
    return (await Promise.all([ofScope('user'), ofScope('system')])).includes(true)
  } catch (error) {
    if (error instanceof TaskflowsError && error.code === 'systemd.unavailable') return true
    throw error
  }
}

async function detailsOf({ manager }: Pick<ServicesHost, 'manager'>, scope: ServiceScope, names: readonly string[]): Promise<readonly UnitDetails[]> {
  if (names.length === 0) return []
  const patterns = names.filter(isGlob)
  const loaded = patterns.length === 0 ? [] : (await manager(scope).states()).map(({ unit }) => unit).filter((unit) => patterns.some((pattern) => matchesGlob(unit, pattern)))
  return manager(scope).details([...new Set([...names.filter((name) => !isGlob(name)), ...loaded])])
}

/** Between two runs a unit still bears the id of the first. */
function isUp({ activeState, subState }: UnitDetails): boolean {
  return activeState !== 'inactive' && activeState !== 'failed' && !subState.startsWith('auto-restart')
}
