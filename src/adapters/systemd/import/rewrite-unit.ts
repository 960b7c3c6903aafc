/** What must change in a unit that becomes one of ours, since it gets another name and one start command. Before anything is read out of it. */
import { isPeakLine } from '../compile/measure-peak.ts'
import type { UnitSettings } from './read-unit-file.ts'
import { withoutOwnName } from './specifiers.ts'
import { commandsOf } from './unit-values.ts'

export function rewriteUnit(unit: string, settings: UnitSettings): { readonly settings: UnitSettings } | { readonly refused: string } {
  const written = new Map<string, readonly string[]>()
  for (const [key, said] of settings) {
    const values = key === 'Service.ExecStopPost' ? said.filter((value) => !isPeakLine(value)) : said
    const found = values.map((value) => withoutOwnName(value, unit))
    const refused = found.find((one) => 'refused' in one)
    if (refused && 'refused' in refused && !/^Unit\.(?:Description|Documentation)$/.test(key)) return { refused: `${key.replace('.', ': ')}=: ${refused.refused}` }
    written.set(key, found.map((one, at) => ('value' in one ? one.value : values[at]!)))
  }
  return { settings: withOneStart(withErrorsWhereOutputIs(written)) }
}

/** systemd.exec(5): standard error goes where standard output goes, unless it says otherwise. */
function withErrorsWhereOutputIs(settings: UnitSettings): UnitSettings {
  const output = settings.get('Service.StandardOutput')?.at(-1)
  return output === undefined || output === 'journal' || settings.has('Service.StandardError') ? settings : new Map([...settings, ['Service.StandardError', ['inherit']]])
}

/** The commands of a oneshot run one after the other and stop at the first that fails; so do those before the last. */
function withOneStart(settings: UnitSettings): UnitSettings {
  const starts = (settings.get('Service.ExecStart') ?? []).flatMap((line) => ((commandsOf(line)?.length ?? 1) > 1 ? line.split(/(?<=\s);(?=\s)/).map((part) => part.trim()) : [line])).filter(Boolean)
  if (starts.length < 2 || settings.get('Service.Type')?.at(-1) !== 'oneshot') return settings
  return new Map([...settings, ['Service.ExecStartPre', [...settings.get('Service.ExecStartPre') ?? [], ...starts.slice(0, -1)]], ['Service.ExecStart', starts.slice(-1)]])
}
