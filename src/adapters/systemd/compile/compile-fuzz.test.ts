/**
 * Hostile values in every field that holds text, past all checks of definitions:
 * each is refused, or the unit has the lines it has with a harmless value, and
 * says what was given. `TASKFLOWS_FUZZ_VALUES` sets how many are tried.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { looksSecret } from '../../../engines/services/define/secret-env.ts'
import type { Requirement, ServiceDefinition } from '../../../engines/services/service-definition.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { compileHost } from '../../../../test/testbed/compile-host.ts'
import { readEnvironmentFile, readExec, readItems, readLiteral, readUnit } from '../../../../test/testbed/read-unit.ts'
import { compileService } from './compile-service.ts'

const values = Number(process.env['TASKFLOWS_FUZZ_VALUES'] ?? 100_000)

const calendar = (schedule: string) => [{ kind: 'calendar', schedule, persistent: true, accuracy: 1 }] as const
const base: ServiceDefinition = {
  name: 'web', scope: 'system', type: 'exec', startCommand: { kind: 'program', argv: ['/bin/x', 'a'] }, enabled: true, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'web',
  env: { A: 'a', B: 'b', SOME_TOKEN: 't' }, startSchedule: calendar('*-*-* 01:00:00'), stopSchedule: calendar('*-*-* 02:00:00'), source: '/srv/a.ts',
}
const program = (...argv: [string, ...string[]]) => ({ kind: 'program', argv }) as const

interface Field {
  /** Of the same kind, and harmless. */
  readonly plain: string
  readonly put: (value: string) => Partial<ServiceDefinition>
  /** What the unit says of it, by a reader of its own. */
  readonly read?: (lines: Lines) => string | undefined
}

type Lines = (directive: string) => readonly string[]
const last = <T>(list: readonly T[]): T => list.at(-1)!
const exec = (directive: string) => (lines: Lines) => last(readExec(last(lines(directive))))
const text = (directive: string) => (lines: Lines) => readLiteral(last(lines(directive)))

const dependencies = ['startAfter', 'startBefore', 'wants', 'upholds', 'requires', 'requisite', 'bindsTo', 'partOf', 'conflicts', 'onFailure', 'onSuccess', 'propagateStopTo', 'propagateStopFrom'] as const

