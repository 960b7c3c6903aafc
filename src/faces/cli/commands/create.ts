/** `tf create`: applies definitions, after a question where something would be removed, stopped or restarted. */
import { TaskflowsError, exitCodes } from '../../../kernel/errors.ts'
import { confirm } from '../confirm.ts'
import type { Connection } from '../connect.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import { planText } from '../output/plan-text.ts'
import { zonedTime } from '../output/zoned-time.ts'
import { printApplied } from './apply-services.ts'
import { type PlanInput, printPlan, withDefinitions } from './plan.ts'

export const run: RunCommand = (invocation) => withDefinitions(invocation, async (input, connection) => {
  const { services } = connection.client
  if (invocation.values['dryRun'] === true) {
    await printPlan(await services.plan(input), invocation.output(false), invocation)
    return exitCodes.ok
  }
  await ask(input, connection, invocation)
  const applied = await services.apply(input, { idempotencyKey: crypto.randomUUID() })
  return printApplied(applied, { ...invocation, client: connection.client, output: invocation.output(false) })
})

async function ask(input: PlanInput, { client }: Connection, { globals, talk, config }: Invocation): Promise<void> {
  const onTerminal = process.stdin.isTTY && process.stderr.isTTY
  if (globals.yes || (!onTerminal && !input.prune)) return
  const plan = await client.services.plan(input)
  talk.progress('')
  const removed = plan.changes.filter(({ action }) => action === 'remove').map(({ name }) => name)
  if (removed.length > 0 && !onTerminal) {
    throw new TaskflowsError('cli.usage', `--prune would remove ${removed.join(', ')}, and there is no terminal to ask`, { details: { removed }, hint: 'Look with tf plan --prune, then add --yes.' })
  }
  const interrupts = plan.changes.some(({ steps }) => steps.some(({ verb }) => verb === 'restart' || verb === 'stop'))
  if (removed.length === 0 && !interrupts) return
  process.stderr.write(`${planText(plan, talk.paint, zonedTime(config.displayTimezone))}\n\n`)
  await confirm('Do this?', globals)
}
