/**
 * Carries a plan out: writes, one reload per manager, starts, looks whether all
 * came up, and rolls back what did not. `prepare-services.ts` made sure before
 * the first write that every part of it is valid; `roll-back.ts` is the way back.
 */
import type { Clock } from '../../../kernel/clock.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { type Started, isFailure, problemsOf } from './come-up.ts'
import { type ServicesHost, factOf } from '../host.ts'
import { containerOf } from './look-at-containers.ts'
import type { PlannedService, Step } from './plan-service.ts'
import type { FormerImages } from './ready-images.ts'
import { canRollBack, rollBack } from './roll-back.ts'
import type { ServiceManager, UnitOutcome, UnitVerb } from '../service-manager.ts'
import type { AppliedService, ApplyOptions, ApplyResult, Plan } from '../services.ts'
import { stopRuns } from './stop-runs.ts'
import { removeLeftovers } from './tidy-containers.ts'

/** All services of one manager. */
export interface Batch {
  readonly manager: ServiceManager
  readonly services: readonly PlannedService[]
}

type Options = Pick<ApplyOptions, 'by' | 'note' | 'onProgress'> & { readonly images: FormerImages }

/** @throws `service.not_applied` when nothing that should change came up */
export async function applyPlan(plan: Plan, batches: readonly Batch[], host: ServicesHost, options: Options): Promise<ApplyResult> {
  const services: AppliedService[] = []
  let reloads = 0
  for (const batch of batches) {
    const applied = await applyBatch(batch, host, options)
    services.push(...applied.services)
    reloads += applied.reloads
  }
  refuseIfNothingHolds(services)
  return { plan, services, reloads }
}

async function applyBatch({ manager, services }: Batch, host: ServicesHost, options: Options): Promise<Omit<ApplyResult, 'plan'>> {
  const changing = services.filter(({ change }) => change.action !== 'none')
  const telling = tellLongWork(host.clock, options)
  let reloads = await changeDisk(changing, manager, host, telling)
  await removeLeftovers(changing, host)
  const problems = await startAll(changing, manager, host, telling)
  const failed = changing.filter((service) => problems.has(service.change.name) && canRollBack(service, options.images))
  if (failed.length > 0) {
    await telling(`Rolling back ${failed.map(({ change }) => change.name).join(', ')}`, async () => {
      const kept = services.filter((service) => !failed.includes(service))
      for (const [name, problem] of await rollBack(failed, { manager, host, images: options.images, kept })) problems.set(name, `${problems.get(name)}; ${problem}`)
    })
    reloads += 1
  }
  const applied = services.map((service) => record(service, problems.get(service.change.name) ?? null, failed.includes(service), host, options))
  for (const fact of applied.flatMap((service) => factOf(service, options.by) ?? [])) host.tell(fact)
  return { reloads, services: applied }
}

/**
 * What is on disk, and what starts at boot. How many reloads it took.
 * @throws `service.action_failed` when what leaves cannot be stopped, and nothing was changed then
 */
export async function changeDisk(changing: readonly PlannedService[], manager: ServiceManager, host: Pick<ServicesHost, 'containerRuntime'>, telling: Telling): Promise<number> {
  const leaving = unitsTo(changing, 'stop')
  const stuck = (await telling(`Stopping ${leaving.length} units`, () => manager.act('stop', leaving))).find(isFailure)
  if (stuck) throw new TaskflowsError('service.action_failed', `${stuck.unit} could not be stopped: ${stuck.problem ?? stuck.result}`, { details: { unit: stuck.unit, result: stuck.result } })
  await stopRuns(new Set(changing.flatMap(({ change, compiled }) => (compiled === null ? [change.name] : []))), manager)
  const rewritten = changing.filter((service) => service.rewritten)
  try {
    await manager.setEnabled(unitsTo(changing, 'disable'), false)
    if (rewritten.length > 0) await manager.write(writing(rewritten))
    await manager.setEnabled(unitsTo(changing, 'enable'), true)
    if (rewritten.length > 0) await telling(`Having systemd read ${rewritten.length} services`, () => manager.reload())
  } catch (error) {
    // The reason counts, also when the way back fails for the same one.
    const images: FormerImages = new Map()
    await rollBack(changing.filter((service) => canRollBack(service, images)), { manager, host, images, kept: [] }).catch(() => {})
    throw error
  }
  return rewritten.length > 0 ? 1 : 0
}

type Writing = Parameters<ServiceManager['write']>[0]

function writing(rewritten: readonly PlannedService[]): Writing {
  const filesTo = (service: PlannedService, isGone: boolean) => service.change.files.filter(({ action }) => (action === 'remove') === isGone).map(({ unit }) => unit)
  return {
    units: rewritten.flatMap((service) => {
      const changed = new Set(filesTo(service, false))
      return (service.compiled?.units ?? []).filter(({ unit }) => changed.has(unit))
    }),
    removed: rewritten.flatMap((service) => filesTo(service, true)),
    secretEnv: rewritten.flatMap(({ compiled, situation }): Writing['secretEnv'][number][] => {
      const [now, then] = [compiled?.secretEnv, situation.applied?.secretEnv]
      if (now) return now.text === situation.secretText ? [] : [now]
      return then ? [{ path: then.path, text: null }] : []
    }),
  }
}

