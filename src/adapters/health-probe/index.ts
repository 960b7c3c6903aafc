/** One look at a service: over HTTP, at a port, or by a program. When to look, and how often, is the engine's. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { HealthProbe } from '../../engines/services/host.ts'
import type { Command, HealthCheck, ServiceDefinition } from '../../engines/services/service-definition.ts'
import { messageOf } from '../../kernel/errors.ts'

export interface HealthProbeOptions {
  /** What programs get, besides the variables of the service. */
  readonly environment: NodeJS.ProcessEnv
  /** `tf run`, absolute. */
  readonly runExport: readonly [string, ...string[]]
}

export function createHealthProbe(options: HealthProbeOptions): HealthProbe {
  return async (definition, signal) => {
    const check = definition.healthCheck!
    const what = nameOf(check)
    try {
      const problem = await look(check, definition, signal, options)
      return problem === null ? null : `${what} ${problem}`
    } catch (error) {
      return `${what} ${signal.aborted ? 'took too long' : `failed: ${reasonOf(error)}`}`
    }
  }
}

function nameOf({ kind, url, host, port, command }: HealthCheck): string {
  if (kind === 'http') return `GET ${url}`
  return kind === 'tcp' ? `port ${port} of ${host ?? '127.0.0.1'}` : command!.kind === 'program' ? command!.argv[0] : `${command!.file}#${command!.export}`
}

function look(check: HealthCheck, definition: ServiceDefinition, signal: AbortSignal, options: HealthProbeOptions): Promise<string | null> {
  switch (check.kind) {
    case 'http': return lookOverHttp(check, signal)
    case 'tcp': return lookAtPort(check, signal)
    case 'exec': return lookByProgram(check.command!, definition, signal, options)
  }
}

async function lookOverHttp({ url, status }: HealthCheck, signal: AbortSignal): Promise<string | null> {
  const answer = await fetch(url!, { signal, redirect: 'manual' })
  await answer.body?.cancel()
  const isWell = status === undefined ? answer.status < 400 : answer.status === status
  return isWell ? null : `answered ${answer.status}${status === undefined ? '' : `, expected ${status}`}`
}

async function lookAtPort({ host = '127.0.0.1', port }: HealthCheck, signal: AbortSignal): Promise<null> {
  const socket = connect({ host, port: port! })
  try {
    await once(socket, 'connect', { signal })
    return null
  } finally {
    socket.destroy()
  }
}

async function lookByProgram(command: Command, { env, workingDirectory }: ServiceDefinition, signal: AbortSignal, { environment, runExport }: HealthProbeOptions): Promise<string | null> {
  const [program, ...args] = command.kind === 'program' ? command.argv : [...runExport, `${command.file}#${command.export}`] as const
  // A group of its own, so that what it started ends with it.
  const child = spawn(program, args, { env: { ...environment, ...env }, ...(workingDirectory !== undefined && { cwd: workingDirectory }), stdio: 'ignore', detached: true })
  const kill = () => { if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL') }
  signal.addEventListener('abort', kill)
  try {
    const [code, endedBy] = await once(child, 'close') as [number | null, string | null]
    signal.throwIfAborted()
    return code === 0 ? null : code === null ? `was ended by ${endedBy}` : `ended with ${code}`
  } finally {
    signal.removeEventListener('abort', kill)
  }
}

/** fetch() says only that it failed, and keeps the reason. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause
  return messageOf(inner ?? error)
}
