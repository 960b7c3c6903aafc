/**
 * Starts, stops and restarts units, and waits until that is over. A unit that fails has an outcome, with the reason
 * in words; what concerns all (no bus) is thrown.
 */
import type { UnitDetails, UnitOutcome, UnitVerb } from '../../../engines/services/service-manager.ts'
import { systemClock } from '../../../kernel/clock.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { type Bus, managerObject } from './bus.ts'
import { type JobWatch, watchJobs } from './jobs.ts'
import { problemOf } from './problem.ts'
import { readDetails, readStatesOf } from './read-units.ts'
import { type EndWatch, hasEnded, watchEnds } from './unit-ends.ts'

export interface ActOptions {
  /** Services: also until what was started has ended. */
  readonly wait?: boolean
  /** Ends the waiting, not the jobs. */
  readonly signal?: AbortSignal
}

const methods = { 'start': 'StartUnit', 'stop': 'StopUnit', 'restart': 'RestartUnit', 'try-restart': 'TryRestartUnit', 'reload-or-restart': 'ReloadOrRestartUnit' } as const satisfies Record<UnitVerb, string>

/** With `Type=simple` a start is done with the fork; a program that is missing, or ends at once, shows within this. */
const settlingMs = 100
const betweenLooksMs = 500

export async function act(bus: Bus, verb: UnitVerb, units: readonly string[], { wait = false, signal }: ActOptions = {}): Promise<readonly UnitOutcome[]> {
  if (units.length === 0) return []
  const begunAt = systemClock.now()
  await using _ = hold(bus, verb === 'stop' ? [] : units.filter((unit) => unit.endsWith('.service')))
  using jobs = await watchJobs(bus)
  using ends = wait && verb !== 'stop' ? await watchEnds(bus) : undefined
  const outcomes = await unlessAborted(signal, Promise.all(units.map((unit) => carryOut(bus, verb, unit, jobs, ends))))
  const ended = verb === 'stop' ? new Set<string>() : await endedSoon(bus, outcomes)
  const unclear = outcomes.filter(({ unit, result, problem }) => problem === undefined && (result !== 'done' || ended.has(unit))).map(({ unit }) => unit)
  const details = new Map((await readDetails(bus, unclear)).map((found) => [found.unit, found]))
  return outcomes.map((outcome) => {
    const found = details.get(outcome.unit)
    return found ? judge(outcome, found, begunAt) : outcome
  })
}

/** Until disposed of: else the manager forgets at once how a service ended, or that it was not started at all. */
function hold(bus: Bus, units: readonly string[]): AsyncDisposable {
  const tell = (member: string) => Promise.allSettled(units.map((unit) => bus.call({ ...managerObject, member, signature: 's', args: [unit] })))
  const held = tell('RefUnit')
  return {
    [Symbol.asyncDispose]: async () => {
      await held
      await tell('UnrefUnit')
    },
  }
}

async function carryOut(bus: Bus, verb: UnitVerb, unit: string, jobs: JobWatch, ends: EndWatch | undefined): Promise<UnitOutcome> {
  try {
    const [job] = await bus.call({ ...managerObject, member: methods[verb], signature: 'ss', args: [unit, 'replace'] })
    const result = await jobs.ended(job as string)
    if (result === 'lost') return { unit, result: await afterLoss(bus, verb, unit) }
    if (result === 'done' && ends && unit.endsWith('.service') && !(await ends.ended(unit))) await pollUntil(bus, unit, hasEnded)
    return { unit, result }
  } catch (error) {
    if (error instanceof TaskflowsError && error.code === 'systemd.refused') return { unit, result: 'refused', problem: error.message }
    throw error
  }
}

/** The connection went before the job was over: the unit shows what became of it. */
async function afterLoss(bus: Bus, verb: UnitVerb, unit: string): Promise<string> {
  const details = await pollUntil(bus, unit, ({ activeState }) => !['activating', 'deactivating', 'reloading'].includes(activeState))
  const asAsked = verb === 'stop' ? hasEnded(details) : details.activeState !== 'failed'
  return asAsked ? 'done' : 'failed'
}

async function pollUntil(bus: Bus, unit: string, over: (details: UnitDetails) => boolean): Promise<UnitDetails> {
  for (;;) {
    const [details] = await readDetails(bus, [unit])
    if (over(details!)) return details!
    await systemClock.sleep(betweenLooksMs)
  }
}

/** Services whose start is done, and which do not run, or not any more. */
async function endedSoon(bus: Bus, outcomes: readonly UnitOutcome[]): Promise<ReadonlySet<string>> {
  const started = outcomes.filter(({ unit, result }) => result === 'done' && unit.endsWith('.service')).map(({ unit }) => unit)
  if (started.length === 0) return new Set()
  const notRunning = async () => new Set((await readStatesOf(bus, started)).filter(({ activeState }) => activeState !== 'active').map(({ unit }) => unit))
  const ended = await notRunning()
  if (ended.size === started.length) return ended
  await systemClock.sleep(settlingMs)
  return notRunning()
}

function judge({ unit, result }: UnitOutcome, details: UnitDetails, begunAt: number): UnitOutcome {
  if (result !== 'done') return result === 'skipped' ? { unit, result } : { unit, result, problem: problemOf(result, details) }
  if (details.conditionsMet === false) return { unit, result: 'skipped' }
  // The result of a run before this one says nothing: a try-restart leaves alone what does not run.
  const failed = details.result !== 'success' && details.startedAt !== null && details.startedAt >= begunAt - 1
  return failed ? { unit, result: 'failed', problem: problemOf('failed', details) } : { unit, result }
}

async function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work
  const aborted = Promise.withResolvers<never>()
  const stop = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  work.catch(() => {})
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
