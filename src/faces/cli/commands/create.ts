/** `tf create`: applies definitions, after a question where something would be removed or restarted. */
import { TaskflowsError, exitCodes } from '../../../kernel/errors.ts'
import { confirm } from '../confirm.ts'
import { type Connection, connect } from '../connect.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import type { Plan } from '../output/plan-text.ts'
import { planText } from '../output/plan-text.ts'
import { zonedTime } from '../output/zoned-time.ts'
import { printApplied } from './apply-services.ts'
import { printPlan, readInput } from './plan.ts'

type Input = Awaited<ReturnType<typeof readInput>>

export const run: RunCommand = async (invocation) => {
  const input = await readInput(invocation)
  await using connection = await connect(invocation, 'services')
  const { services } = connection.client
  if (invocation.values['dryRun'] === true) {
    await printPlan(await services.plan(input), invocation.output(false), invocation)
    return exitCodes.ok
  }
  await ask(input, connection, invocation)
  const applied = await services.apply(input, { idempotencyKey: crypto.randomUUID() })
  return printApplied(applied, { ...invocation, client: connection.client, output: invocation.output(false) })
}

async function ask(input: Input, { client }: Connection, { globals, talk, config }: Invocation): Promise<void> {
  const asks = process.stdin.isTTY && process.stderr.isTTY
  if (globals.yes || (!asks && !input.prune)) return
  const plan = await client.services.plan(input)
  talk.progress('')
  const removed = plan.changes.filter(({ action }) => action === 'remove').map(({ name }) => name)
  const restarted = plan.changes.flatMap(({ steps }) => steps.filter(({ verb }) => verb === 'restart' || verb === 'stop').map(({ unit }) => unit))
  if (removed.length === 0 && restarted.length === 0) return
  if (!asks && removed.length > 0) {
    throw new TaskflowsError('cli.usage', `--prune would remove ${removed.join(', ')}, and there is no terminal to ask`, { details: { removed }, hint: 'Look with tf plan --prune, then add --yes.' })
  }
  process.stderr.write(`${planText(plan as Plan, talk.paint, zonedTime(config.displayTimezone))}\n\n`)
  await confirm('Do this?', globals)
}
