/**
 * The configuration in force. Flags beat environment variables, which beat
 * TASKFLOWS_HOME/config.yaml, which beats defaults. The settings are in
 * `config/settings.ts`. Nothing else in the product reads `process.env`.
 */
import { dirname, join } from 'node:path'
import { type ConfigFile, type FileEntry, isSecretText, readConfigFile } from './config/config-file.ts'
import { path } from './config/kinds.ts'
import { hasReference, resolveReferences } from './config/references.ts'
import { type Setting, fileKey } from './config/setting.ts'
import { settings } from './config/settings.ts'
import { settingsToCome } from './config/settings-to-come.ts'
import { TaskflowsError, messageOf } from './kernel/errors.ts'
import { nearest } from './kernel/nearest.ts'

export { fileKey, settings, settingsToCome }

type Settings = typeof settings
type ValueOf<S> = S extends Setting<infer T, infer D> ? (D extends null ? T | null : T) : never
export type Config = { readonly [K in keyof Settings]: ValueOf<Settings[K]> }

/** Flags of the command line, by setting; values as text. */
export type ConfigFlags = { readonly [K in keyof Settings]?: string }

/** One setting: its value, and how it came to that. */
export interface Explained {
  readonly value: unknown
  /** `flag`, the name of a variable, `/path/config.yaml:3`, or `default`. */
  readonly source: string
  /** What a person may be shown of the value. */
  readonly shown: unknown
  /** The value holds a secret as it is, not by reference. */
  readonly secretInPlain: boolean
  /** What deserves to be known: an older name, another source that lost, a value that is ignored. */
  readonly remarks: readonly string[]
  readonly problems: readonly TaskflowsError[]
}

export interface Explanation {
  readonly settings: { readonly [K in keyof Settings]: Explained }
  /** Those that nothing goes by yet. */
  readonly toCome: Readonly<Record<string, Explained>>
  readonly file: Pick<ConfigFile, 'path' | 'found' | 'secrets'>
  /** Variables that look like ours and are not, with what was probably meant. */
  readonly unknown: readonly { readonly name: string; readonly meant?: string }[]
  /** Why the configuration cannot be used; none when it can. */
  readonly problems: readonly TaskflowsError[]
}

const allSettings: Readonly<Record<string, Setting<unknown>>> = { ...settings, ...settingsToCome }

/** The configuration in force. @throws `config.invalid` naming the source, the value and what was expected */
export function readConfig(flags: ConfigFlags = {}, env: NodeJS.ProcessEnv = process.env): Config {
  return configOf(explainConfig(flags, env))
}

/** The values alone. @throws the first problem */
export function configOf({ settings: explained, problems }: Explanation): Config {
  if (problems[0]) throw problems[0]
  return Object.fromEntries(Object.entries(explained).map(([name, { value }]) => [name, value])) as Config
}

/** The environment of this process as its children get it, without what each process needs one of its own of. */
export function childEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const own: readonly string[] = [settings.metricsPort.env, settings.metricsFile.env]
  return Object.fromEntries(Object.entries(env).filter(([name]) => !own.includes(name)))
}

/** What systemd asks of this process: to be told how it is, and every so many milliseconds that it lives. sd_notify(3), sd_watchdog_enabled(3) */
export function supervision(env: NodeJS.ProcessEnv = process.env): { readonly listens: boolean; readonly watchdogMs: number | undefined } {
  const { NOTIFY_SOCKET: socket = '', WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: pid = '' } = env
  // Children inherit the variables of the one that is watched.
  const watched = socket !== '' && /^[1-9]\d*$/.test(microseconds) && (pid === '' || pid === String(process.pid))
  return { listens: socket !== '', watchdogMs: watched ? Number(microseconds) / 1000 : undefined }
}

/** What is about whoever asks a server, or about one process alone. */
const notOfServer: readonly string[] = ['server', 'serverTimeoutSeconds', 'tlsCa', 'token', 'hostname']

/** The variables of this process by which a server is configured that another process starts; paths are absolute. */
export function serverVariables(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const shared = Object.entries(allSettings).filter(([name, { notInFile }]) => notInFile === undefined && !notOfServer.includes(name))
  return Object.fromEntries(shared.flatMap(([name, { env: variable, older = [], kind }]) => [variable, ...older].flatMap((known): [string, string][] => {
    const text = env[known] ?? ''
    if (text === '' || (!(name in settings) && isForeign({ source: known, inFile: false }))) return []
    return [[known, kind === path ? (path.parse(text, '') ?? text) : text]]
  })))
}

/** A text that was given in code, with what its references stand for right now. @throws Error that names the reference */
export function revealReferences(text: string, env: NodeJS.ProcessEnv = process.env): string {
  return resolveReferences(text, { env, base: '' })
}

