/** Directories of units: where ours are, and where people put what changes them. systemd.unit(5), UNIT FILE LOAD PATH. Pure. */
import { dirname, join } from 'node:path'
import type { ServiceScope } from '../../../engines/services/service-definition.ts'

export interface UnitPlaces {
  /** Where ours are written. */
  readonly directory: string
  /** Where those are written that are gone with the next boot, or the next login. */
  readonly runtimeDirectory: string
  /** Where drop-ins count, those first that win over others of the same name. */
  readonly dropInDirectories: readonly string[]
  /** Of the files that are written. */
  readonly mode: number
}

export function unitPlaces(scope: ServiceScope, directory: string, runtimeDirectory: string): UnitPlaces {
  if (scope === 'user') {
    const runtime = join(runtimeDirectory, 'systemd')
    const own = [join(dirname(directory), 'user.control'), join(runtime, 'user.control'), directory]
    return { directory, runtimeDirectory: join(runtime, 'user'), mode: 0o600, dropInDirectories: [...own, '/etc/systemd/user', join(runtime, 'user'), '/run/systemd/user', '/usr/local/lib/systemd/user', '/usr/lib/systemd/user'] }
  }
  const own = [`${directory}.control`, '/run/systemd/system.control', directory]
  return { directory, runtimeDirectory: '/run/systemd/system', mode: 0o644, dropInDirectories: [...own, '/run/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/system'] }
}

/**
 * Directories of drop-ins for a unit, the exact one first: `taskflows-web-api.service.d`, and by its dashes
 * `taskflows-web-.service.d` and `taskflows-.service.d`. Those of all services (`service.d`) are not about ours.
 */
export function dropInNames(unit: string): string[] {
  const dot = unit.lastIndexOf('.')
  const [name, suffix] = [unit.slice(0, dot), unit.slice(dot)]
  const dashes = [...name.matchAll(/-/g)].map(({ index }) => index).toReversed().filter((index) => index < name.length - 1)
  return [`${unit}.d`, ...dashes.map((index) => `${name.slice(0, index + 1)}${suffix}.d`)]
}
