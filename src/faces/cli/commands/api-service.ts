/** `tf api start|stop|restart|status`: the server as a service of this host, so none of these asks a server. */
import { userInfo } from 'node:os'
import type { ServerState } from '../../../api-service.ts'
import { TaskflowsError, exitCodes } from '../../../kernel/errors.ts'
import type { Invocation, RunCommand } from '../invocation.ts'

export const start: RunCommand = async (invocation) => {
  refuseServer(invocation.config)
  const { startServer } = await import('../../../api-service.ts')
  const { host, port } = invocation.configFlags
  const flags = { ...(host !== undefined && { host }), ...(port !== undefined && { port }) }
  await show(await startServer(invocation.config, { ...options(invocation), flags, enableUi: invocation.values['enableUi'] === true }), invocation)
}

export const stop: RunCommand = async (invocation) => {
  refuseServer(invocation.config)
  const { stopServer } = await import('../../../api-service.ts')
  const before = await stopServer(invocation.config, options(invocation))
  if (before === undefined) return notRunning(invocation)
  await invocation.output(false).item({ unit: before.unit, scope: before.scope, status: 'inactive' }, { name: before.unit, text: () => `${before.unit} was stopped, and does not start at boot any more` })
}

export const restart: RunCommand = async (invocation) => {
  refuseServer(invocation.config)
  const { restartServer } = await import('../../../api-service.ts')
  await show(await restartServer(invocation.config, options(invocation)), invocation)
}

export const status: RunCommand = async (invocation) => {
  refuseServer(invocation.config)
  const { serverState } = await import('../../../api-service.ts')
  const state = await serverState(invocation.config, options(invocation))
  if (state === undefined) return notRunning(invocation)
  await show(state, invocation)
  return state.pid === null ? exitCodes.notRunning : exitCodes.ok
}

function options({ values, talk }: Invocation) {
  const scope = values['scope'] as ServerState['scope'] | undefined
  return { ...(scope && { scope }), onProgress: talk.progress }
}

async function show(state: ServerState, { output, talk, config }: Invocation): Promise<void> {
  talk.progress('')
  const { unit, status: word, pid, url } = state
  const place = url === null ? 'does not answer' : `listens on ${url} (files in ${config.home})`
  await output(false).item(state, { name: unit, text: () => `${unit} is ${word}${pid === null ? '' : ` (process ${pid}), ${place}`}` })
  if (!state.lingers && pid !== null) talk.warn(`it ends when ${userInfo().username} logs out, and starts at the next login: loginctl enable-linger ${userInfo().username}`)
}

function notRunning({ talk }: Invocation): number {
  talk.note('The server does not run as a service. tf api start')
  return exitCodes.notRunning
}

function refuseServer({ server }: Invocation['config']): void {
  if (server === null) return
  throw new TaskflowsError('cli.usage', `tf api start, stop, restart and status are about this machine: expected no --server and no TASKFLOWS_SERVER, got ${JSON.stringify(server)}`, {
    hint: 'Run it on the machine of the server.',
  })
}
