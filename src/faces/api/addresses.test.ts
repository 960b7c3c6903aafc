import { once } from 'node:events'
import { type Server, type RequestListener, createServer as createHttpServer, get as getPlainly } from 'node:http'
import { createServer as createHttpsServer, get as getSecurely } from 'node:https'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { selfSignedCertificate } from '../../access/self-signed-certificate.ts'
import { addressesOf, alsoListen } from './addresses.ts'

const hasBoth = Object.values(networkInterfaces()).flat().some((address) => address?.address === '::1')
const certificate = selfSignedCertificate({ names: ['localhost'], from: Date.now() - 60_000, until: Date.now() + 3_600_000 })
const answer: RequestListener = (request, response) => response.end(`from ${String(request.socket.localAddress)}`)

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

test.skipIf(!hasBoth).each([
  ['http', () => createHttpServer(answer), getPlainly],
  ['https', () => createHttpsServer(certificate, answer), getSecurely],
] as const)('%s answers at every address of localhost, until it ends', async (_what, create, get) => {
  const server = create()
  const port = await listening(server)
  const doors = await alsoListen(server, ['::1'], port)
  const ask = (hostname: string) => new Promise<string>((resolve, reject) => {
    get({ hostname, port, agent: false, rejectUnauthorized: false } as object, (response) => response.setEncoding('utf8').on('data', resolve)).on('error', reject)
  })
  expect([await ask('127.0.0.1'), await ask('::1')]).toEqual(['from 127.0.0.1', 'from ::1'])
  doors[Symbol.dispose]()
  await expect(ask('::1')).rejects.toThrow('ECONNREFUSED')
  expect(await ask('127.0.0.1')).toBe('from 127.0.0.1')
})

test('an address that somebody else has is left to them', async () => {
  const other = createNetServer()
  await once(other.listen(0, '127.0.0.2'), 'listening')
  onTestFinished(() => void other.close())
  const server = createHttpServer(answer)
  await listening(server)
  const { port } = other.address() as AddressInfo
  using _ = await alsoListen(server, ['127.0.0.2'], port)
  expect(other.listening).toBe(true)
})

test('only localhost is several', async () => {
  expect(await addressesOf('0.0.0.0')).toEqual(['0.0.0.0'])
  expect(await addressesOf('::1')).toEqual(['::1'])
  expect((await addressesOf('localhost'))[0]).toBe('127.0.0.1')
})
