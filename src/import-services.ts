/**
 * Composition root of `tf import`: finds crontabs and units, makes definitions of
 * them, writes those as a module or as YAML, and proves the text: it is loaded again,
 * compiled, and compared with what it came from. Changes nothing.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type FoundUnit, findFile, findInDirectory, findInstalled } from './adapters/systemd/import/find-units.ts'
import { type ImportedUnit, type UnitSource, importUnit } from './adapters/systemd/import/import-unit.ts'
import type { Difference } from './adapters/systemd/import/compare-units.ts'
import { mergeUnit } from './adapters/systemd/import/read-unit-file.ts'
import { unitPlaces } from './adapters/systemd/files/unit-places.ts'
import { type Config, childEnvironment } from './config.ts'
import { definitionText } from './engines/services/files/definition-text.ts'
import { importCronLine } from './engines/services/import/import-cron-line.ts'
import { type CronEntry, readCrontab } from './engines/services/import/import-crontab.ts'
import { nameOfCommand, nameOfUnit, uniqueName } from './engines/services/import/import-names.ts'
import type { Compile, ServiceDefinition, ServiceScope } from './engines/services/index.ts'
import { loadDefinitions } from './engines/services/files/load-definitions.ts'
import { moduleText, withoutDefaults } from './engines/services/files/module-text.ts'
import { readDefinition } from './engines/services/define/read-definition.ts'
import { showDefinition } from './engines/services/define/write-definition.ts'
import { TaskflowsError, messageOf } from './kernel/errors.ts'
import { packageRoot } from './kernel/package-files.ts'
import { readText } from './kernel/read-text.ts'
import { type OpenedServices, openServices } from './services.ts'

export interface ImportOptions {
  /** `crontab`, `-`, files, directories, names of installed units. */
  readonly sources: readonly string[]
  readonly format: 'ts' | 'yaml'
  /** In order, for what is imported; what has none is named by what it runs. */
  readonly names?: readonly string[]
  /** Default: by where the source is, else user. */
  readonly scope?: ServiceScope
  /** Crontabs have a column of users. Default: those of /etc have. */
  readonly systemFormat?: boolean
  readonly cwd: string
  readonly stdin: () => Promise<string>
}

export interface ImportedService {
  readonly name: string
  readonly scope: ServiceScope
  /** `/etc/crontab:3`, `web.service`. */
  readonly from: string
  /** To switch off once it is created: none for lines of a crontab, and for services of ours. */
  readonly units: readonly string[]
  readonly notes: readonly string[]
  /** Where what was written does not say what the source says. */
  readonly differences: readonly Difference[]
}

export interface ImportResult {
  readonly text: string
  readonly services: readonly ImportedService[]
  readonly refused: readonly { readonly from: string; readonly reason: string }[]
}

type Found =
  | { readonly kind: 'cron'; readonly from: string; readonly entry: CronEntry; readonly scope: ServiceScope }
  | { readonly kind: 'unit'; readonly from: string; readonly unit: UnitSource; readonly scope: ServiceScope }
type Refused = ImportResult['refused'][number]

/** A definition, and how to compare what it became with its source. */
interface Drafted {
  readonly from: string
  readonly units: readonly string[]
  readonly definition: ServiceDefinition
  readonly notes: readonly string[]
  readonly compare: (definition: ServiceDefinition) => readonly Difference[]
}

/** @throws `service.import_failed` when a source cannot be read, or nothing in it can be imported */
export async function importServices(config: Config, options: ImportOptions): Promise<ImportResult> {
  await using services = openServices(config)
  const found = (await Promise.all(options.sources.map((source) => findIn(source, options, services)))).flat()
  const items = found.filter((one): one is Found => 'kind' in one)
  const drafts = await draftAll(items, options, { services, compile: await services.compiler() })
  const refused = [...found.filter((one): one is Refused => 'reason' in one), ...drafts.filter((one) => 'reason' in one)]
  const drafted = drafts.filter((one) => 'definition' in one)
  if (drafted.length === 0) throw nothing(options.sources, refused)
  const definitions = drafted.map(({ definition }) => definition)
  const text = options.format === 'ts' ? moduleText(definitions) : definitionText({ services: definitions.map((one) => showDefinition(withoutDefaults(one), { secrets: 'keep' })) }, 'yaml')
  return { text, services: await prove(text, options.format, drafted), refused }
}

function nothing(sources: readonly string[], refused: readonly Refused[]): TaskflowsError {
  const [first] = refused
  const why = first === undefined ? 'there is nothing in it' : `${first.from}: ${first.reason}${refused.length > 1 ? ` (and ${refused.length - 1} more)` : ''}`
  return new TaskflowsError('service.import_failed', `nothing of ${sources.join(' ')} can be imported: ${why}`, { details: { refused } })
}