const fields: Readonly<Record<string, Field>> = {
  'name': { plain: 'a', put: (name) => ({ name }) },
  'description': { plain: 'a', put: (description) => ({ description: `a${description}a` }), read: (lines) => text('Description')(lines).slice(1, -1) },
  'startCommand argument': { plain: 'a', put: (value) => ({ startCommand: program('/bin/x', 'a', value) }), read: exec('ExecStart') },
  'startCommand program': { plain: 'a', put: (value) => ({ startCommand: program(`/${value}`) }), read: (lines) => exec('ExecStart')(lines).slice(1) },
  'startCommand bare program': { plain: 'a', put: (value) => ({ startCommand: program(value) }) },
  'startCommand file': { plain: '/a.ts', put: (file) => ({ startCommand: { kind: 'function', file, export: 'run' } }), read: (lines) => exec('ExecStart')(lines).slice(0, -'#run'.length) },
  'startCommand export': { plain: 'a', put: (name) => ({ startCommand: { kind: 'function', file: '/a.ts', export: name } }), read: (lines) => exec('ExecStart')(lines).slice('/a.ts#'.length) },
  'stopCommand argument': { plain: 'a', put: (value) => ({ stopCommand: program('/bin/x', value) }), read: exec('ExecStop') },
  'restartCommand argument': { plain: 'a', put: (value) => ({ restartCommand: program('/bin/x', value) }), read: exec('ExecReload') },
  'execCondition argument': { plain: 'a', put: (value) => ({ execCondition: [program('/bin/x', value)] }), read: exec('ExecCondition') },
  'execStartPre argument': { plain: 'a', put: (value) => ({ execStartPre: [program('/bin/y'), program('/bin/x', value)] }), read: exec('ExecStartPre') },
  'execStartPost argument': { plain: 'a', put: (value) => ({ execStartPost: [program('/bin/x', value)] }), read: exec('ExecStartPost') },
  'execStopPost argument': { plain: 'a', put: (value) => ({ execStopPost: [program('/bin/x', value)] }), read: exec('ExecStopPost') },
  'pidFile': { plain: 'a', put: (value) => ({ pidFile: `/run/${value}` }), read: (lines) => text('PIDFile')(lines).slice('/run/'.length) },
  'calendar': { plain: 'daily', put: (schedule) => ({ startSchedule: calendar(schedule) }) },
  'environment': { plain: 'a', put: (envName) => ({ environment: { kind: 'venv', envName }, startCommand: program('x') }), read: (lines) => readExec(last(lines('ExecStart')))[3] },
  'workingDirectory': { plain: 'a', put: (value) => ({ workingDirectory: `/${value}` }), read: (lines) => text('WorkingDirectory')(lines).slice(1) },
  'env name': { plain: 'C', put: (name) => ({ env: { ...base.env, [name]: 'c' } }) },
  'env value': { plain: 'c', put: (value) => ({ env: { ...base.env, C: value } }), read: (lines) => readItems(lines('Environment').find((line) => line.startsWith('"C='))!)[0]!.slice('C='.length) },
  'env value of a secret': { plain: 'c', put: (value) => ({ env: { ...base.env, SOME_TOKEN: `c${value}` } }) },
  'envFile': { plain: 'a', put: (value) => ({ envFile: `/${value}` }), read: (lines) => readLiteral(lines('EnvironmentFile')[0]!).slice(1).replace(/\\([*?[\]{}\\])/g, '$1') },
  'secret name': { plain: 'a', put: (name) => ({ secrets: { [name]: { file: '/a' } } }) },
  'secret file': { plain: 'a', put: (value) => ({ secrets: { a: { file: `/${value}` } } }), read: (lines) => text('LoadCredential')(lines).slice('a:/'.length) },
  'killSignal': { plain: 'SIGINT', put: (killSignal) => ({ killSignal }) },
  'successExitStatus': { plain: 'SIGHUP', put: (value) => ({ successExitStatus: [value] }) },
  'user': { plain: 'a', put: (user) => ({ user }), read: text('User') },
  'group': { plain: 'a', put: (group) => ({ group }), read: text('Group') },
  'slice': { plain: 'a', put: (slice) => ({ slice }) },
  'requirement': { plain: '>=', put: (value) => ({ startupRequirements: [{ kind: 'memory', amount: 1, constraint: value, silent: true } as Requirement] }) },
  'cpusetCpus': { plain: '0', put: (cpusetCpus) => ({ cgroupConfig: { cpusetCpus } }) },
  'device': { plain: '/dev/sda', put: (value) => ({ cgroupConfig: { deviceReadBps: { [value]: 1 } } }), read: (lines) => readItems(last(lines('IOReadBandwidthMax')))[0] },
  'devices': { plain: '/dev/sda', put: (value) => ({ cgroupConfig: { devices: [`/dev/${value}`] } }) },
  'deviceCgroupRules': { plain: 'c 1:1 r', put: (value) => ({ cgroupConfig: { deviceCgroupRules: ['c 1:2 r', value] } }) },
  'capDrop': { plain: 'CHOWN', put: (value) => ({ cgroupConfig: { capDrop: [value] } }) },
  'cgroup environment': { plain: 'c', put: (value) => ({ cgroupConfig: { environment: { C: value } } }), read: (lines) => readItems(lines('Environment').find((line) => line.startsWith('"C='))!)[0]!.slice('C='.length) },
  'source': { plain: '/a', put: (source) => ({ source }) },
  'directive': { plain: 'Nice', put: (name) => ({ directives: { Service: { [name]: ['5'] } } }) },
  'directive value': { plain: '5', put: (value) => ({ directives: { Service: { Nice: [value] } } }) },
  ...Object.fromEntries(dependencies.map((field): [string, Field] => [field, { plain: 'a', put: (value) => ({ [field]: ['b', value] }) }])),
}

