/**
 * Commands that are operations of the contract: their values become the input,
 * the answer goes to the print function of `commands/<area>.ts`. A command that
 * takes several ids acts on each of them, whatever becomes of the others.
 */
import type { CallOptions } from '../../client/create-client.ts'
import type { TaskflowsContract } from '../../contract/index.ts'
import { exitCodes } from '../../kernel/errors.ts'
import type { OperationCommand } from './command.ts'
import { extraFlags } from './commands.ts'
import { connect } from './connect.ts'
import { confirm } from './confirm.ts'
import { combinedExitCode } from './errors.ts'
import type { Invocation } from './invocation.ts'
import type { AreaWithCommands, Print, PrintContext, Printers } from './printers.ts'
import type { Values } from './read-values.ts'

/** Loaded when one is used. The type asks for every area that has commands. */
const printers: { readonly [A in AreaWithCommands]: () => Promise<Printers<TaskflowsContract[A]>> } = {
  services: async () => (await import('./commands/services.ts')).servicePrinters,
  environments: async () => (await import('./commands/environments.ts')).environmentPrinters,
  jobs: async () => (await import('./commands/jobs.ts')).jobPrinters,
  events: async () => (await import('./commands/events.ts')).eventPrinters,
  runs: async () => (await import('./commands/runs.ts')).runPrinters,
  tokens: async () => (await import('./commands/tokens.ts')).tokenPrinters,
}

type Call = (input: Values) => Promise<unknown>

export async function runOperation(command: OperationCommand, invocation: Invocation): Promise<number> {
  const inputs = inputsOf(command, invocation.values)
  if (invocation.values['follow'] === true) return (await import('./commands/follow-events.ts')).followEvents(inputs[0]!, invocation)
  const print = await printerOf(command)
  if (command.confirm !== undefined) await confirm(`${inputs.map((input) => String(input[command.args[0]!.key])).join(', ')}: ${command.confirm}`, invocation.globals)
  await using connection = await connect(invocation, command.area)
  const call = callOf(connection.client, command)
  const context: PrintContext = { ...invocation, client: connection.client, output: invocation.output(inputs.length > 1) }
  if (inputs.length === 1) return (await print(await call(inputs[0]!), context)) ?? 0
  const failures: unknown[] = []
  let partly = false
  for (const input of inputs) {
    try {
      if (await print(await call(input), context)) partly = true
    } catch (thrown) {
      failures.push(thrown)
      invocation.report(thrown)
    }
  }
  await context.output.end()
  return partly ? exitCodes.partial : combinedExitCode(inputs.length, failures)
}

/** One input, or one for each of several ids. */
export function inputsOf({ words, args }: Pick<OperationCommand, 'words' | 'args'>, values: Values): Values[] {
  const unsent = new Set(extraFlags[words]?.map(({ key }) => key))
  const input = Object.fromEntries(Object.entries(values).filter(([key]) => !unsent.has(key)))
  const many = args.find((arg) => arg.many)
  if (!many) return [input]
  return [...new Set(input[many.key] as readonly unknown[])].map((each) => ({ ...input, [many.key]: each }))
}

// The manifest names areas and operations as text; it is made from the contract, to which the types above hold.
async function printerOf({ area, operation }: OperationCommand): Promise<Print<unknown>> {
  const ofArea: unknown = await printers[area as AreaWithCommands]()
  return (ofArea as Record<string, Print<unknown>>)[operation]!
}

function callOf(client: unknown, { area, operation }: OperationCommand): Call {
  const call = (client as Record<string, Record<string, (input: Values, options: CallOptions) => Promise<unknown>>>)[area]![operation]!
  // So that a server that is restarted in the middle does nothing twice.
  return (input) => call(input, { idempotencyKey: crypto.randomUUID() })
}
