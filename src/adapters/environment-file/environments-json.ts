/**
 * The text of the file: `{ "environments": [...] }`, each as the API shows it,
 * with its secrets. Pure. A fault names the line, and never quotes the text.
 */
import { isEnvironmentName } from '../../engines/services/environments/environment-name.ts'
import type { NamedEnvironment, WrittenEnvironment } from '../../engines/services/environments/named-environment.ts'
import { parseYaml } from '../../engines/services/files/yaml-document.ts'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'

export function writeKept(environments: readonly NamedEnvironment[]): string {
  const items = environments.map(({ createdAt, updatedAt, ...rest }) => ({ ...rest, created_at: new Date(createdAt).toISOString(), updated_at: new Date(updatedAt).toISOString() }))
  return `${JSON.stringify({ environments: items }, null, 2)}\n`
}

/** @throws `environment.invalid` naming file and line */
export function readKept(text: string, file: string): readonly NamedEnvironment[] {
  const content = parse(text, file)
  const fail = (path: string, expected: string): never => { throw unreadable(file, lineOf(text, path), `${path === '' ? '' : `${path}: `}expected ${expected}`) }
  if (!isRecord(content) || !Array.isArray(content['environments'])) return fail('', 'environments with a list')
  const read = content['environments'].map((item: unknown, at) => readItem(item, `environments[${at}]`, fail))
  const twice = read.findIndex(({ name }, at) => read.some((other, before) => before < at && other.name === name))
  return twice < 0 ? read : fail(`environments[${twice}].name`, 'each name once')
}

type Fail = (path: string, expected: string) => never

function readItem(item: unknown, path: string, fail: Fail): NamedEnvironment {
  if (!isRecord(item)) return fail(path, 'an environment')
  const { name, description, type, environment, version } = item
  if (typeof name !== 'string' || !isEnvironmentName(name)) return fail(`${path}.name`, 'the name of an environment')
  if (typeof description !== 'string') return fail(`${path}.description`, 'text')
  if (type !== 'venv' && type !== 'docker') return fail(`${path}.type`, 'venv or docker')
  if (!isRecord(environment)) return fail(`${path}.environment`, 'a Venv or a container')
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) return fail(`${path}.version`, 'a whole number from 1')
  return { name, description, type, environment, version, createdAt: instant(item, 'created_at', path, fail), updatedAt: instant(item, 'updated_at', path, fail) }
}

function instant(item: WrittenEnvironment, field: string, path: string, fail: Fail): number {
  const at = Date.parse(String(item[field]))
  return Number.isNaN(at) ? fail(`${path}.${field}`, 'a time such as 2030-01-31T12:00:00Z') : at
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // The message quotes the text, and with it perhaps a secret; only its place is told. Text that ends too early has none.
    const [, line = text.trimEnd().split('\n').length] = /\(line (\d+) column \d+\)/.exec(messageOf(error)) ?? []
    throw unreadable(file, Number(line), 'is not JSON')
  }
}

/** Looked for only when something is wrong there: JSON is YAML, of which lines are known. */
function lineOf(text: string, path: string): number {
  return parseYaml(text, '').lineOf(path)
}

function unreadable(file: string, line: number, problem: string): TaskflowsError {
  return new TaskflowsError('environment.invalid', `${file}:${line}: ${problem}`, { details: { file, line }, hint: 'Correct the file, or move it away; it is left as it is.' })
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
