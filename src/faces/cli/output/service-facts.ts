/** All that is known of one service, for a person. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import { formatDuration } from '../../../kernel/duration.ts'
import { type Fact, factLines } from './facts.ts'
import { statusStyles, statusText } from './service-states.ts'
import type { Paint } from './style.ts'
import { shortTime } from './time.ts'
import { visible } from './visible.ts'
import type { ZonedTime } from './zoned-time.ts'

export type Details = OutputOf<TaskflowsContract['services']['get']>

export function serviceFacts(service: Details, paint: Paint, time: ZonedTime, nowMs: number): string {
  const { name, status, scope, hostname, description } = service
  const title = `${paint('bold', visible(name))}  ${paint(statusStyles[status], statusText(status))}`
  const at = (iso: string | null) => iso && `${time.full(iso)}${near(iso, nowMs)}`
  const own = service.units.find(({ unit }) => unit === service.unit)
  const version = service.versions.find(({ current }) => current)
  const facts: readonly Fact[] = [
    ['description', description || null],
    ['unit', `${service.unit} (${scope}, on ${hostname})`],
    ['state', `${service.load_state}, ${service.active_state} (${service.sub_state})`],
    ['runs', service.active_runs > 1 ? `${service.active_runs} go on side by side` : null],
    ['at boot', bootText(service)],
    ['schedule', service.schedule],
    ['next start', at(service.next_start)],
    ['last start', at(service.last_start)],
    ['last finish', at(service.last_finish)],
    ['last result', resultText(service, own?.exit_signal ?? null)],
    ['uptime', service.uptime_seconds === null ? null : formatDuration(Math.round(service.uptime_seconds) * 1000)],
    ['process', service.pid === null ? null : [`${service.pid}`, ...(own?.tasks === null || own?.tasks === undefined ? [] : [`${own.tasks} ${own.tasks === 1 ? 'thread' : 'threads'}`])].join(', ')],
    ['memory', service.memory_bytes === null ? null : memoryText(service.memory_bytes, own?.memory_peak_bytes ?? null)],
    ['cpu', own?.cpu_seconds === null || own?.cpu_seconds === undefined ? null : formatDuration(own.cpu_seconds * 1000)],
    ['restarts', service.restarts ? String(service.restarts) : null],
    ['it says', own?.status_text || null],
    ['timers', service.timers.join(', ') || null],
    ['version', version === undefined ? null : `${version.version} of ${service.versions.length}, by ${version.by} at ${time.full(version.at)}${version.note === null ? '' : `: ${version.note}`}`],
    ...service.drift.map((text): Fact => ['drift', text]),
  ]
  return [title, ...factLines(facts)].join('\n')
}

function bootText({ service_enabled: service, timer_enabled: timer }: Details): string {
  if (timer === null) return service ? 'starts' : 'does not start'
  return [timer ? 'its timer starts' : 'its timer does not start', ...(service ? ['and it starts at once'] : [])].join(', ')
}

const results: Readonly<Record<string, string>> = {
  'success': 'succeeded',
  'timeout': 'ran longer than it may',
  'watchdog': 'did not say that it lives, and was stopped',
  'oom-kill': 'was killed because memory ran out',
  'core-dump': 'crashed and left a core dump',
  'start-limit-hit': 'failed too often; systemd does not try again before tf start',
  'exec-condition': 'was skipped: its condition did not hold',
  'resources': 'could not be started: systemd lacked something for it',
  'protocol': 'did not do what its type demands',
}

/** systemd's word for how the last run ended, in ours. What has never ended is a success to systemd. */
export function resultText({ result, exit_code: code, last_finish: ended }: Pick<Details, 'result' | 'exit_code' | 'last_finish'>, signal: string | null = null): string | null {
  if (result === null || (result === 'success' && ended === null)) return null
  if (result === 'exit-code') return `failed: exited with ${code ?? 'an error'}`
  if (result === 'signal') return `failed: killed by ${signal ?? 'a signal'}`
  return results[result] ?? result
}

function memoryText(bytes: number, peak: number | null): string {
  return `${mebibytes(bytes)}${peak === null ? '' : `, at most ${mebibytes(peak)}`}`
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`
}

function near(iso: string, nowMs: number): string {
  return Math.abs(Date.parse(iso) - nowMs) < 86_400_000 ? ` (${shortTime(iso, nowMs)})` : ''
}
