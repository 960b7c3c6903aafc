/**
 * Whether units say the same, whatever they look like: the proof of an import. By
 * meaning where directives have one (times, sizes, commands, variables, names), else by text.
 * docs/guides/import.md lists what does not count.
 */
import type { CompiledService } from '../../../engines/services/service-manager.ts'
import { timerCalendar } from '../../../kernel/schedule/index.ts'
import { isPeakLine } from '../compile/measure-peak.ts'
import { fieldsOf } from './import-fields.ts'
import { type UnitSettings, mergeUnit } from './read-unit-file.ts'
import { type ImportedCommand, importCommand } from './import-exec.ts'
import { type SpecifierPlace, literalOf } from './specifiers.ts'
import { booleanOf, bytesIn, commandsOf, secondsIn, wordsOf } from './unit-values.ts'

export interface Difference {
  /** `Service.Nice`. */
  readonly key: string
  /** `undefined`: does not say so. */
  readonly source: string | undefined
  readonly ours: string | undefined
}

export interface ComparePlace extends SpecifierPlace {
  /** What a unit is called that is imported along. */
  renamed(unit: string): string
}

type Meaning = ReadonlyMap<string, string>

/** Of a service and its timer. The source as `rewrite-unit.ts` gives it. */
export function compareUnits(source: { readonly service: UnitSettings; readonly timer?: UnitSettings }, compiled: CompiledService, place: ComparePlace): readonly Difference[] {
  const text = (role: string) => compiled.units.find((unit) => unit.role === role)?.text
  const ours = mergeUnit([text('service')!]).settings
  const withSecrets = new Map(ours).set('Service.Environment', [...ours.get('Service.Environment') ?? [], ...secretLines(compiled)])
  if (compiled.secretEnv) withSecrets.set('Service.EnvironmentFile', (ours.get('Service.EnvironmentFile') ?? []).filter((file) => file !== compiled.secretEnv!.path))
  withSecrets.set('Service.ExecStopPost', (ours.get('Service.ExecStopPost') ?? []).filter((line) => !isPeakLine(line)))
  const timer = text('timer')
  return [
    ...differences(meaningOf(source.service, place), meaningOf(withSecrets, place)),
    ...differences(source.timer === undefined ? new Map() : onlyTimer(meaningOf(source.timer, place)), timer === undefined ? new Map() : onlyTimer(meaningOf(mergeUnit([timer]).settings, place))),
  ]
}

/** What every unit of ours says besides, and a source need not. */
const ourOwn = ['Service.SyslogIdentifier', 'Service.NotifyAccess', 'Service.CPUAccounting', 'Service.MemoryAccounting', 'Service.IOAccounting', 'Service.TasksAccounting', 'Install.WantedBy']

function differences(source: Meaning, ours: Meaning): readonly Difference[] {
  const keys = [...new Set([...source.keys(), ...ours.keys()])]
  return keys.filter((key) => !isSame(key, source.get(key), ours.get(key)) && !(ourOwn.includes(key) && !source.has(key))).map((key) => ({ key, source: source.get(key), ours: ours.get(key) }))
}

