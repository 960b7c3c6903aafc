/** Docker's client on this machine, and what it is asked when units are compiled. Images and containers are the business of `adapters/docker`. */
import { execFileSync } from 'node:child_process'
import type { DockerHost } from './compile-host.ts'

export interface DockerHostOptions {
  /** Absolute. */
  readonly program: string
  /** Of this process. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly logDriver: string | null
}

/** docker(1), ENVIRONMENT VARIABLES: units are to reach the daemon that this process reaches. */
const leading = ['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG', 'DOCKER_CERT_PATH', 'DOCKER_TLS_VERIFY', 'DOCKER_API_VERSION'] as const

/** How long the daemon may take to answer, which it does in 50 ms. */
const patienceMs = 5_000

export function createDockerHost({ program, environment, logDriver }: DockerHostOptions): DockerHost {
  let driver: DockerHost['cgroupDriver'] | null = null
  return {
    program,
    environment: Object.fromEntries(leading.flatMap((name) => (environment[name] ? [[name, environment[name]]] : []))),
    get cgroupDriver() {
      return driver === null ? driver = readDriver(program, environment) : driver
    },
    ...(logDriver !== null && { logDriver }),
  }
}

function readDriver(program: string, environment: DockerHostOptions['environment']): DockerHost['cgroupDriver'] {
  try {
    const said = execFileSync(program, ['info', '--format', '{{.CgroupDriver}}'], { env: environment, timeout: patienceMs, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    return said === 'systemd' || said === 'cgroupfs' ? said : undefined
  } catch {
    return undefined
  }
}
