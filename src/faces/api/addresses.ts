/**
 * Where the server listens. `localhost` may be two addresses, of which Node
 * takes one; callers that resolve it to the other one would find nobody there.
 */
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import { type Server, createServer } from 'node:net'

/** Never empty. What is no such name is an address already, or found by Node. */
export async function addressesOf(host: string): Promise<readonly string[]> {
  if (host !== 'localhost') return [host]
  const found = await lookup(host, { all: true }).catch(() => [])
  // The one of IPv4 is there where IPv6 is switched off.
  const addresses = found.sort((one, other) => one.family - other.family).map(({ address }) => address)
  return addresses.length === 0 ? [host] : [...new Set(addresses)]
}

/**
 * Has a server that listens answer at other addresses, too: its own limits, certificate and end hold for those connections.
 * An address that is taken, or that there is none of here, is left out.
 */
export async function alsoListen(server: HttpServer, addresses: readonly string[], port: number): Promise<Disposable> {
  const others = await Promise.all(addresses.map((host) => doorOf(server, host, port)))
  return { [Symbol.dispose]: () => others.forEach((door) => door?.close()) }
}

async function doorOf(server: HttpServer, host: string, port: number): Promise<Server | undefined> {
  const door = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket))
  try {
    await once(door.listen({ host, port }), 'listening')
    return door
  } catch {
    return undefined
  }
}
