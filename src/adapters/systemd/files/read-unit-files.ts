/** Units of ours as they are on disk. Needs no manager; thousands of files take some tens of milliseconds. */
import { type Dirent, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { InstalledUnit } from '../../../engines/services/service-manager.ts'
import { readOwnership } from './unit-ownership.ts'
import { parseUnitName } from './unit-names.ts'
import { type UnitPlaces, dropInNames } from './unit-places.ts'

/** Read without a pause, which is three times as fast as one by one in the background. */
const filesAtOnce = 250

/** Sorted by name. */
export async function readInstalled(places: UnitPlaces): Promise<readonly InstalledUnit[]> {
  const found = await readNamedAsOurs(places.directory)
  const enabled = linkedUnits(places.directory)
  const dropInsOf = dropInReader(places)
  return found.filter((file) => file.ours).map(({ unit, path, text }) => {
    const { service, role } = parseUnitName(unit)!
    return { unit, service, role, path, text, dropIns: dropInsOf(unit), enabled: enabled.has(unit) }
  })
}

/** Paths of units with names of ours that somebody else wrote. */
export async function readForeign({ directory }: UnitPlaces): Promise<readonly string[]> {
  return (await readNamedAsOurs(directory)).filter((file) => !file.ours).map(({ path }) => path)
}

/** Whether the text of a unit says that it is the one that we wrote: a copy under another name is not. */
export function isOurs(unit: string, text: string): boolean {
  const [named, owner] = [parseUnitName(unit), readOwnership(text)]
  return named !== undefined && owner !== undefined && named.service === owner.service && named.role === owner.role
}

async function readNamedAsOurs(directory: string): Promise<readonly { readonly unit: string; readonly path: string; readonly text: string; readonly ours: boolean }[]> {
  const units = entriesOf(directory).filter((entry) => !entry.isDirectory() && parseUnitName(entry.name)).map(({ name }) => name).sort()
  const files = []
  for (const [index, unit] of units.entries()) {
    if (index > 0 && index % filesAtOnce === 0) await setImmediate()
    const path = join(directory, unit)
    const text = readText(path)
    if (text !== undefined) files.push({ unit, path, text, ours: isOurs(unit, text) })
  }
  return files
}

/** Units that links start: at boot, or with the timers. An enabled instance counts for its template. */
function linkedUnits(directory: string): ReadonlySet<string> {
  const links = entriesOf(directory).filter(({ name }) => /\.(wants|requires|upholds)$/.test(name)).flatMap(({ name }) => entriesOf(join(directory, name)))
  return new Set(links.flatMap(({ name }) => [name, name.replace(/@[^@]*(\.\w+)$/, '@$1')]))
}

function dropInReader({ dropInDirectories }: UnitPlaces): (unit: string) => InstalledUnit['dropIns'] {
  const byName = new Map<string, string[]>()
  for (const directory of dropInDirectories) {
    for (const { name } of entriesOf(directory)) {
      if (!/^(taskflows|start|run|slot|stop|restart)-.*\.d$/.test(name)) continue
      const paths = entriesOf(join(directory, name)).filter((entry) => entry.name.endsWith('.conf')).map((entry) => join(directory, name, entry.name))
      byName.set(name, [...byName.get(name) ?? [], ...paths])
    }
  }
  return (unit) => {
    if (byName.size === 0) return []
    const winners = new Map<string, string>()
    for (const path of dropInNames(unit).flatMap((name) => byName.get(name) ?? [])) {
      const file = path.slice(path.lastIndexOf('/') + 1)
      if (!winners.has(file)) winners.set(file, path)
    }
    return [...winners].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, path]) => {
      const text = readText(path)
      // A link to /dev/null takes back one of the same name.
      return text === undefined || text === '' ? [] : [{ path, text }]
    })
  }
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

/** `undefined` for what went away meanwhile, or may not be read. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ELOOP', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