/** A bare name of a program is looked for by systemd at the start, and by us when we compile. */
function isSame(key: string, source: string | undefined, ours: string | undefined): boolean {
  return source === ours || (key.startsWith('Service.Exec') && ours?.replaceAll(/^\["[^"]*\//gm, '["') === source)
}

/** What the timer and its service have in common is compared once, and ours are called otherwise. */
function onlyTimer(meaning: Meaning): Meaning {
  const own = (key: string): boolean => key !== 'Timer.Unit' && !key.startsWith('Service.') && !(key.startsWith('Unit.StartLimit'))
  return new Map([...meaning].filter(([key]) => own(key)))
}

const isForPeople = /^\w+\.(?:X-.*|Description|Documentation|SourcePath)$/
const spans = /^(?:Service\.(?:Timeout(?:Start|Stop)Sec|RuntimeMaxSec|RestartSec|WatchdogSec|CPUQuotaPeriodSec)|Unit\.StartLimitIntervalSec|Timer\.(?:AccuracySec|RandomizedDelaySec))$/
const spanLists = /^Timer\.On(?:Active|Boot|Startup|UnitActive|UnitInactive)Sec$/
const sizes = /^Service\.(?:Memory(?:Min|Low|High|Max|SwapMax))$/
const switches = /^(?:Service\.(?:RemainAfterExit|NoNewPrivileges|\w+Accounting)|Timer\.Persistent)$/
/** The longest that a field takes, which stands for `infinity`. */
export const longestSeconds = 100 * 365 * 86_400

/** What holds when nothing is said. */
const defaults: Readonly<Record<string, string>> = {
  'Service.Type': 'simple', 'Service.KillSignal': 'SIGTERM', 'Service.TimeoutStopSec': '90', 'Service.StandardOutput': 'journal', 'Service.StandardError': 'journal', 'Service.Restart': 'no',
  'Timer.AccuracySec': '60', 'Timer.RandomizedDelaySec': '0', 'Timer.Persistent': 'no',
}

function meaningOf(settings: UnitSettings, place: ComparePlace): Meaning {
  const meaning = new Map<string, string>()
  for (const [key, values] of settings) {
    if (isForPeople.test(key) || values.length === 0) continue
    const meant = meaningOfOne(key, values, place)
    if (meant !== '' || values.includes('')) meaning.set(key, meant)
  }
  for (const [key, value] of Object.entries(defaults)) if (meaning.get(key) === value || (key === 'Service.StandardError' && meaning.get(key) === 'inherit' && !meaning.has('Service.StandardOutput'))) meaning.delete(key)
  if (meaning.has('Service.Restart')) for (const [key, value] of [['Unit.StartLimitIntervalSec', '10'], ['Unit.StartLimitBurst', '5']] as const) if (!meaning.has(key)) meaning.set(key, value)
  // Without a limit there is nothing to count.
  if (['0', String(longestSeconds)].includes(meaning.get('Unit.StartLimitIntervalSec') ?? '')) meaning.delete('Unit.StartLimitBurst')
  return meaning
}

function meaningOfOne(key: string, values: readonly string[], place: ComparePlace): string {
  const last = values.at(-1)!
  if (key === 'Service.Environment') return environmentOf(values, place)
  if (key.startsWith('Service.Exec')) return values.flatMap((value) => commandsOf(value)?.map((command) => commandText(command, importCommand(command, place), key)) ?? [value]).join('\n')
  if (key === 'Timer.OnCalendar') return [...new Set(values.map(calendarOf))].sort().join('\n')
  if (spanLists.test(key)) return [...new Set(values.map((value) => String(secondsIn(value) ?? value)))].sort().join('\n')
  if (/^Service\.Timeout(?:Start|Stop)Sec$/.test(key) && secondsIn(last) === 0) return String(longestSeconds)
  if (spans.test(key)) return secondsOf(last)
  if (sizes.test(key)) return String(bytesIn(last) ?? last)
  if (switches.test(key)) return { true: 'yes', false: 'no' }[String(booleanOf(last))] ?? last
  if (key.startsWith('Unit.') && key in fieldsOf) return [...new Set(values.flatMap((value) => value.split(/\s+/)).map((unit) => place.renamed(unit)))].sort().join(' ')
  if (/^Unit\.(?:Condition|Assert)(?:Memory|CPUs)$/.test(key)) return values.map((value) => value.replace(/^(?=\d)/, '>=').replace(/[\d.]+[KMGT]?$/, (size) => String(bytesIn(size)))).join('\n')
  if (/^Unit\.(?:Condition|Assert)\w+Pressure$/.test(key)) return values.map((value) => value.replace(/%$/, '%/5min')).join('\n')
  if (key === 'Service.SuccessExitStatus' || key === 'Install.WantedBy') return values.flatMap((value) => value.split(/\s+/)).join(' ')
  if (/^Service\.(?:IO\w+Max|DeviceAllow)$/.test(key)) return values.map((value) => wordsOf(value)?.map(({ text }, at) => (at === 0 ? text : bytesIn(text, 1000) ?? text)).join(' ') ?? value).sort().join('\n')
  if (key === 'Service.KillSignal') return last.replace(/^(?!SIG|\d)/, 'SIG')
  return key in fieldsOf ? literal(last, place) : (isSingle(key) ? [last] : values).join('\n')
}

/** Of these the last counts, so a drop-in leaves no trace of what it changed. Of others each may add to those before. */
export function isSingle(key: string): boolean {
  return /^Service\.(?:Nice|UMask|KillMode|SendSIG\w+|RemainAfterExit|NoNewPrivileges|LogLevelMax|TTY\w+|(?:Limit|CPUScheduling|IOScheduling|Standard|Syslog|Private|Protect)\w+)$/.test(key)
}

const literal = (value: string, place: SpecifierPlace): string => {
  const found = literalOf(value, place)
  return 'text' in found ? found.text.trimEnd() : value
}

function secondsOf(value: string): string {
  const seconds = secondsIn(value)
  return seconds === undefined ? value : String(Math.min(seconds, longestSeconds))
}

function commandText({ prefix, words }: Parameters<typeof importCommand>[0], imported: ImportedCommand, key: string): string {
  if ('refused' in imported || (imported.shell && key !== 'Service.ExecStart')) return JSON.stringify([prefix, ...words.map(({ text }) => text)])
  return JSON.stringify(imported.argv)
}

function calendarOf(text: string): string {
  try {
    return timerCalendar(text)
  } catch {
    return text
  }
}

/** Variables of ours are not of the source. */
function environmentOf(values: readonly string[], place: SpecifierPlace): string {
  const variables = new Map<string, string>()
  for (const { text } of values.flatMap((value) => wordsOf(value) ?? [{ text: value, bare: true }])) {
    const written = literal(text, place)
    const equals = written.indexOf('=')
    variables.set(written.slice(0, equals), written.slice(equals + 1))
  }
  if (variables.get('PYTHONUNBUFFERED') === '1') variables.delete('PYTHONUNBUFFERED')
  return [...variables].filter(([name]) => !name.startsWith('TASKFLOWS_')).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${value}`).join('\n')
}

/** As Environment= would say them. */
function secretLines({ secretEnv }: CompiledService): readonly string[] {
  const lines = secretEnv?.text.split('\n').slice(0, -1) ?? []
  return lines.map((line) => {
    const [, name, value] = /^(\w+)="(.*)"$/.exec(line)!
    return `"${`${name}=${value!.replace(/\\(.)/g, '$1')}`.replaceAll('%', '%%').replace(/["\\]/g, '\\$&')}"`
  })
}
