/** What applying definitions would change, for people: `tf plan`, and `tf create` before it asks. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import type { Paint, Style } from './style.ts'
import { visible } from './visible.ts'
import type { ZonedTime } from './zoned-time.ts'

export type Plan = OutputOf<TaskflowsContract['services']['plan']>
type Change = Plan['changes'][number]
type Finding = Plan['findings'][number]

const signs: Readonly<Record<Change['action'], { readonly sign: string; readonly word: string; readonly style: Style }>> = {
  create: { sign: '+', word: 'is new', style: 'green' },
  update: { sign: '~', word: 'changes', style: 'yellow' },
  remove: { sign: '-', word: 'is removed', style: 'red' },
  none: { sign: '=', word: 'stays', style: 'dim' },
}

/** Unchanged services only count, unless there is something to say of them. */
export function planText(plan: Plan, paint: Paint, time: ZonedTime): string {
  const parts = plan.changes.filter(isWorthSaying).map((change) => changeText(change, plan.findings, paint, time))
  const elsewhere = plan.findings.filter(({ unit }) => !plan.changes.some(({ files }) => files.some((file) => file.unit === unit)))
  if (elsewhere.length > 0) parts.push(elsewhere.map((finding) => findingText(finding, paint)).join('\n'))
  if (plan.orphans.length > 0) parts.push(`Not defined here any more, --prune removes: ${plan.orphans.map(({ name, scope }) => `${visible(name)} (${scope})`).join(', ')}`)
  return [...parts, paint('bold', summary(plan))].join('\n\n')
}

function isWorthSaying({ action, steps, drift, warnings }: Change): boolean {
  return action !== 'none' || steps.length > 0 || drift.length > 0 || warnings.length > 0
}

function changeText({ name, scope, action, files, steps, next_runs, drift, warnings }: Change, findings: readonly Finding[], paint: Paint, time: ZonedTime): string {
  const { sign, word, style } = signs[action]
  const ours = new Set(files.map(({ unit }) => unit))
  return [
    `${paint(style, `${sign} ${visible(name)}`)} (${scope}) ${word}`,
    ...files.filter(({ diff }) => diff !== '').map(({ diff }) => diffText(diff, paint)),
    ...drift.map((text) => `  ${paint('yellow', 'drift:')} ${visible(text)}`),
    ...warnings.map((text) => `  ${paint('yellow', 'warning:')} ${visible(text)}`),
    ...findings.filter(({ unit }) => ours.has(unit)).map((finding) => findingText(finding, paint)),
    ...steps.map(({ verb, unit, why }) => `  ${paint('cyan', verb)} ${visible(unit)}: ${visible(why)}`),
    ...(next_runs.length > 0 ? [`  next runs: ${next_runs.map((run) => time.short(run)).join(', ')} ${time.zone}`] : []),
  ].join('\n')
}

function diffText(diff: string, paint: Paint): string {
  return diff.trimEnd().split('\n').map((line) => `    ${styled(line, paint)}`).join('\n')
}

function styled(line: string, paint: Paint): string {
  const shown = visible(line)
  if (/^(---|\+\+\+) /.test(line)) return paint('bold', shown)
  return line.startsWith('+') ? paint('green', shown) : line.startsWith('-') ? paint('red', shown) : line.startsWith('@@') ? paint('cyan', shown) : shown
}

function findingText({ unit, line, severity, message }: Finding, paint: Paint): string {
  return `  ${paint(severity === 'error' ? 'red' : 'yellow', `systemd ${severity}:`)} ${visible(unit)}${line === null ? '' : `:${line}`}: ${visible(message)}`
}

function summary({ changes, changed }: Plan): string {
  const count = (action: Change['action']) => changes.filter((change) => change.action === action).length
  const unchanged = `${count('none')} unchanged`
  if (!changed) return `Nothing would change: ${unchanged}.`
  const said = [[count('create'), 'to create'], [count('update'), 'to change'], [count('remove'), 'to remove']] as const
  return `${[...said.filter(([many]) => many > 0).map(([many, what]) => `${many} ${what}`), unchanged].join(', ')}.`
}
