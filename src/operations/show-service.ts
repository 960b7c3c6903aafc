/**
 * From the words of the service engine to the wire's: snake_case, ISO 8601,
 * seconds. Loads no package, so that `tf` can answer by itself at once.
 */
import type { z } from 'zod'
import type { ServiceDefinition as DefinitionWire } from '../contract/index.ts'
import type { ServiceWhy } from '../contract/service-why.ts'
import type { ActedUnits, AppliedServices, Service as ServiceWire, ServiceDetails, ServicePlan } from '../contract/services.ts'
import type { ActedUnit, ApplyResult, NextRuns, Plan, ServiceFile, Services, ServiceVersion, ServiceView, UnitDetails, WhyReport } from '../engines/services/index.ts'

type Found = Awaited<ReturnType<Services['get']>>

/** Where the services are, and when that is. */
export interface Here {
  readonly hostname: string
  /** Epoch milliseconds. */
  readonly now: number
}

export function showService(view: ServiceView, { hostname, now }: Here): z.output<typeof ServiceWire> {
  return {
    name: view.name,
    scope: view.scope,
    hostname,
    description: view.description,
    unit: view.unit,
    status: view.status,
    load_state: view.loadState,
    active_state: view.activeState,
    sub_state: view.subState,
    active_runs: view.activeRuns,
    service_enabled: view.serviceEnabled,
    timer_enabled: view.timerEnabled,
    schedule: view.schedules.length === 0 ? null : view.schedules.join(', '),
    timers: [...view.timers],
    last_start: showTime(view.lastStartAt),
    last_finish: showTime(view.lastFinishAt),
    uptime_seconds: view.activeSince === null ? null : Math.round(Math.max(0, now - view.activeSince)) / 1000,
    next_start: showTime(view.nextStartAt),
    result: view.result,
    exit_code: view.exitCode,
    restarts: view.restarts,
    pid: view.mainPid,
    memory_bytes: view.memoryBytes,
    drift: [...view.drift],
  }
}

/** @param definition as it is shown */
export function showDetails({ view, units, versions }: Omit<Found, 'definition'>, definition: DefinitionWire | null, here: Here): z.output<typeof ServiceDetails> {
  return {
    ...showService(view, here),
    definition,
    units: units.map(showUnit),
    versions: versions.map(showVersion),
  }
}

function showUnit(unit: UnitDetails): z.output<typeof ServiceDetails>['units'][number] {
  return {
    unit: unit.unit,
    load_state: unit.loadState,
    active_state: unit.activeState,
    sub_state: unit.subState,
    enabled: unit.unitFileState,
    result: unit.result,
    pid: unit.mainPid,
    exit_code: unit.exitCode,
    exit_signal: unit.exitSignal,
    restarts: unit.restarts,
    status_text: unit.statusText,
    invocation_id: unit.invocationId,
    started_at: showTime(unit.startedAt),
    ended_at: showTime(unit.endedAt),
    next_elapse_at: showTime(unit.nextElapseAt),
    last_trigger_at: showTime(unit.lastTriggerAt),
    memory_bytes: unit.memoryBytes,
    memory_peak_bytes: unit.memoryPeakBytes,
    cpu_seconds: unit.cpuSeconds,
    tasks: unit.tasks,
    conditions_met: unit.conditionsMet,
    needs_reload: unit.needsReload,
    drop_ins: [...unit.dropIns],
  }
}

function showVersion({ version, at, by, note, current }: ServiceVersion): z.output<typeof ServiceDetails>['versions'][number] {
  return { version, at: new Date(at).toISOString(), by, note, current }
}

export function showFile({ service, scope, unit, path, kind, content }: ServiceFile, { hostname }: Here) {
  return { service, scope, hostname, file: unit, path, kind, content }
}

export function showNext({ service, scope, schedule, runs }: NextRuns, { hostname }: Here) {
  return { service, scope, hostname, schedule, runs: runs.map((at) => new Date(at).toISOString()) }
}

export function showPlan({ changed, changes, orphans, findings }: Plan, { hostname }: Here): z.output<typeof ServicePlan> {
  return {
    hostname,
    changed,
    changes: changes.map(({ name, scope, action, files, steps, nextRuns, drift, warnings }) => ({
      name, scope, action,
      files: files.map(({ unit, action: done, diff }) => ({ unit, action: done, diff })),
      steps: steps.map(({ verb, unit, why }) => ({ verb, unit, why })),
      next_runs: nextRuns.map((at) => new Date(at).toISOString()),
      drift: [...drift],
      warnings: [...warnings],
    })),
    orphans: orphans.map(({ name, scope }) => ({ name, scope })),
    findings: findings.map(({ unit, line = null, severity, message }) => ({ unit, line, severity, message })),
  }
}

export function showApplied({ plan, services, reloads }: ApplyResult, here: Here): z.output<typeof AppliedServices> {
  const items = services.map(({ name, scope, action, version, problem }) => ({ name, scope, action, version, problem }))
  return { hostname: here.hostname, items, reloads, plan: showPlan(plan, here) }
}

export function showActed(units: readonly ActedUnit[], { hostname }: Here): z.output<typeof ActedUnits> {
  return { hostname, items: units.map(({ service, scope, unit, result, problem }) => ({ service, scope, unit, result, problem })) }
}

export function showWhy({ name, scope, unit, now, last, next, counts, slots, dependencies, unknown }: WhyReport, { hostname }: Here): ServiceWhy {
  return {
    name, scope, hostname, unit, now,
    last: last && { started_at: showTime(last.startedAt), ended_at: showTime(last.endedAt), state: last.state, text: last.text, lines: [...last.lines] },
    next: { at: showTime(next.at), text: next.text, obstacles: [...next.obstacles] },
    slots: {
      counts: { ...counts },
      items: slots.map(({ slot, verdict, cause, reason, run }) => ({ slot: new Date(slot).toISOString(), verdict, cause, reason, started_at: showTime(run?.startedAt ?? null) })),
    },
    dependencies: [...dependencies], unknown: [...unknown],
  }
}

function showTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
