/** Units on disk for an import, ours or not, with the drop-ins and the timer that belong to them. Needs no manager. */
import { readdirSync, readlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { readText } from '../../../kernel/read-text.ts'
import { mergeUnit } from './read-unit-file.ts'
import type { UnitSource } from './import-unit.ts'
import { dropInNames } from '../files/unit-places.ts'

export type FoundUnit = UnitSource | { readonly unit: string; readonly refused: string }

const mostBytes = 1 << 20

/** Where `systemctl cat` looks: the first of the directories wins. `undefined`: there is none. */
export function findInstalled(unit: string, directories: readonly string[]): FoundUnit | undefined {
  const directory = directories.find((one) => namesIn(one).includes(unit))
  if (directory === undefined) return undefined
  if (unit.endsWith('.timer')) return findByTimer(join(directory, unit), (service) => findInstalled(service, directories))
  const timer = timerOf(unit, (name) => directories.map((one) => join(one, name)), directories)
  return readUnit(join(directory, unit), directories, timer, () => isLinked(unit, directories))
}

function isLinked(unit: string, directories: readonly string[]): boolean {
  return directories.some((one) => namesIn(one).some((name) => /\.(?:wants|requires|upholds)$/.test(name) && namesIn(join(one, name)).includes(unit)))
}

/** A file of a unit, its timer and its drop-ins beside it. What has an [Install] is meant to be enabled. */
export function findFile(path: string): FoundUnit {
  const directory = dirname(path)
  if (path.endsWith('.timer')) return findByTimer(path, (service) => findFile(join(directory, service)))
  return readUnit(path, [directory], timerOf(basename(path), (name) => [join(directory, name)], [directory]), (wanted) => wanted)
}

/** Every service of a directory, and the timers that start none of them. */
export function findInDirectory(directory: string): readonly FoundUnit[] {
  const names = namesIn(directory).filter((name) => !isAlias(join(directory, name)) && !isOfSchedule(name, join(directory, name)))
  const services = names.filter((name) => name.endsWith('.service'))
  const timers = names.filter((name) => name.endsWith('.timer')).map((name) => ({ name, starts: startedBy(name, join(directory, name)) }))
  return [
    ...services.map((name) => readUnit(join(directory, name), [directory], readTimer(timers.filter(({ starts }) => starts === name).map((timer) => join(directory, timer.name)), [directory]), (wanted) => wanted)),
    ...timers.filter(({ starts }) => !services.includes(starts)).map(({ name, starts }) => ({ unit: name, refused: `it starts ${starts}, which is not in ${directory}` })),
  ]
}

function findByTimer(path: string, find: (service: string) => FoundUnit | undefined): FoundUnit {
  const service = startedBy(basename(path), path)
  const found = service.endsWith('.service') ? find(service) : undefined
  if (found === undefined) return { unit: basename(path), refused: `it starts ${service}, which is not there` }
  return 'refused' in found || found.timer ? found : { ...found, timer: readTimer([path], [dirname(path)]) }
}

/** By `Unit=`, else the service of the same name. */
function startedBy(timer: string, path: string): string {
  const { settings } = mergeUnit(textsOf(path))
  return settings.get('Timer.Unit')?.at(-1) ?? timer.replace(/\.timer$/, '.service')
}

function timerOf(unit: string, pathsOf: (timer: string) => readonly string[], directories: readonly string[]): UnitSource['timer'] {
  const path = pathsOf(unit.replace(/\.service$/, '.timer')).find((one) => textsOf(one).length > 0)
  return path === undefined || startedBy(basename(path), path) !== unit ? undefined : readTimer([path], directories)
}

function readTimer(paths: readonly string[], directories: readonly string[]): UnitSource['timer'] {
  const [path] = paths
  return path === undefined ? undefined : { unit: basename(path), settings: mergeUnit([...textsOf(path), ...dropInsOf(basename(path), directories)]).settings }
}

function readUnit(path: string, directories: readonly string[], timer: UnitSource['timer'], isEnabled: (wanted: boolean) => boolean): FoundUnit {
  const unit = basename(path)
  if (isMasked(path)) return { unit, refused: 'it is masked' }
  const [text] = textsOf(path)
  if (text === undefined) return { unit, refused: `${path} cannot be read as text` }
  const { settings } = mergeUnit([text, ...dropInsOf(unit, directories)])
  return { unit, settings, timer, enabled: isEnabled(['Install.WantedBy', 'Install.RequiredBy'].some((key) => settings.has(key))) }
}

function textsOf(path: string): readonly string[] {
  const found = readText(path, mostBytes)
  return found !== undefined && 'text' in found ? [found.text] : []
}

function isMasked(path: string): boolean {
  return linkOf(path) === '/dev/null'
}

/** A link to a unit of another name, which is that unit. A link to a file elsewhere is how units are linked in. */
function isAlias(path: string): boolean {
  const target = linkOf(path)
  return target !== undefined && basename(target) !== basename(path) && /\.(?:service|timer)$/.test(target)
}

/** What starts, stops and restarts a service of ours belongs to that service. */
function isOfSchedule(unit: string, path: string): boolean {
  return /^(?:start|stop|restart)-taskflows-/.test(unit) && mergeUnit(textsOf(path)).settings.has('Unit.X-Taskflows-Role')
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

/** Of one name the first directory wins; those of the exact unit come first. */
function dropInsOf(unit: string, directories: readonly string[]): readonly string[] {
  const winners = new Map<string, string>()
  for (const folder of dropInNames(unit).flatMap((name) => directories.map((directory) => join(directory, name)))) {
    for (const file of namesIn(folder)) if (file.endsWith('.conf') && !winners.has(file)) winners.set(file, join(folder, file))
  }
  return [...winners].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, path]) => textsOf(path))
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort()
  } catch {
    return []
  }
}
