/** What `tf check` found, for people: a block per service that has something to say, and what it comes to. */
import type { CheckedFiles } from '../../../check-services.ts'
import type { Paint, Style } from './style.ts'
import { visible } from './visible.ts'

type Finding = CheckedFiles['findings'][number]
type Checked = CheckedFiles['services'][number]

const labels: Readonly<Record<Finding['severity'], { readonly text: string; readonly style: Style }>> = {
  error: { text: 'error  ', style: 'red' }, warning: { text: 'warning', style: 'yellow' }, advice: { text: 'advice ', style: 'cyan' },
}

/** @param all also services that nothing is to be said of */
export function checkText(report: CheckedFiles, paint: Paint, all: boolean): string {
  const byOwner = Map.groupBy(report.findings, ownerOf)
  const known = new Set(report.services.map(({ definition }) => ownerOf({ service: definition.name, scope: definition.scope, source: null })))
  const elsewhere = [...byOwner].filter(([owner]) => !known.has(owner)).map(([owner, findings]) => blockOf(owner, findings, paint))
  const blocks = report.services.flatMap((service) => {
    const { name, scope } = service.definition
    const findings = byOwner.get(ownerOf({ service: name, scope, source: null })) ?? []
    return findings.length > 0 || all ? [blockOf(`${name} (${scope})`, findings, paint, factsOf(service, findings, paint))] : []
  })
  return [...elsewhere, ...blocks, paint('bold', summary(report))].join('\n\n')
}

/** Under which heading it goes: the service, else the file, else all of them. */
function ownerOf({ service, scope, source }: Pick<Finding, 'service' | 'scope' | 'source'>): string {
  if (service !== null && scope !== null) return `${service} (${scope})`
  return [service, source].filter((part) => part !== null).join(' in ') || 'All together'
}

function blockOf(owner: string, findings: readonly Finding[], paint: Paint, facts: readonly string[] = []): string {
  return [paint('bold', visible(owner)), ...facts.map((fact) => `  ${fact}`), ...findings.flatMap((finding) => linesOf(finding, paint))].join('\n')
}

function linesOf({ severity, field, message, hint }: Finding, paint: Paint): string[] {
  const { text, style } = labels[severity]
  return [`  ${paint(style, text)}  ${field === null ? '' : `${visible(field)}: `}${visible(message)}`, ...hint === null ? [] : [`           ${paint('dim', visible(hint))}`]]
}

function factsOf({ schedules, year, exposure }: Checked, findings: readonly Finding[], paint: Paint): string[] {
  const runs = schedules.map(({ field, schedule, nextRuns, zone }) => {
    const verb = { startSchedule: 'runs', stopSchedule: 'stops', restartSchedule: 'restarts' }[field]
    return `${verb} ${visible(schedule)}${nextRuns.length === 0 ? '' : `: next ${nextRuns.map(({ at, local }) => bothTimes(at, local, zone!)).join(', ')}`}`
  })
  const numbers = [...year === null ? [] : [`${year.estimated ? 'about ' : ''}${year.runs} runs in the year`], ...exposure === null || findings.some(({ check }) => check === 'security') ? [] : [`exposure ${exposure.score} ${exposure.word}`]]
  return [...runs, ...numbers.length === 0 ? [] : [numbers.join(', ')]].map((fact) => paint('dim', fact))
}

function bothTimes(at: number, local: string, zone: string): string {
  if (zone === 'UTC') return `${local} UTC`
  const utc = new Date(at).toISOString().slice(0, 19).replace('T', ' ')
  return `${local} (${utc.slice(0, 10) === local.slice(0, 10) ? utc.slice(11) : utc} UTC)`
}

function summary({ services, findings }: CheckedFiles): string {
  const count = (severity: Finding['severity'], one: string, many: string): string[] => {
    const found = findings.filter((finding) => finding.severity === severity).length
    return found === 0 ? [] : [`${found} ${found === 1 ? one : many}`]
  }
  const found = [...count('error', 'error', 'errors'), ...count('warning', 'warning', 'warnings'), ...count('advice', 'piece of advice', 'pieces of advice')]
  return `${services.length} ${services.length === 1 ? 'service' : 'services'} checked: ${found.join(', ') || 'nothing to mend'}.`
}
