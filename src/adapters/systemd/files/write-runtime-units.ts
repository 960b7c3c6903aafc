/** Units of the runtime directory: written when something is to run by them, and gone with the next boot at the latest. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServiceManager } from '../../../engines/services/service-manager.ts'
import type { UnitPlaces } from './unit-places.ts'
import { writeUnitFiles } from './write-unit-files.ts'

/** What is there already in these words is left as it is, so that asking before each use costs next to nothing. @throws as `writeUnitFiles` */
export async function writeRuntimeUnits(places: UnitPlaces, { units, removed }: Parameters<ServiceManager['writeRuntime']>[0]): Promise<boolean> {
  const directory = places.runtimeDirectory
  const textOf = (unit: string): string | undefined => readText(join(directory, unit))
  const change = { units: units.filter(({ unit, text }) => textOf(unit) !== text), removed: removed.filter((unit) => textOf(unit) !== undefined) }
  if (change.units.length + change.removed.length === 0) return false
  await writeUnitFiles({ ...places, directory }, { ...change, secretEnv: [] })
  return true
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