const fragments = [
  '\n', '\r', '\r\n', '\0', '\t', '\v', '\f', '\x1b', '\x7f', '\x85', '\u2028', '\ufeff', '\ud800', '\nExecStartPre=/bin/evil', '\n[Install]\nAlias=evil.service', '\\\n', '\\', '\\\\', '\\n', '\\x0a', '\\;',
  '%', '%%', '%n', '%i', '%h', '$', '$$', '$HOME', '${HOME}', '"', "'", '\\"', ' " ', " ' ", ' ; ', ';', '#', '# ', '[Service]', '=', ' ', '  ', '-', '@', ':', '+', '!', '|', '/', '..', '*', '?', '{a,b}', '~', '`x`', '$(x)', '&', '<', '>', 'a', 'Z', '0', 'é', '日', '👩',
]
const hostile = fc.string({ unit: fc.constantFrom(...fragments), minLength: 1, maxLength: 6 })

/** Section, directive and order of every line of every unit. A value that looks like a secret moves to its file. */
function shapeOf(definition: ServiceDefinition): { readonly shape: string; readonly lines: Lines; readonly secretEnv: string | undefined } {
  const { units, secretEnv } = compileService(definition, compileHost('system'))
  const read = units.map(({ text: unit }) => readUnit(unit))
  const [service = []] = read
  return {
    shape: read.map((one) => one.map(({ section, directive }) => `${section}.${directive}`).join(' ')).join('\n'),
    lines: (directive) => service.filter((one) => one.directive === directive).map(({ value }) => value),
    secretEnv: secretEnv?.text,
  }
}

const plainShapes = new Map(Object.entries(fields).flatMap(([name, { plain, put }]) => [false, true].map((secret) =>
  [`${name} ${secret}`, shapeOf({ ...base, ...put(secret && /value|environment/.test(name) ? 'https://u:p@h' : plain) }).shape] as const)))

let refused = 0

function check(name: string, value: string): void {
  const { put, read } = fields[name]!
  let compiled: ReturnType<typeof shapeOf>
  try {
    compiled = shapeOf({ ...base, ...put(value) })
  } catch (error) {
    if (!(error instanceof TaskflowsError) || !/^(service\.(unsafe|invalid)|calendar\.invalid)$/.test(error.code)) throw error
    refused += 1
    return
  }
  const secret = /^(env value|cgroup environment)$/.test(name) && looksSecret('C', value)
  // What systemd cannot be told is not compiled, and what it skips (a rule for Docker) is no line.
  if (name !== 'deviceCgroupRules' && name !== 'directive' && name !== 'env name' && compiled.shape !== plainShapes.get(`${name} ${secret}`)) throw new Error(`${name}: ${JSON.stringify(value)} gives other lines:\n${compiled.shape}`)
  if (secret) expect(readEnvironmentFile(compiled.secretEnv!)['C']).toBe(value)
  else if (read && read(compiled.lines) !== value) throw new Error(`${name}: ${JSON.stringify(value)} is read as ${JSON.stringify(read(compiled.lines))}`)
  if (name === 'env value of a secret') expect(readEnvironmentFile(compiled.secretEnv!)['SOME_TOKEN']).toBe(`c${value}`)
}

test(`${values} hostile values add no line to a unit, and are read back as they were given`, { timeout: 300_000 }, () => {
  fc.assert(fc.property(fc.constantFrom(...Object.keys(fields)), hostile, check), { numRuns: values })
  // Some must pass for this to prove anything, and some be refused.
  expect(refused / values).toBeGreaterThan(0.1)
  expect(refused / values).toBeLessThan(0.9)
})
