/**
 * Ports of a container, in the forms that people know: `{ '8080/tcp': 80 }`, `{ '8080/tcp': ['127.0.0.1', 80] }`,
 * `'127.0.0.1:80:8080'`, and the normal form. docker-run(1), `--publish`.
 */
import { isIP } from 'node:net'
import { type Reading, describe, within } from './reading.ts'
import type { PortDefinition } from '../service-definition.ts'

const most = 200
const protocols = ['tcp', 'udp', 'sctp'] as const
const asText = /^(?:(?:(?<ip4>\d+(?:\.\d+){3})|\[(?<ip6>[0-9A-Fa-f:.]+)\]):)?(?:(?<host>\d{0,5}):)?(?<container>\d{1,5}(?:\/[a-z]+)?)$/

export function readPorts(given: unknown, path: string, reading: Reading): readonly PortDefinition[] | undefined {
  const ports = isRecord(given) && !('container' in given)
    ? Object.entries(given).flatMap(([container, hosts]) => portsAt(container, hosts, within(path, container.slice(0, 20)), reading))
    : [given].flat(1).map((port, at) => onePort(port, Array.isArray(given) ? `${path}[${at}]` : path, reading))
  if (ports.length > most) reading.problems.push({ path, message: `expected at most ${most}, got ${ports.length}` })
  const read = ports.filter((port) => port !== undefined)
  return read.length === 0 ? undefined : read
}

function onePort(given: unknown, path: string, reading: Reading): PortDefinition | undefined {
  if (typeof given === 'number') return portOf({ container: given }, given, path, reading)
  if (typeof given === 'string') {
    const { ip4, ip6, host, container } = asText.exec(given)?.groups ?? {}
    return portOf({ ...containerPort(container), host: host === undefined || host === '' ? undefined : Number(host), ip: ip4 ?? ip6 }, given, path, reading)
  }
  if (!isRecord(given)) return portOf({}, given, path, reading)
  const unknown = Object.keys(given).find((name) => !['container', 'protocol', 'host', 'ip'].includes(name))
  if (unknown === undefined) return portOf(given, given, path, reading)
  reading.problems.push({ path: within(path, unknown.slice(0, 60)), message: 'is no field' })
  return undefined
}

/** Of the form of the client for Python: a port of the host, several, an address with a port, or one that Docker chooses. */
function portsAt(container: string, hosts: unknown, path: string, reading: Reading): readonly (PortDefinition | undefined)[] {
  const at = (said: Said): PortDefinition | undefined => portOf({ ...containerPort(container), ...said }, hosts, path, reading)
  if (hosts === null || (Array.isArray(hosts) && hosts.length === 0)) return [at({})]
  if (!Array.isArray(hosts)) return [at({ host: portNumber(hosts) })]
  if (hosts.length === 2 && typeof hosts[0] === 'string' && isIP(hosts[0])) return [at({ ip: hosts[0], host: hosts[1] === null ? undefined : portNumber(hosts[1]) })]
  return hosts.map((host) => at({ host: portNumber(host) }))
}

interface Said {
  readonly container?: unknown
  readonly protocol?: unknown
  readonly host?: unknown
  readonly ip?: unknown
}

function containerPort(text = ''): Said {
  const [, port, protocol] = /^(\d{1,5})(?:\/([a-z]+))?$/.exec(text) ?? []
  return { container: port === undefined ? undefined : Number(port), ...(protocol !== undefined && { protocol }) }
}

/** Text of digits is the number; anything else stays, to be refused. */
const portNumber = (given: unknown): unknown => (typeof given === 'string' && /^\d{1,5}$/.test(given) ? Number(given) : given ?? '')

function portOf({ container, protocol = 'tcp', host, ip }: Said, given: unknown, path: string, { problems }: Reading): PortDefinition | undefined {
  const wrong = !isPort(container) ? "expected a port from 1 to 65535 such as 8080, '8080/udp', '80:8080' or '127.0.0.1:80:8080'"
    : !isProtocol(protocol) ? `expected ${protocols.join(', ')} as its protocol`
      : host !== undefined && !isPort(host) ? 'expected a port of the host from 1 to 65535'
        : ip !== undefined && (typeof ip !== 'string' || !isIP(ip)) ? 'expected an IP address of the host' : undefined
  if (wrong === undefined) return { container: container as number, protocol: protocol as PortDefinition['protocol'], ...(host !== undefined && { host: host as number }), ...(ip !== undefined && { ip: ip as string }) }
  problems.push({ path, message: `${wrong}, got ${describe(given)}` })
  return undefined
}

const isPort = (given: unknown): given is number => Number.isInteger(given) && (given as number) >= 1 && (given as number) <= 65_535
const isProtocol = (given: unknown): given is PortDefinition['protocol'] => (protocols as readonly unknown[]).includes(given)

function isRecord(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null && !Array.isArray(given)
}
