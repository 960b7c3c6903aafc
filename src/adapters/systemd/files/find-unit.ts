/** Whether a unit is on disk where a manager looks: systemd.unit(5), UNIT FILE LOAD PATH. Needs no manager. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ServiceScope } from '../../../engines/services/service-definition.ts'

const vendor = ['/usr/lib/systemd', '/lib/systemd'] as const
const places = ['/etc/systemd', '/run/systemd', '/usr/local/lib/systemd', ...vendor] as const
const generated = ['/run/systemd/generator', '/run/systemd/generator.early', '/run/systemd/generator.late', '/run/systemd/transient', '/etc/init.d'] as const

/**
 * @param directory where units of the scope are written, besides those of the machine
 * @returns `undefined` where there is no systemd, and of kinds that come about by themselves: mounts, devices, slices
 */
export function unitExists(unit: string, scope: ServiceScope, directory: string): boolean | undefined {
  if (!/\.(?:service|socket|target|timer|path)$/.test(unit)) return undefined
  if (!vendor.some((place) => existsSync(join(place, scope)))) return undefined
  const names = [unit, unit.replace(/@[^@]*(\.\w+)$/, '@$1'), ...scope === 'system' ? [unit.replace(/\.service$/, '')] : []]
  const directories = [directory, ...places.map((place) => join(place, scope)), ...scope === 'system' ? generated : []]
  return directories.some((each) => names.some((name) => existsSync(join(each, name))))
}
