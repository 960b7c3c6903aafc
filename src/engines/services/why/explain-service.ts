/**
 * Why a service is as it is: what it does now, how its last run ended, when the next is due and what may keep it from coming,
 * what its schedule wanted and did not get. Pure; `read-facts.ts` looks.
 */
import { formatDuration } from '../../../kernel/duration.ts'
import { reasonOfEnd } from '../ledger/end-of-run.ts'
import type { ServiceRun } from '../ledger/service-run.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { UnitDetails } from '../service-manager.ts'
import type { SlotFinding, SlotVerdict } from '../slots/judge-slots.ts'

/** What was found out about one service. Times are epoch milliseconds. */
export interface WhyFacts {
  readonly name: string
  readonly scope: ServiceScope
  readonly unit: string
  readonly now: number
  /** Its unit, or that of a run while only such go on. */
  readonly service: UnitDetails | undefined
  readonly activeRuns: number
  /** `undefined`: it has no start schedule. */
  readonly timer: UnitDetails | undefined
  readonly timerEnabled: boolean
  readonly serviceEnabled: boolean
  readonly schedules: readonly string[]
  readonly overlap: 'skip' | 'queue' | 'replace' | 'allow'
  readonly nextRun: number | null
  /** The last run that is known, which may go on. */
  readonly lastRun: ServiceRun | undefined
  /** Of the last run, if it failed. */
  readonly lines: readonly string[]
  /** systemd refuses to start it for now. */
  readonly tooOften: boolean
  /** Conditions that do not hold right now, and those that did not when systemd looked last. */
  readonly unheld: readonly string[]
  readonly unmet: readonly string[]
  /** Programs and files that it names and that are not there. */
  readonly missing: readonly string[]
  readonly drift: readonly string[]
  readonly dependencies: readonly Dependency[]
  readonly slots: readonly SlotFinding[]
  /** What could not be found out, in words. */
  readonly unknown: readonly string[]
}

/** Another unit that it starts with. */
export interface Dependency {
  readonly unit: string
  /** Its start fails without it; else it is only wanted. */
  readonly needed: boolean
  /** It must run before (Requisite=). */
  readonly mustRun: boolean
  readonly details: UnitDetails
}

export interface WhyReport {
  readonly name: string
  readonly scope: ServiceScope
  readonly unit: string
  /** In words, as all text here. */
  readonly now: string
  readonly last: { readonly startedAt: number | null; readonly endedAt: number | null; readonly state: ServiceRun['state']; readonly text: string; readonly lines: readonly string[] } | null
  readonly next: { readonly at: number | null; readonly text: string; readonly obstacles: readonly string[] }
  /** How often which, of the last week. */
  readonly counts: Readonly<Partial<Record<SlotVerdict, number>>>
  /** Those that were not as they should, the latest first. */
  readonly slots: readonly SlotFinding[]
  readonly dependencies: readonly string[]
  readonly unknown: readonly string[]
}

const slotsShown = 20

export function explainService(facts: WhyFacts): WhyReport {
  const { name, scope, unit, lastRun, lines, slots, unknown } = facts
  return {
    name, scope, unit, unknown,
    now: nowText(facts),
    last: lastRun === undefined ? null : { startedAt: lastRun.startedAt, endedAt: lastRun.endedAt, state: lastRun.state, text: endText(lastRun), lines },
    next: { at: facts.nextRun, text: nextText(facts), obstacles: obstaclesOf(facts) },
    counts: Object.fromEntries([...Map.groupBy(slots, ({ verdict }) => verdict)].map(([verdict, some]) => [verdict, some.length])),
    slots: slots.filter(({ verdict }) => verdict !== 'on_time' && verdict !== 'due').toReversed().slice(0, slotsShown),
    dependencies: facts.dependencies.flatMap((dependency) => {
      const trouble = troubleOf(dependency)
      return trouble === undefined ? [] : [`it ${dependency.needed ? 'needs' : 'wants'} ${dependency.unit}, which ${trouble}`]
    }),
  }
}

const unloadable: Readonly<Record<string, string>> = {
  'masked': 'masked: systemd starts it for nobody until it is unmasked',
  'bad-setting': 'not loaded: systemd cannot make sense of its unit',
  'not-found': 'not loaded: systemd does not find its unit',
  'error': 'not loaded: systemd could not read its unit',
}

