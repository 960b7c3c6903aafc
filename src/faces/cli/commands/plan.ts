/** `tf plan`: what `tf create` would change, and nothing is. Exit codes of its own: 0 no changes, 2 changes, 1 mistakes. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { InputOf } from '../../../contract/operation.ts'
import { TaskflowsError, exitCodes } from '../../../kernel/errors.ts'
import { type Connection, connect } from '../connect.ts'
import type { LoadedDefinitions } from '../../../local-services.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import type { Output } from '../output/output.ts'
import { type Plan, planText } from '../output/plan-text.ts'
import { zonedTime } from '../output/zoned-time.ts'

export type PlanInput = InputOf<TaskflowsContract['services']['plan']>

/** Exit code that says so; `usageExit` of the command keeps mistakes apart from it. */
const changes = 2

/** As the line names definitions, and what is to be done with them. */
interface Given {
  readonly path: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly scope?: 'user' | 'system'
  readonly prune?: true
  readonly start?: true
  readonly noStart?: true
}

export const run: RunCommand = (invocation) => withDefinitions(invocation, async (input, { client }) => {
  const plan = await client.services.plan(input)
  await printPlan(plan, invocation.output(false), invocation)
  if (plan.findings.some(({ severity }) => severity === 'error')) return exitCodes.error
  return plan.changed ? changes : exitCodes.ok
})

/** Reads the definitions that the line names, here and by this account, whichever server is to apply them. */
export async function withDefinitions(invocation: Invocation, use: (input: PlanInput, connection: Connection) => Promise<number | void>): Promise<number | void> {
  const { path, include, exclude, scope, prune = false, start = false, noStart = false } = invocation.values as unknown as Given
  if (start && noStart) throw new TaskflowsError('cli.usage', '--start and --no-start: expected one of them, got both')
  const { loadDefinitions, showDefinitions } = await import('../../../local-services.ts')
  const { definitions, files, notes } = await once(invocation, () => orNothing(prune, () => loadDefinitions(path, { cwd: process.cwd(), ...(include && { include }), ...(exclude && { exclude }), ...(scope && { scope }) })))
  for (const note of notes) invocation.talk.note(note)
  await using connection = await connect(invocation, 'services')
  // In this process they go as they were read: writing and reading them again would cost more than all else.
  const services = connection.url === undefined ? definitions : await showDefinitions(definitions)
  // Of what the patterns leave out nobody can say that it is gone.
  const sources = include || exclude ? [] : [...new Set([...files, ...definitions.flatMap(({ source }) => source ?? [])])]
  return use({ services: services as unknown as PlanInput['services'], prune, sources, ...((start || noStart) && { start }) }, connection)
}

/** By the values of a line: for several servers the same definitions are read once. */
const loads = new WeakMap<Invocation['values'], Promise<LoadedDefinitions>>()

function once({ values }: Invocation, load: () => Promise<LoadedDefinitions>): Promise<LoadedDefinitions> {
  const loading = loads.get(values) ?? load()
  loads.set(values, loading)
  return loading
}

/** Of a file that lost its last service, all that it had are to be removed. */
async function orNothing(prune: boolean, load: () => Promise<LoadedDefinitions>): Promise<LoadedDefinitions> {
  try {
    return await load()
  } catch (error) {
    const files = error instanceof TaskflowsError && error.code === 'services.none' ? error.details['files'] : undefined
    if (!prune || files === undefined) throw error
    return { definitions: [], others: [], files: files as readonly string[], notes: [] }
  }
}

export async function printPlan(plan: Plan, output: Output, { config }: Invocation): Promise<void> {
  if (output.format === 'name') return output.page({ items: plan.changes.filter(({ action }) => action !== 'none') }, { name: ({ name }) => name, columns: [], empty: '' })
  await output.item(plan, { name: '', text: () => planText(plan, output.paint, zonedTime(config.displayTimezone)) })
}
