/**
 * Starts, stops and restarts units, and waits until that is over. A unit that fails has an outcome, with the reason
 * in words; what concerns all (no bus) is thrown.
 */
import type { UnitDetails, UnitOutcome, UnitVerb } from '../../engines/services/service-manager.ts'
import { systemClock } from '../../kernel/clock.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { type Bus, managerObject } from './bus.ts'
import { type JobWatch, watchJobs } from './jobs.ts'
import { problemOf } from './problem.ts'
import { readDetails, readStatesOf } from './read-units.ts'
import { type EndWatch, hasEnded, watchEnds } from './unit-ends.ts'

export interface ActOptions {
  /** Also until what was started has ended. */
  readonly wait?: boolean
  readonly signal?: AbortSignal
}

const methods = { 'start': 'StartUnit', 'stop': 'StopUnit', 'restart': 'RestartUnit', 'try-restart': 'TryRestartUnit', 'reload-or-restart': 'ReloadOrRestartUnit' } as const satisfies Record<UnitVerb, string>

/** A job to start what is no `Type=exec` is over with the fork. A program that is missing or ends at once shows within this. */
const settlingMs = 100
const betweenLooksMs = 500

export async function act(bus: Bus, verb: UnitVerb, units: readonly string[], { wait = false, signal }: ActOptions = {}): Promise<readonly UnitOutcome[]> {
  if (units.length === 0) return []
  using jobs = await watchJobs(bus)
  using ends = wait ? await watchEnds(bus) : undefined
  const results = await orAborted(Promise.all(units.map((unit) => runJob(bus, jobs, ends, verb, unit))), signal)
  if (verb === 'stop') return explain(bus, results)
  await settle(bus, results)
  return explain(bus, results, { started: true })
}

/** The result of a job, or why there was none. */
async function runJob(bus: Bus, jobs: JobWatch, ends: EndWatch | undefined, verb: UnitVerb, unit: string): Promise<UnitOutcome> {
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

/** The connection went before the job ended: the unit itself shows what became of it. */
async function afterLoss(bus: Bus, verb: UnitVerb, unit: string): Promise<string> {
  const details = await pollUntil(bus, unit, ({ activeState }) => !['activating', 'deactivating', 'reloading'].includes(activeState))
  return verb === 'stop' || hasEnded(details) === (details.activeState === 'failed') ? 'failed' : 'done'
}

async function pollUntil(bus: Bus, unit: string, over: (details: UnitDetails) => boolean): Promise<UnitDetails> {
  for (;;) {
    const [details] = await readDetails(bus, [unit])
    if (over(details!)) return details!
    await systemClock.sleep(betweenLooksMs)
  }
}