async function findIn(source: string, options: ImportOptions, services: OpenedServices): Promise<readonly (Found | Refused)[]> {
  if (source === 'crontab') return fromCrontab('crontab', await ownCrontab(), options.systemFormat ?? false, options)
  if (source === '-') return fromCrontab('stdin', await options.stdin(), options.systemFormat ?? false, options)
  const path = resolve(options.cwd, source)
  const stat = statSync(path, { throwIfNoEntry: false })
  const scope = options.scope ?? (/\/systemd\/system(?:\/|$)/.test(path) ? 'system' : 'user')
  if (stat?.isDirectory() && /^\/etc\/cron\.d\/?$/.test(path)) return cronFiles(path).flatMap((file) => fromCrontab(file, textOf(file), options.systemFormat ?? true, options))
  if (stat?.isDirectory()) return findInDirectory(path).map((unit) => foundUnit(unit, scope))
  if (stat && /\.(?:service|timer)$/.test(path)) return [foundUnit(findFile(path), scope)]
  if (stat) return fromCrontab(path, textOf(path), options.systemFormat ?? /^\/etc\/(?:crontab$|cron\.d\/)/.test(path), options)
  return [installed(source, options, services)]
}

/** cron skips what has a dot in its name. */
function cronFiles(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile() && /^[\w-]+$/.test(entry.name)).map(({ name }) => join(directory, name)).sort()
}

const mostBytes = 4 << 20

function textOf(path: string): string {
  const found = readText(path, mostBytes)
  if (found !== undefined && 'text' in found) return found.text
  throw new TaskflowsError('service.import_failed', `${path} ${found?.problem ?? 'is not there'}`)
}

async function ownCrontab(): Promise<string> {
  return new Promise((settle, fail) => {
    execFile('crontab', ['-l'], { env: childEnvironment(), maxBuffer: mostBytes }, (error, stdout, stderr) => {
      if (error === null) settle(stdout)
      else fail(new TaskflowsError('service.import_failed', error.code === 'ENOENT' ? 'crontab is not installed' : `crontab -l: ${stderr.trim() || messageOf(error)}`, { hint: 'Name a file with lines of a crontab, or - for standard input.' }))
    })
  })
}

function fromCrontab(where: string, text: string, system: boolean, options: ImportOptions): readonly (Found | Refused)[] {
  const { entries, refused } = readCrontab(text, { system })
  const scope = options.scope ?? (system ? 'system' : 'user')
  return [
    ...entries.map((entry) => ({ kind: 'cron', from: `${where}:${entry.line}`, entry, scope }) as const),
    ...refused.map(({ line, reason }) => ({ from: `${where}:${line}`, reason })),
  ]
}

function foundUnit(unit: FoundUnit, scope: ServiceScope): Found | Refused {
  return 'refused' in unit ? { from: unit.unit, reason: unit.refused } : { kind: 'unit', from: unit.unit, unit, scope }
}

/** By the name of the unit, or of a service of ours. */
function installed(name: string, { scope }: ImportOptions, { host }: OpenedServices): Found | Refused {
  const units = /\.(?:service|timer)$/.test(name) ? [name] : [`${name}.service`, `taskflows-${name}.service`]
  for (const where of scope === undefined ? (['user', 'system'] as const) : [scope]) {
    const runtime = childEnvironment()['XDG_RUNTIME_DIR'] || `/run/user/${process.getuid?.() ?? 0}`
    const { dropInDirectories } = unitPlaces(where, host.manager(where).directory, runtime)
    for (const unit of units) {
      const found = findInstalled(unit, dropInDirectories)
      if (found) return foundUnit(found, where)
    }
  }
  return { from: name, reason: 'there is no such file, directory or installed unit' }
}

interface Host {
  readonly services: OpenedServices
  readonly compile: Compile
}

async function draftAll(items: readonly Found[], { names = [] }: ImportOptions, host: Host): Promise<readonly (Drafted | Refused)[]> {
  const ours = await Promise.all(items.map((item, at) => (item.kind === 'unit' && names[at] === undefined ? ownDefinition(item.unit, item.scope, host) : undefined)))
  const taken = new Set(ours.flatMap((own) => (own ? [own.definition.name] : [])))
  const named = items.map((item, at) => {
    const name = ours[at]?.definition.name ?? uniqueName(names[at] ?? (item.kind === 'cron' ? nameOfCommand(item.entry.command) : nameOfUnit(item.unit.unit)), taken)
    taken.add(name)
    return { item, name }
  })
  const units = new Map(named.flatMap(({ item, name }) => (item.kind === 'unit' ? [[item.unit.unit, `taskflows-${name}.service`] as const] : [])))
  const renamed = (unit: string): string => units.get(unit) ?? unit
  return named.map(({ item, name }, at) => ours[at] ?? (item.kind === 'cron' ? draftCron(name, item) : draftUnit(name, item, renamed, host)))
}

