/**
 * Turns units on and off at boot by the links that systemctl(1) makes for `[Install]`. The manager does the same
 * when it is asked, but looks through all links for each unit: 500 take longer than to start them. What asks for
 * more than links (names besides its own, other units along with it) is left to the manager.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, rmdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { notWritten } from './not-written.ts'

const linkDirectories = { WantedBy: 'wants', RequiredBy: 'requires', UpheldBy: 'upholds' } as const

/** Links that enable a unit, relative to the directory of units; `undefined` when the manager has to do it. Pure. */
export function linksOf(unit: string, text: string): readonly string[] | undefined {
  const links: string[] = []
  for (const [key, value] of installLines(text)) {
    if (!(key in linkDirectories) || /[%"'\\@/]/.test(value)) return undefined
    if (value === '') links.length = 0
    links.push(...value.split(/\s+/).filter(Boolean).map((target) => `${target}.${linkDirectories[key as keyof typeof linkDirectories]}/${unit}`))
  }
  // A template alone is nothing that could be started.
  return unit.includes('@.') ? undefined : links
}

/** @returns units for which the manager has to be asked. @throws `service.not_written` */
export function setEnabledByLinks(directory: string, units: readonly string[], on: boolean): readonly string[] {
  try {
    return on ? enable(directory, units) : disable(directory, units)
  } catch (error) {
    throw notWritten(directory, error)
  }
}

function enable(directory: string, units: readonly string[]): readonly string[] {
  return units.filter((unit) => {
    const file = join(directory, templateFile(unit))
    const text = readText(file)
    const links = text === undefined ? undefined : linksOf(unit, text)
    for (const link of links ?? []) placeLink(join(directory, link), file)
    return links === undefined
  })
}

/** Links of those that are left to the manager go as well: it does not mind. */
function disable(directory: string, units: readonly string[]): readonly string[] {
  const wanted = new Set(units)
  if (!existsSync(directory)) return []
  for (const name of readdirSync(directory).filter((entry) => /\.(wants|requires|upholds)$/.test(entry))) {
    const found = readdirSync(join(directory, name)).filter((link) => wanted.has(link) || wanted.has(templateFile(link)))
    for (const link of found) rmSync(join(directory, name, link), { force: true })
    if (found.length > 0) removeIfEmpty(join(directory, name))
  }
  return units.filter((unit) => {
    const text = readText(join(directory, templateFile(unit)))
    return text !== undefined && [...installLines(text)].some(([key]) => !(key in linkDirectories))
  })
}

/** `worker@.service` of `worker@1.service`; of others the name itself. */
function templateFile(unit: string): string {
  return unit.replace(/@.*(\.\w+)$/, '@$1')
}

function* installLines(text: string): Generator<readonly [key: string, value: string]> {
  let section = ''
  for (const line of text.replaceAll('\\\n', ' ').split('\n').map((one) => one.trim())) {
    if (line.startsWith('[')) section = line
    const at = line.indexOf('=')
    if (section === '[Install]' && at > 0 && !/^[#;]/.test(line)) yield [line.slice(0, at).trim(), line.slice(at + 1).trim()]
  }
}

function placeLink(path: string, target: string): void {
  try {
    symlinkSync(target, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST' && code !== 'ENOENT') throw error
    if (linkTarget(path) === target) return
    mkdirSync(dirname(path), { recursive: true })
    rmSync(path, { force: true })
    symlinkSync(target, path)
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory)
  } catch {
    // Links of others are in it.
  }
}
