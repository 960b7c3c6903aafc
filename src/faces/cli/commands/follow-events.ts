/** `tf events --follow`: prints events as they come, whatever becomes of the connection, until Ctrl-C. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { InputOf } from '../../../contract/operation.ts'
import { TaskflowsError, messageOf } from '../../../kernel/errors.ts'
import { connect } from '../connect.ts'
import { interruptedExitCode, onInterruption } from '../interruption.ts'
import type { Invocation } from '../invocation.ts'
import type { Values } from '../read-values.ts'
import { eventListing } from './events.ts'

export async function followEvents({ limit, ...input }: Values, invocation: Invocation): Promise<number> {
  if (limit !== undefined) throw new TaskflowsError('cli.usage', '--limit: has no meaning with --follow', { hint: '--since says where to begin.' })
  const { talk } = invocation
  using interruption = onInterruption()
  await using connection = await connect(invocation)
  const print = invocation.output(true).flow(eventListing)
  const events = connection.client.events.follow(input as InputOf<TaskflowsContract['events']['follow']>, {
    signal: interruption.signal,
    onBreak: (error) => talk.warn(`${messageOf(error)}; trying again`),
    onMended: () => talk.note('connected again; nothing was missed'),
  })
  for await (const { item } of events) await print([item])
  return interruptedExitCode
}
