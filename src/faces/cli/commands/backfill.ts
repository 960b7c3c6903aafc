/** `tf backfill NAME`: makes up for times of a schedule, shown before it is done; without a range, what was made up for so far. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { InputOf } from '../../../contract/operation.ts'
import { systemClock } from '../../../kernel/clock.ts'
import { TaskflowsError, exitCodes } from '../../../kernel/errors.ts'
import { confirm } from '../confirm.ts'
import { type Connection, connect } from '../connect.ts'
import { interruptedExitCode, onInterruption } from '../interruption.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import { type Backfill, backfillFacts, backfillListing, backfillPlanText, countsText } from '../output/backfill-text.ts'
import { visible } from '../output/visible.ts'
import { zonedTime } from '../output/zoned-time.ts'

interface Given {
  readonly name: string
  readonly since?: string
  readonly until?: string
  readonly scope?: 'user' | 'system'
  readonly maxParallel?: number
  readonly again?: true
  readonly dryRun?: true
  readonly wait?: true
}

type Input = InputOf<TaskflowsContract['services']['backfill']>

export const run: RunCommand = async (invocation) => {
  const { name, since, until, scope, maxParallel, again, dryRun, wait } = invocation.values as unknown as Given
  const isList = [since, until, maxParallel, again, dryRun, wait].every((each) => each === undefined)
  if (!isList && (since === undefined || until === undefined)) throw new TaskflowsError('cli.usage', `--since and --until: expected both, got ${since !== undefined ? '--since' : until !== undefined ? '--until' : 'neither'}`)
  await using connection = await connect(invocation, 'services')
  const { services } = connection.client
  if (isList) return invocation.output(false).page(await services.backfills({ name, ...(scope && { scope }) }), backfillListing())
  const input: Input = { name, since: since!, until: until!, ...(scope && { scope }), ...(maxParallel !== undefined && { max_parallel: maxParallel }), ...(again && { again }) }
  const plan = await services.backfill({ ...input, dry_run: true })
  if (dryRun) return printPlan(plan, invocation)
  invocation.talk.note(planText(plan, invocation))
  if (plan.counts.waiting === 0) {
    invocation.talk.note('There is nothing to do; --again runs them once more.')
    return exitCodes.ok
  }
  await confirm('Do this?', invocation.globals)
  const started = await services.backfill(input, { idempotencyKey: crypto.randomUUID() })
  if (wait) return waitFor(started, connection, invocation)
  await invocation.output(false).item(started, { name: started.id!, text: () => `backfill ${started.id} of ${visible(name)} has begun: tf backfill show ${visible(name)} ${started.id}` })
}

function planText(plan: Backfill, { talk, config }: Invocation): string {
  return backfillPlanText(plan, talk.paint, zonedTime(config.displayTimezone))
}

function printPlan(plan: Backfill, { output, config }: Invocation): Promise<void> {
  const out = output(false)
  return out.item(plan, { name: '', text: () => backfillPlanText(plan, out.paint, zonedTime(config.displayTimezone)) })
}

const lookMs = 1_000

async function waitFor(started: Backfill, { client }: Connection, { talk, output, config }: Invocation): Promise<number> {
  using interruption = onInterruption()
  const [id, { name }] = [started.id!, started]
  let seen = started
  for (; seen.ended_at === null; seen = await client.services.showBackfill({ name, id })) {
    talk.progress(countsText(seen))
    await systemClock.sleep(lookMs, interruption.signal)
    if (!interruption.signal.aborted) continue
    talk.progress('')
    talk.note(`no longer waiting; backfill ${id} goes on: tf backfill show ${name} ${id}`)
    return interruptedExitCode
  }
  talk.progress('')
  const out = output(false)
  await out.item(seen, { name: id, text: () => backfillFacts(seen, out.paint, zonedTime(config.displayTimezone)) })
  const { succeeded, failed, skipped, cancelled } = seen.counts
  return failed + skipped + cancelled === 0 ? exitCodes.ok : succeeded === 0 ? exitCodes.error : exitCodes.partial
}
