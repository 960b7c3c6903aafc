/** `tf plan`: what `tf create` would change, and nothing is. Exit codes of its own: 0 no changes, 2 changes, 1 any error. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { InputOf } from '../../../contract/operation.ts'
import { TaskflowsError, exitCodes } from '../../../kernel/errors.ts'
import { connect } from '../connect.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import type { Output } from '../output/output.ts'
import { type Plan, planText } from '../output/plan-text.ts'
import { zonedTime } from '../output/zoned-time.ts'

type PlanInput = InputOf<TaskflowsContract['services']['plan']>

/** Exit code that says so; `usageExit` of the command keeps mistakes apart from it. */
const changes = 2

/** As the line names definitions; read by this process, whichever server is to apply them. */
interface Given {
  readonly path: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly scope?: 'user' | 'system'
  readonly prune?: true
  readonly start?: true
  readonly noStart?: true
}

export const run: RunCommand = async (invocation) => {
  const input = await readInput(invocation)
  await using connection = await connect(invocation, 'services')
  const plan = await connection.client.services.plan(input)
  await printPlan(plan, invocation.output(false), invocation)
  if (plan.findings.some(({ severity }) => severity === 'error')) return exitCodes.error
  return plan.changed ? changes : exitCodes.ok
}

/** What `plan` and `apply` are asked, from the definitions that the line names. */
export async function readInput({ values, talk }: Invocation): Promise<PlanInput> {
  const { path, include, exclude, scope, prune = false, start, noStart } = values as unknown as Given
  if (start && noStart) throw new TaskflowsError('cli.usage', '--start and --no-start: expected one of them, got both')
  const { loadServices } = await import('../../../local-services.ts')
  const { services, notes } = await loadServices(path, { cwd: process.cwd(), ...(include && { include }), ...(exclude && { exclude }), ...(scope && { scope }) })
  for (const note of notes) talk.note(note)
  return { services: services as PlanInput['services'], prune, ...((start || noStart) && { start: start === true }) }
}

export async function printPlan(plan: Plan, output: Output, { config }: Invocation): Promise<void> {
  if (output.format === 'name') return output.page({ items: plan.changes.filter(({ action }) => action !== 'none') }, { name: ({ name }) => name, columns: [], empty: '' })
  await output.item(plan, { name: '', text: () => planText(plan, output.paint, zonedTime(config.displayTimezone)) })
}
