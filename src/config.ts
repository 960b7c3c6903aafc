/**
 * The whole configuration as one table: where each setting comes from, its
 * default, and what it accepts. Flags beat environment variables, which beat
 * defaults. Nothing else in the product reads `process.env`.
 */
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { TaskflowsError } from './kernel/errors.ts'

interface Setting<T> {
  /** Environment variables, the first that is set wins. */
  readonly env: readonly string[]
  readonly default: T
  /** Returns the value, or says in words what was expected. */
  readonly parse: (text: string) => T | { readonly expected: string }
  /** The value must not be shown. */
  readonly secret?: true
  /** For `tf doctor` and the reference page. */
  readonly describe: string
}

const setting = <T>(declared: Setting<T>): Setting<T> => declared

export const settings = {
  home: setting<string>({
    env: ['TASKFLOWS_HOME'], default: join(homedir(), '.taskflows'), parse: (text) => resolve(text),
    describe: 'Where taskflows keeps its files',
  }),
  host: setting<string>({
    env: ['TASKFLOWS_HOST'], default: '127.0.0.1', parse: (text) => text,
    describe: 'Address the server listens on',
  }),
  port: setting<number>({
    env: ['TASKFLOWS_PORT'], default: 7777,
    parse: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : { expected: 'a port from 0 (any free one) to 65535' }),
    describe: 'Port the server listens on',
  }),
  databaseUrl: setting<string | null>({
    env: ['TASKFLOWS_DATABASE_URL'], default: null, secret: true,
    parse: (text) => (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text) ? text : { expected: 'a URL such as postgres://user@host/database' }),
    describe: 'PostgreSQL to use instead of the embedded one',
  }),
  databaseSchema: setting<string>({
    env: ['TASKFLOWS_DATABASE_SCHEMA'], default: 'taskflows',
    parse: (text) => (/^[a-z_][a-z0-9_]{0,39}$/.test(text) ? text : { expected: 'up to 40 lower-case letters, digits and underscores' }),
    describe: 'Schema that holds the tables',
  }),
  postgresBin: setting<string | null>({
    env: ['TASKFLOWS_POSTGRES_BIN'], default: null, parse: (text) => (isAbsolute(text) ? text : { expected: 'an absolute directory' }),
    describe: 'Directory of the postgres and initdb programs for the embedded database',
  }),
  server: setting<string | null>({
    env: ['TASKFLOWS_SERVER'], default: null, parse: (text) => text,
    describe: 'Server that tf talks to: host:port or a URL',
  }),
  token: setting<string | null>({
    env: ['TASKFLOWS_TOKEN'], default: null, secret: true, parse: (text) => text,
    describe: 'Credential that tf sends to the server',
  }),
  logLevel: setting<string>({
    env: ['TASKFLOWS_LOG_LEVEL'], default: 'info',
    parse: (text) => (logLevels.includes(text) ? text : { expected: `one of ${logLevels.join(', ')}` }),
    describe: 'How much is logged',
  }),
}

const logLevels = ['debug', 'info', 'warn', 'error', 'silent']

type Settings = typeof settings
export type Config = { readonly [K in keyof Settings]: Settings[K]['default'] }
export type ConfigSource = 'flag' | 'default' | (string & {})

/** Flags of the command line, by setting; values as text. */
export type ConfigFlags = { readonly [K in keyof Settings]?: string }

/** Every setting with its source: `flag`, the name of a variable, or `default`. */
export function explainConfig(flags: ConfigFlags = {}, env: NodeJS.ProcessEnv = process.env): { [K in keyof Settings]: { value: Config[K]; source: ConfigSource } } {
  const explained = Object.entries(settings).map(([key, declared]) => [key, readSetting(key, declared as Setting<unknown>, flags[key as keyof Settings], env)])
  return Object.fromEntries(explained) as { [K in keyof Settings]: { value: Config[K]; source: ConfigSource } }
}

/** The configuration in force. @throws `config.invalid` naming the source, the value and what was expected. */
export function readConfig(flags: ConfigFlags = {}, env: NodeJS.ProcessEnv = process.env): Config {
  return Object.fromEntries(Object.entries(explainConfig(flags, env)).map(([key, { value }]) => [key, value])) as Config
}

function readSetting(key: string, declared: Setting<unknown>, flag: string | undefined, env: NodeJS.ProcessEnv): { value: unknown; source: ConfigSource } {
  const variable = declared.env.find((name) => env[name] !== undefined && env[name] !== '')
  const text = flag ?? (variable === undefined ? undefined : env[variable])
  if (text === undefined) return { value: declared.default, source: 'default' }
  const source = flag === undefined ? variable! : 'flag'
  const value = declared.parse(text)
  if (isExpectation(value)) {
    const named = source === 'flag' ? `--${key}` : source
    const shown = declared.secret ? 'the value' : JSON.stringify(text)
    throw new TaskflowsError('config.invalid', `${named}: expected ${value.expected}, got ${shown}`, { details: { setting: key, source: named }, hint: `Correct or unset ${named}.` })
  }
  return { value, source }
}

function isExpectation(value: unknown): value is { readonly expected: string } {
  return typeof value === 'object' && value !== null && 'expected' in value
}
