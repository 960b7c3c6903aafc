/**
 * TASKFLOWS_HOME/config.yaml: which settings it has, and on which lines. What
 * a value means is said by the kind of its setting, and whether it holds by `config.ts`.
 */
import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { TaskflowsError, messageOf } from '../kernel/errors.ts'
import { nearest } from '../kernel/nearest.ts'
import { readText } from '../kernel/read-text.ts'
import { yesNo } from './kinds.ts'
import { referenceFault, withoutReferences } from './references.ts'
import { type Setting, fileKey } from './setting.ts'
import { YamlFault, type YamlLine, type YamlValue, readYamlLines } from './yaml-lines.ts'

export interface FileEntry {
  readonly text: string
  /** `/home/me/.taskflows/config.yaml:3` */
  readonly source: string
}

export interface ConfigFile {
  readonly path: string
  /** Whether there is one. */
  readonly found: boolean
  /** By the names of the settings. */
  readonly entries: ReadonlyMap<string, FileEntry>
  /** The keys whose values are secrets as they stand. */
  readonly secrets: readonly string[]
  /** Each a `config.invalid` that names the file and, where it can, line and column. */
  readonly problems: readonly TaskflowsError[]
}

type SettingTable = Readonly<Record<string, Setting<unknown>>>

const mostBytes = 64 * 1024

export function readConfigFile(path: string, settings: SettingTable): ConfigFile {
  const found = readText(path, mostBytes)
  if (found === undefined) return { path, found: false, entries: new Map(), secrets: [], problems: [] }
  if ('problem' in found) return { path, found: true, entries: new Map(), secrets: [], problems: [closedHome(dirname(path)) ?? invalid(`${path} ${found.problem}`)] }
  const { entries, problems } = readEntries(path, found.text, settings)
  const secrets = [...entries].filter(([name, { text }]) => isSecretText(settings[name]!, text)).map(([name]) => fileKey(name))
  return { path, found: true, entries, secrets, problems: [...problems, ...exposure(path, found.mode, secrets)] }
}

/** When the account may not even enter the home, that is what is wrong, whether or not there is a file. */
function closedHome(home: string): TaskflowsError | undefined {
  try {
    accessSync(home, constants.X_OK)
    return undefined
  } catch (cause) {
    return new TaskflowsError('home.unwritable', `${home} cannot be entered: ${messageOf(cause)}`, { details: { home }, cause })
  }
}

/** Whether the text itself is secret: one that only refers to a secret is not, nor the URL of a database without a password. */
export function isSecretText({ secret }: Setting<unknown>, text: string): boolean {
  const literal = withoutReferences(text)
  if (!secret || literal === '') return false
  return !/^postgres(ql)?:/.test(literal) || /^[^/]+:\/\/[^/?#]*:[^/?#]+@|[?&](ssl)?password=[^&]/.test(literal)
}

function exposure(path: string, mode: number, secrets: readonly string[]): TaskflowsError[] {
  if (secrets.length === 0 || (mode & 0o077) === 0) return []
  return [invalid(`${path} holds ${secrets.join(', ')} and can be read by others: its mode is 0${mode.toString(8)}, expected 0600`, `chmod 600 ${path}`)]
}

function readEntries(path: string, text: string, settings: SettingTable): Pick<ConfigFile, 'entries' | 'problems'> {
  const entries = new Map<string, FileEntry>()
  const problems: TaskflowsError[] = []
  const lineOfKey = new Map<string, number>()
  for (const line of linesOf(path, text, problems)) {
    const { key, line: number, column } = line
    const twice = lineOfKey.get(key)
    const judged = twice === undefined ? judge(line, settings) : { fault: `${key} is set twice, first on line ${twice}`, hint: 'Remove one of the two.' }
    lineOfKey.set(key, number)
    if ('fault' in judged) problems.push(invalid(`${path}:${number}:${column}: ${judged.fault}`, judged.hint))
    else entries.set(judged.name, { text: judged.text, source: `${path}:${number}` })
  }
  return { entries, problems }
}

function linesOf(path: string, text: string, problems: TaskflowsError[]): YamlLine[] {
  try {
    return readYamlLines(text)
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error
    problems.push(invalid(`${path}:${error.line}:${error.column}: ${error.message}`))
    return []
  }
}

interface Fault {
  readonly fault: string
  readonly hint?: string
}

function judge({ key, value }: YamlLine, settings: SettingTable): { readonly name: string; readonly text: string } | Fault {
  const found = Object.entries(settings).find(([name]) => fileKey(name) === key)
  if (!found) return unknownKey(key, Object.keys(settings).map(fileKey))
  const [name, setting] = found
  if (setting.notInFile !== undefined) return { fault: `${key} cannot be set here: ${setting.notInFile}`, hint: `Set ${setting.env}.` }
  const text = textOf(value, setting)
  if (text === undefined) return { fault: `${key}: expected ${setting.kind.expected}, got ${whatIs(value)}` }
  const fault = referenceFault(text)
  return fault === undefined ? { name, text } : { fault: `${key}: ${fault}` }
}

function unknownKey(key: string, known: readonly string[]): Fault {
  const meant = nearest(key.replaceAll('-', '_'), known)
  return { fault: `${JSON.stringify(key)} is no setting`, hint: meant === undefined ? 'tf doctor --env lists every setting.' : `Did you mean ${meant}?` }
}

function textOf(value: YamlValue, { kind }: Setting<unknown>): string | undefined {
  if (value.kind === 'list') return kind.many ? value.items.join(',') : undefined
  return value.kind === 'text' || (value.kind === 'boolean' && kind === yesNo) ? value.text : undefined
}

function whatIs(value: YamlValue): string {
  return value.kind === 'list' ? 'a list' : value.kind === 'other' ? value.what : value.text
}

function invalid(message: string, hint = 'Correct the file, or move it away.'): TaskflowsError {
  return new TaskflowsError('config.invalid', message, { hint })
}