function draftCron(name: string, { entry, from, scope }: Extract<Found, { kind: 'cron' }>): Drafted | Refused {
  // In scope system everything is root unless it says so.
  const user = entry.user ?? (scope === 'system' && process.getuid?.() !== 0 ? userInfo().username : undefined)
  const home = user === undefined ? homedir() : homeOf(user)
  if (home === undefined) return { from, reason: `there is no account ${JSON.stringify(user)} on this machine` }
  const { options, notes } = importCronLine(name, { ...entry, ...(user !== undefined && { user }) }, { scope, home })
  try {
    return { from, units: [], definition: readDefinition(options), notes, compare: () => [] }
  } catch (error) {
    if (error instanceof TaskflowsError) return { from, reason: error.message }
    throw error
  }
}

function homeOf(user: string): string | undefined {
  const line = readFileSync('/etc/passwd', 'utf8').split('\n').find((one) => one.startsWith(`${user}:`))
  return line?.split(':')[5]
}

/** What made a unit of ours is kept with its versions, and says more than the unit. Only when the disk is as it was written. */
async function ownDefinition({ unit, settings }: UnitSource, scope: ServiceScope, { services, compile }: Host): Promise<Drafted | undefined> {
  const name = /^taskflows-(.+)\.service$/.exec(unit)?.[1]
  if (name === undefined) return undefined
  const [{ definition }, files] = await Promise.all([services.get(name, scope), services.files({ match: name, scope })]).catch(() => [{ definition: null }, []] as const)
  if (definition === null) return undefined
  const isOnDisk = (one: ServiceDefinition): boolean => {
    const { units } = compile({ ...one, ...(definition.source !== undefined && { source: definition.source }) })
    // The source may be a copy of the unit that has been changed.
    if (!isDeepStrictEqual(mergeUnit([units[0]!.text]).settings, settings)) return false
    return isDeepStrictEqual(new Map(units.map((each) => [each.unit, each.text])), new Map(files.map((file) => [file.unit, file.content]))) && files.every(({ kind }) => kind === 'unit')
  }
  const differs: readonly Difference[] = [{ key: 'definition', source: 'as it was applied', ours: 'another' }]
  return isOnDisk(definition) ? { from: unit, units: [], definition, notes: [], compare: (one) => (isOnDisk(one) ? [] : differs) } : undefined
}

function draftUnit(name: string, { unit, from, scope }: Extract<Found, { kind: 'unit' }>, renamed: (unit: string) => string, { compile }: Host): Drafted | Refused {
  const account = scope === 'system' ? { home: '/root', uid: 0, userName: 'root' } : { home: homedir(), uid: process.getuid?.() ?? 0, userName: userInfo().username }
  const imported: ImportedUnit = importUnit(unit, { name, scope, compile, renamed, ...account })
  if ('refused' in imported) return { from, reason: imported.refused }
  const ours = unit.settings.has('Unit.X-Taskflows-Role')
  const notes = ours ? [...imported.notes, 'read from its unit alone, which holds no health check, and not the schedules that stop and restart it'] : imported.notes
  return { from, units: ours ? [] : [...(unit.timer ? [unit.timer.unit] : []), unit.unit], definition: imported.definition, notes, compare: imported.compare }
}

/** Loads the text as `tf create` would, in a place where the library is found. */
async function prove(text: string, format: ImportOptions['format'], drafted: readonly Drafted[]): Promise<readonly ImportedService[]> {
  const directory = await mkdtemp(join(tmpdir(), 'taskflows-import-'))
  try {
    await mkdir(join(directory, 'node_modules'))
    await symlink(packageRoot(), join(directory, 'node_modules', 'taskflows'))
    const file = format === 'ts' ? 'services.mts' : 'services.yaml'
    await writeFile(join(directory, file), text, { mode: 0o600 })
    const { definitions } = await loadDefinitions(file, { cwd: directory })
    return drafted.map((draft) => proved(draft, definitions.find(({ name, scope }) => name === draft.definition.name && scope === draft.definition.scope)))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function proved({ from, units, definition, notes, compare }: Drafted, loaded: ServiceDefinition | undefined): ImportedService {
  const same = loaded !== undefined && isDeepStrictEqual(plain(loaded), plain(definition))
  const written: readonly Difference[] = same ? [] : [{ key: 'definition', source: JSON.stringify(plain(definition)), ours: loaded && JSON.stringify(plain(loaded)) }]
  return { name: definition.name, scope: definition.scope, from, units, notes, differences: [...written, ...(loaded ? compare(loaded) : [])] }
}

const plain = (definition: ServiceDefinition): unknown => JSON.parse(JSON.stringify({ ...definition, source: undefined }))
