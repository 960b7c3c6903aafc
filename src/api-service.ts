/**
 * The server itself as a service of this host: `taskflows-srv-api.service`,
 * which systemd starts at boot and whenever it ends. Part of the composition
 * root; `tf api start|stop|restart|status` print what happens here.
 */
import { stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { type Config, serverVariables } from './config.ts'
import { serverName } from './engines/services/define/service-name.ts'
import type { ServiceDefinition, ServiceScope, ServiceView } from './engines/services/index.ts'
import { systemClock } from './kernel/clock.ts'
import { TaskflowsError } from './kernel/errors.ts'
import { healthOf, recordedServer } from './known-server.ts'
import { serverFlags, tfProgram } from './own-program.ts'
import { type OpenedServices, openServices } from './services.ts'

export interface ServerOptions {
  /** Default: where it is already, else `user`. */
  readonly scope?: ServiceScope
  readonly onProgress?: (text: string) => void
}

export interface StartOptions extends ServerOptions {
  readonly enableUi: boolean
  /** What the line says of where it listens; the server finds all else by itself. */
  readonly flags: { readonly host?: string; readonly port?: string }
}

/** How the server stands as a service. */
export interface ServerState {
  readonly unit: string
  readonly scope: ServiceScope
  readonly status: ServiceView['status']
  readonly pid: number | null
  readonly enabled: boolean
  /** Where it listens; `null` while it does not. */
  readonly url: string | null
  /** Whether it goes on when the account logs out; `true` for the system. */
  readonly lingers: boolean
}

/**
 * Writes its unit from the settings of this process, and starts it, or restarts it when something changed.
 * @throws `service.not_applied` when it does not come up, and then all is as before; `server.port_in_use`; `systemd.unavailable`
 */
export async function startServer(config: Config, { enableUi, flags, onProgress, ...options }: StartOptions): Promise<ServerState> {
  await using services = await openServices(config)
  const before = await find(services, options.scope)
  const scope = options.scope ?? before?.scope ?? 'user'
  if ((before?.mainPid ?? null) === null) await refuseSecondServer(config)
  await services.apply([serverDefinition(config, { scope, enableUi, flags })], { by: 'local', start: true, ...(onProgress && { onProgress }) })
  return stateOf(config, (await find(services, scope))!)
}

/** @returns how it stood before, or `undefined` when it did not run. It does not start at boot either from now on */
export async function stopServer(config: Config, { scope }: ServerOptions): Promise<ServerState | undefined> {
  await using services = await openServices(config)
  const before = await find(services, scope)
  if (before === undefined) return undefined
  const state = await stateOf(config, before)
  await act(services, 'disable', before.scope)
  if (before.activeState === 'inactive') return undefined
  await act(services, 'stop', before.scope)
  return state
}

/** Starts the program anew as the unit says, such as after an upgrade. @throws `service.not_found` */
export async function restartServer(config: Config, { scope, onProgress }: ServerOptions): Promise<ServerState> {
  await using services = await openServices(config)
  const before = await find(services, scope)
  if (before === undefined) throw new TaskflowsError('service.not_found', 'the server is no service of this host yet', { hint: 'tf api start' })
  await act(services, 'restart', before.scope)
  onProgress?.('Waiting until it answers')
  const answered = await untilItAnswers(config, services, before.scope)
  if (!answered) throw new TaskflowsError('service.action_failed', `the server does not answer ${patienceMs / 1000} s after its restart`, { hint: `tf logs ${serverName}` })
  return stateOf(config, (await find(services, before.scope))!)
}

export async function serverState(config: Config, { scope }: ServerOptions): Promise<ServerState | undefined> {
  await using services = await openServices(config)
  const view = await find(services, scope)
  return view && stateOf(config, view)
}

interface Definition extends Pick<StartOptions, 'enableUi' | 'flags'> {
  readonly scope: ServiceScope
  /** The settings of this process. */
  readonly variables?: Readonly<Record<string, string>>
}

export function serverDefinition({ home, host, port }: Pick<Config, 'home' | 'host' | 'port'>, { scope, enableUi, flags, variables = serverVariables() }: Definition): ServiceDefinition {
  if (port === 0) throw new TaskflowsError('cli.usage', 'as a service the server needs a port that stays the same, got 0', { hint: 'tf api start --port 7777' })
  return {
    name: serverName, scope, description: 'The server of taskflows', type: 'exec',
    startCommand: { kind: 'program', argv: [...tfProgram(serverFlags), 'serve', ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])] },
    env: { ...variables, TASKFLOWS_HOME: home, ...(enableUi && { TASKFLOWS_ENABLE_UI: '1' }) },
    enabled: true, stopTimeout: 30, killSignal: 'SIGTERM', restartPolicy: { condition: 'always', delay: 10 },
    healthCheck: { kind: 'http', url: `http://${reachable(host)}:${port}/health`, within: patienceMs / 1000, interval: 0.25, timeout: 5 },
    onChange: 'restart', hardening: 'none',
    // It ends its PostgreSQL itself, when it needs it no more: told to end at the same time that would refuse connections.
    directives: { Service: { KillMode: ['mixed'] } },
  }
}

/** The first start makes a database. */
const patienceMs = 60_000
const lookEveryMs = 200

/** Where what listens on all addresses can be asked from here. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host
}

async function find(services: OpenedServices, scope: ServiceScope | undefined): Promise<ServiceView | undefined> {
  const views = await services.list({ match: serverName, ...(scope && { scope }) })
  return views.find(({ activeState }) => activeState === 'active') ?? views[0]
}

async function act(services: OpenedServices, verb: 'stop' | 'restart' | 'disable', scope: ServiceScope): Promise<void> {
  const units = await services.act(verb, { match: serverName, scope }, { server: true, services: true })
  const failed = units.find(({ problem }) => problem !== null)
  if (failed) throw new TaskflowsError('service.action_failed', `systemd could not ${verb} ${failed.unit}: ${failed.problem}`, { hint: `tf logs ${serverName}` })
}

/** Two servers of one home would both be found by `tf`, now one and now the other. */
async function refuseSecondServer(config: Config): Promise<void> {
  const url = await answeringUrl(config)
  if (url === null) return
  throw new TaskflowsError('server.port_in_use', `a server of this home listens on ${url} already, and is not run by systemd`, { details: { url }, hint: 'Stop it first: Ctrl-C where it runs.' })
}

async function answeringUrl(config: Config): Promise<string | null> {
  const server = recordedServer(config.home)
  if (server === undefined) return null
  return healthOf(server, 2_000).then((status) => (status === 200 ? server.url : null), () => null)
}

/** Until its new process is on record and well. */
async function untilItAnswers(config: Config, services: OpenedServices, scope: ServiceScope): Promise<boolean> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await systemClock.sleep(lookEveryMs)) {
    if ((await find(services, scope))?.status === 'running' && (await answeringUrl(config)) !== null) return true
  }
  return false
}

async function stateOf(config: Config, { unit, scope, status, mainPid, serviceEnabled }: ServiceView): Promise<ServerState> {
  const lingers = scope === 'system' || (await stat(`/var/lib/systemd/linger/${userInfo().username}`).then(() => true, () => false))
  return { unit, scope, status, pid: mainPid, enabled: serviceEnabled, url: await answeringUrl(config), lingers }
}
