/**
 * `tf env create` and `tf env edit`: an environment from flags, from a file, or from the editor of
 * the person at the terminal; and what an edit does to services, shown before it is done.
 */
import { resolve } from 'node:path'
import type { Client } from '../../../client/create-client.ts'
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { environmentTexts } from '../../../local-services.ts'
import { confirm } from '../confirm.ts'
import { connect } from '../connect.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import type { PrintContext } from '../printers.ts'
import { planText } from '../output/plan-text.ts'
import { visible } from '../output/visible.ts'
import { zonedTime } from '../output/zoned-time.ts'
import { printApplied, tellApplied } from './apply-services.ts'
import { editEnvironment } from './environment-editor.ts'
import type { Environment } from './environments.ts'

type Area = TaskflowsContract['environments']
type Edited = OutputOf<Area['edit']>
type Written = Readonly<Record<string, unknown>>

interface Given {
  readonly name: string
  readonly venv?: string
  readonly path?: string
  readonly file?: string
  readonly description?: string
  readonly noApply?: true
}

export const create: RunCommand = async (invocation) => {
  const { name, description } = givenIn(invocation)
  const environment = await written(givenIn(invocation))
  if (environment === undefined) throw new TaskflowsError('cli.usage', '--venv or --file: expected one of them', { hint: `tf env create ${name} --venv ENVNAME, or --file FILE.yaml with a Venv or a DockerContainer.` })
  await using connection = await connect(invocation, 'environments')
  const created = await connection.client.environments.create({ name, environment, ...(description !== undefined && { description }) }, { idempotencyKey: crypto.randomUUID() })
  await invocation.output(false).item(created, { name, text: () => `environment ${visible(name)} is created` })
  invocation.talk.note(`Services use it by environment: '${name}'.`)
}

export const edit: RunCommand = async (invocation) => {
  const { name, description } = givenIn(invocation)
  await using connection = await connect(invocation, 'environments')
  const before = await connection.client.environments.get({ name })
  const change = (environment: Written): Promise<number | void> => replace(before, environment, connection.client, invocation)
  // A new description alone needs no editor.
  const environment = await written(givenIn(invocation)) ?? (description === undefined ? undefined : before.environment)
  if (environment !== undefined) return change(environment)
  if (process.stdin.isTTY && process.stderr.isTTY) return editEnvironment(before.environment, invocation.talk, change)
  throw new TaskflowsError('cli.usage', '--venv, --file or --description: expected one of them, since there is no terminal for an editor')
}

async function replace({ name, version }: Environment, environment: Written, client: Client<TaskflowsContract>, invocation: Invocation): Promise<number | void> {
  const { description, noApply = false } = givenIn(invocation)
  const input = { name, environment, ...(description !== undefined && { description }) }
  if (!noApply) await ask(input, client, invocation)
  // What was shown is what is done: whoever changed it meanwhile is not overruled.
  const edited = await client.environments.edit({ ...input, apply: !noApply }, { ifMatch: String(version) })
  return printEdited(edited, { ...invocation, client, output: invocation.output(false) })
}

function givenIn({ values }: Invocation): Given {
  return values as unknown as Given
}

/** What flags or a file say; `undefined` when they say nothing. */
async function written({ venv, path, file }: Given): Promise<Written | undefined> {
  if (venv !== undefined && file !== undefined) throw new TaskflowsError('cli.usage', '--venv and --file: expected one of them, got both')
  if (path !== undefined && venv === undefined) throw new TaskflowsError('cli.usage', '--path: expected --venv with it')
  if (venv !== undefined) return { env_name: venv, ...(path !== undefined && { custom_path: resolve(path) }) }
  return file === undefined ? undefined : (await environmentTexts()).readEnvironmentFile(resolve(file))
}

/** What becomes of services is always shown; on a terminal it is asked for where one of them is interrupted. */
async function ask(input: { readonly name: string; readonly environment: Written }, client: Client<TaskflowsContract>, { globals, talk, config }: Invocation): Promise<void> {
  const plan = await client.environments.plan(input)
  if (!plan.changed) return
  talk.note(planText(plan, talk.paint, zonedTime(config.displayTimezone)))
  if (plan.changes.some(({ steps }) => steps.some(({ verb }) => verb === 'restart' || verb === 'stop'))) await confirm('Do this?', globals)
}

async function printEdited(edited: Edited, context: PrintContext): Promise<number | void> {
  const { output, talk } = context
  const { name, version, applied, services } = edited
  const isForPeople = output.format === 'table' || output.format === 'wide'
  if (isForPeople && applied) talk.note(`environment ${name} is at version ${version}`)
  else await output.item(edited, { name, text: () => `environment ${visible(name)} is at version ${version}` })
  if (applied) return isForPeople ? printApplied(applied, context) : tellApplied(applied, talk)
  if (services.length > 0) talk.note(`Unchanged until they are applied: ${services.map((service) => service.name).join(', ')}`)
}