const startingVerbs: readonly (readonly [Step['verb'], UnitVerb])[] = [['start', 'start'], ['restart', 'restart'], ['reload', 'reload-or-restart']]

/** Why services did not come up, by name. */
async function startAll(changing: readonly PlannedService[], manager: ServiceManager, host: ServicesHost, telling: Telling): Promise<Map<string, string>> {
  const owners = new Map(startingVerbs.flatMap(([verb]) => changing.flatMap((service) => unitsTo([service], verb).map((unit) => [unit, service] as const))))
  if (owners.size === 0) return new Map()
  // Starts by hand count towards the limit of starts in a while, and would else end in a rollback.
  await manager.resetFailed([...owners.keys()].filter((unit) => unit.endsWith('.service')))
  const outcomes = await telling(`Starting ${owners.size} units`, async () => (
    (await Promise.all(startingVerbs.map(([verb, unitVerb]) => begin(manager, unitVerb, unitsTo(changing, verb), host.clock, (unit) => endsByItself(unit, owners.get(unit)!))))).flat()
  ))
  const started = [...owners].flatMap(([unit, { compiled }]): Started[] => (unit.endsWith('.service') && compiled ? [{ unit, definition: compiled.definition, contained: containerOf(compiled) !== undefined }] : []))
  const found = await telling(`Waiting for ${started.length} services to come up`, () => problemsOf(started, outcomes, manager, host))
  return new Map([...found].map(([unit, problem]) => {
    const { change, compiled } = owners.get(unit)!
    return [change.name, compiled?.definition.instances ? `${unit} ${problem}` : problem]
  }))
}

function endsByItself(unit: string, { compiled }: PlannedService): boolean {
  return unit.endsWith('.service') && compiled?.definition.type === 'oneshot'
}

/** How long a job that takes until its program has ended is looked at: what fails at once is still told. */
const glanceMs = 500

/** Starts, all in one call but for what ends by itself: that is begun and not waited for, since it may take hours. */
export async function begin(manager: ServiceManager, verb: UnitVerb, units: readonly string[], clock: Clock, takesUntilItsEnd: (unit: string) => boolean): Promise<readonly UnitOutcome[]> {
  const [long, short] = [units.filter(takesUntilItsEnd), units.filter((unit) => !takesUntilItsEnd(unit))]
  const [glanced, waited] = await Promise.all([Promise.all(long.map((unit) => glanceAt(manager, verb, unit, clock))), manager.act(verb, short)])
  return [...glanced, ...waited]
}

async function glanceAt(manager: ServiceManager, verb: UnitVerb, unit: string, clock: Clock): Promise<UnitOutcome> {
  const patience = new AbortController()
  using _ = clock.timer(glanceMs, () => patience.abort())
  try {
    return (await manager.act(verb, [unit], { signal: patience.signal }))[0]!
  } catch (error) {
    if (patience.signal.aborted) return { unit, result: 'done' }
    throw error
  }
}

function record({ change, compiled, situation, rewritten }: PlannedService, problem: string | null, wasRolledBack: boolean, { versions, clock }: ServicesHost, { by, note }: Options): AppliedService {
  const { name, scope, action } = change
  const before = situation.applied?.version ?? null
  if (wasRolledBack) return { name, scope, action: 'rolled_back', version: before, problem }
  if (compiled === null || !rewritten) return { name, scope, action, version: before, problem }
  const { definition, units, secretEnv = null } = compiled
  const version = versions.append(scope, { at: clock.now(), by, note: note ?? null, definition, units, secretEnv })
  return { name, scope, action, version, problem }
}

function refuseIfNothingHolds(services: readonly AppliedService[]): void {
  const changed = services.filter(({ action }) => action !== 'none')
  if (changed.length === 0 || changed.some(({ action }) => action !== 'rolled_back')) return
  const message = changed.map(({ name, problem }) => `${name} ${problem}`).join('; ')
  throw new TaskflowsError('service.not_applied', `${message}: rolled back`, { details: { services: changed }, hint: `tf logs ${changed[0]!.name} says more.` })
}

export function unitsTo(services: readonly PlannedService[], verb: Step['verb']): string[] {
  return services.flatMap(({ change }) => change.steps.filter((step) => step.verb === verb).map(({ unit }) => unit))
}

export type Telling = <T>(what: string, work: () => Promise<T>) => Promise<T>

/** Says what is being done once it has taken a second. */
export function tellLongWork(clock: Clock, { onProgress = () => {} }: Pick<ApplyOptions, 'onProgress'>): Telling {
  return async (what, work) => {
    using _ = clock.timer(1000, () => onProgress(what))
    return await work()
  }
}