/** Every setting with its source. Throws nothing: a wrong value leaves a problem and the default. */
export function explainConfig(flags: ConfigFlags = {}, env: NodeJS.ProcessEnv = process.env): Explanation {
  const given: Record<string, string | undefined> = flags
  const home = explain('home', { flag: given['home'], env, entry: undefined })
  const file = readConfigFile(join(home.value as string, 'config.yaml'), allSettings)
  const explainAll = (table: object) => Object.fromEntries(Object.keys(table).map((name) => [name, explain(name, { flag: given[name], env, entry: file.entries.get(name) })]))
  const inUse = explainAll(settings) as Explanation['settings']
  const toCome = explainAll(settingsToCome)
  return {
    settings: inUse, toCome, file,
    unknown: unknownVariables(env),
    problems: [...file.problems, ...[...Object.values(inUse), ...Object.values(toCome)].flatMap(({ problems }) => problems)],
  }
}

interface Sources {
  readonly flag: string | undefined
  readonly env: NodeJS.ProcessEnv
  readonly entry: FileEntry | undefined
}

interface Candidate {
  readonly text: string
  readonly source: string
  readonly inFile: boolean
}

function explain(name: string, sources: Sources): Explained {
  const setting = allSettings[name]!
  const candidates = candidatesFor(setting, sources)
  const problems: TaskflowsError[] = []
  const ignored: string[] = []
  let winner: (Candidate & { readonly value: unknown }) | undefined
  for (const candidate of candidates) {
    // A file that holds nonsense is wrong also where something else wins; a reference that loses is not looked up.
    if (winner && (!candidate.inFile || hasReference(candidate.text))) continue
    const value = read(name, candidate, sources.env)
    const refused = value instanceof TaskflowsError
    if (refused && isForeign(candidate)) ignored.push(`ignored: ${value.message}`)
    else winner ??= { ...candidate, value: refused ? setting.default : value }
    if (refused && !isForeign(candidate)) problems.push(value)
  }
  if (winner === undefined) return { value: setting.default, source: 'default', shown: shownOf(setting, setting.default, ''), secretInPlain: false, remarks: ignored, problems }
  return {
    value: winner.value, source: winner.source, shown: shownOf(setting, winner.value, winner.text), secretInPlain: isSecretText(setting, winner.text),
    remarks: [...ignored, ...remarksOn(setting, winner, candidates)], problems,
  }
}

/** What gives the setting a value, the strongest first. An empty variable counts as not set. */
function candidatesFor({ env: variable, older = [] }: Setting<unknown>, { flag, env, entry }: Sources): Candidate[] {
  const fromFlag = flag === undefined ? [] : [{ text: flag, source: 'flag', inFile: false }]
  const fromEnv = [variable, ...older].filter((known) => (env[known] ?? '') !== '').map((known) => ({ text: env[known]!, source: known, inFile: false }))
  return [...fromFlag, ...fromEnv, ...(entry ? [{ ...entry, inFile: true }] : [])]
}

/** The value, or what is wrong with it. */
function read(name: string, { text, source, inFile }: Candidate, env: NodeJS.ProcessEnv): unknown {
  const { kind, secret } = allSettings[name]!
  const where = source === 'flag' ? `--${name}` : inFile ? `${source}: ${fileKey(name)}` : source
  const invalid = (problem: string, hint: string) => new TaskflowsError('config.invalid', `${where}: ${problem}`, { details: { setting: name, source }, hint })
  // An empty base is the working directory, asked for only when a path is relative: it may be gone.
  const base = inFile ? dirname(source) : ''
  try {
    const resolved = inFile ? resolveReferences(text, { env, base }) : text
    const got = secret || resolved !== text ? 'the value' : JSON.stringify(text)
    return kind.parse(resolved, base) ?? invalid(`expected ${kind.expected}, got ${got}`, inFile ? 'Correct or remove the line.' : `Correct or unset ${where}.`)
  } catch (error) {
    return invalid(messageOf(error), 'Set what the reference names, or correct the line.')
  }
}

/** Other programs read these too, and what they take need not be right for us. */
function isForeign({ source, inFile }: Pick<Candidate, 'source' | 'inFile'>): boolean {
  return !inFile && source !== 'flag' && !/^(TASKFLOWS?|TASKFLY|TF|SERVICES_SLACK)_/.test(source)
}

function remarksOn({ env: variable, older = [] }: Setting<unknown>, winner: Candidate, candidates: readonly Candidate[]): string[] {
  const contradicting = candidates.slice(candidates.findIndex(({ source }) => source === winner.source) + 1).filter(({ text, inFile }) => !inFile && text !== winner.text)
  return [
    ...(older.includes(winner.source) ? [`${winner.source} is an older name of ${variable}`] : []),
    ...contradicting.map(({ source }) => `${source} says something else and is ignored`),
  ]
}

function shownOf({ secret }: Setting<unknown>, value: unknown, text: string): unknown {
  if (value === null) return null
  if (secret) return '(set, not shown)'
  return hasReference(text) ? text : value
}

function unknownVariables(env: NodeJS.ProcessEnv): Explanation['unknown'] {
  const prefix = 'TASKFLOWS_'
  const known = Object.values(allSettings).flatMap(({ env: variable, older = [] }) => [variable, ...older])
  // The prefix that all have would make every short name near to every other.
  const rests = known.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  return Object.keys(env).filter((name) => name.startsWith(prefix) && !known.includes(name)).sort().map((name) => {
    const meant = nearest(name.slice(prefix.length), rests)
    return meant === undefined ? { name } : { name, meant: prefix + meant }
  })
}