function nowText({ service, activeRuns, timer, serviceEnabled, tooOften, now }: WhyFacts): string {
  const refused = unloadable[service?.loadState ?? '']
  if (refused !== undefined) return refused
  const since = (at: number | null | undefined): string => (at === null || at === undefined ? '' : ` for ${formatDuration(Math.max(0, Math.round((now - at) / 1000)) * 1000)}`)
  switch (service?.activeState) {
    case 'active': return service.subState === 'exited' ? 'active: its program has ended, and it counts as running until it is stopped' : `running${since(service.startedAt ?? service.activeSince)}${activeRuns > 1 ? `, one of ${activeRuns} runs side by side` : ''}`
    case 'reloading': return 'running, and reading its configuration again'
    case 'activating': return service.subState.startsWith('auto-restart') ? 'waiting for its restart: its last run ended, and its restart policy starts it again' : `starting${since(service.startedAt)}: what it was told to do is not done yet`
    case 'deactivating': return 'stopping'
    case 'failed': return tooOften ? 'failed: it was started too often in a short time' : `failed, until ${timer?.activeState === 'active' ? 'its schedule or somebody starts it' : 'somebody starts it'} again`
    default: return idleText(timer, serviceEnabled)
  }
}

function idleText(timer: UnitDetails | undefined, serviceEnabled: boolean): string {
  if (timer?.activeState === 'active') return 'waiting for its schedule'
  if (timer !== undefined) return 'not running, and its timer is off'
  return serviceEnabled ? 'not running: it starts at boot, and has ended or was stopped since' : 'not running: nothing starts it but a command'
}

function endText(run: ServiceRun): string {
  if (run.state === 'running') return 'goes on'
  if (run.state === 'succeeded') return 'succeeded'
  const reason = run.reason ?? (run.result === null ? null : reasonOfEnd({ result: run.result, exitCode: run.exitCode, exitSignal: run.exitSignal, stopped: run.state === 'cancelled' }))
  return `${run.state.replace('_', ' ')}${reason === null ? '' : `: ${reason}`}`
}

function nextText({ timer, nextRun, schedules, serviceEnabled }: WhyFacts): string {
  if (timer === undefined) return serviceEnabled ? 'at the next boot, or by command' : 'only by command: it has no schedule and does not start at boot'
  if (timer.activeState !== 'active') return 'not before its timer is started'
  return nextRun === null ? 'never, or not known before it runs' : `by ${schedules.join(', ')}`
}

/** What keeps the next run from coming, or may. */
function obstaclesOf(facts: WhyFacts): string[] {
  const { name, unit, service, timer, timerEnabled, tooOften, overlap, unheld, unmet, missing, drift, dependencies } = facts
  const found: string[] = []
  const tell = (holds: boolean, text: string): void => { if (holds) found.push(text) }
  tell(service?.loadState === 'masked', `${unit} is masked: systemctl ${facts.scope === 'user' ? '--user ' : ''}unmask ${unit}`)
  tell(service?.loadState === 'bad-setting' || service?.loadState === 'not-found' || service?.loadState === 'error', `systemd cannot load ${unit}: tf check, and tf create to write it anew`)
  tell(timer !== undefined && timer.activeState !== 'active', `its timer ${timer?.activeState === 'failed' ? 'has failed' : 'is off'}: tf start ${name}`)
  tell(timer?.activeState === 'active' && facts.nextRun === null && facts.schedules.length > 0, 'its timer has no next run: its dates are past, or it waits for the first start')
  tell(timer !== undefined && !timerEnabled, `its timer does not start at boot: tf enable ${name}`)
  tell(tooOften, `systemd does not start it after too many starts in a short time: tf start ${name} begins anew`)
  found.push(...unheld)
  found.push(...unmet.filter((condition) => !unheld.some((text) => text.startsWith(condition))).map((condition) => `${condition} did not hold when systemd looked last`))
  found.push(...missing)
  for (const dependency of dependencies.filter(({ needed }) => needed)) {
    const trouble = troubleOf(dependency)
    tell(trouble !== undefined, `it needs ${dependency.unit}, which ${trouble}`)
  }
  tell(timer?.activeState === 'active' && isBusy(service) && (overlap === 'skip' || overlap === 'queue'), `a run goes on: what is due before its end ${overlap === 'skip' ? 'is left out' : 'waits for it, one at most'}`)
  found.push(...drift)
  return found
}

function isBusy(service: UnitDetails | undefined): boolean {
  return service?.activeState === 'active' || service?.activeState === 'activating' || service?.activeState === 'deactivating'
}

const unusable: Readonly<Record<string, string>> = { 'not-found': 'is not there', 'masked': 'is masked', 'bad-setting': 'systemd cannot load' }

function troubleOf({ mustRun, details: { loadState, activeState } }: Dependency): string | undefined {
  const refused = unusable[loadState]
  if (refused !== undefined) return refused
  if (activeState === 'failed') return 'has failed'
  return mustRun && activeState === 'inactive' ? 'does not run' : undefined
}
