import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import type { HealthCheck, ServiceDefinition } from '../../engines/services/service-definition.ts'
import { createHealthProbe } from './index.ts'

const probe = createHealthProbe({ environment: { PATH: process.env['PATH'] }, runExport: [process.execPath, '-p'] })
const look = (check: Partial<HealthCheck>, { definition = {}, timeoutMs = 5000 }: { definition?: Partial<ServiceDefinition>; timeoutMs?: number } = {}) => probe({
  name: 'web', scope: 'user', type: 'exec', startCommand: { kind: 'program', argv: ['/bin/true'] }, enabled: false, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none',
  healthCheck: { kind: 'http', within: 1, interval: 1, timeout: 1, ...check }, ...definition,
}, AbortSignal.timeout(timeoutMs))

async function listening(server: ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}
async function closedPort(): Promise<number> {
  const server = createTcpServer()
  const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('over HTTP the status decides, and redirects are not followed', async () => {
  const server = createServer((request, response) => {
    const status = Number(request.url!.slice(1))
    response.writeHead(status, status === 302 ? { location: '/500' } : {}).end('x'.repeat(100_000))
  })
  onTestFinished(() => server.closeAllConnections())
  const url = `http://127.0.0.1:${await listening(server)}`
  expect(await look({ url: `${url}/200` })).toBeNull()
  expect(await look({ url: `${url}/302` })).toBeNull()
  expect(await look({ url: `${url}/503` })).toBe(`GET ${url}/503 answered 503`)
  expect(await look({ url: `${url}/404`, status: 404 })).toBeNull()
  expect(await look({ url: `${url}/200`, status: 204 })).toBe(`GET ${url}/200 answered 200, expected 204`)
})

test('who does not listen, and who does not answer, are named', async () => {
  const port = await closedPort()
  expect(await look({ url: `http://127.0.0.1:${port}/` })).toBe(`GET http://127.0.0.1:${port}/ failed: connect ECONNREFUSED 127.0.0.1:${port}`)
  const silent = await listening(createTcpServer((socket) => onTestFinished(() => void socket.destroy())))
  expect(await look({ url: `http://127.0.0.1:${silent}/` }, { timeoutMs: 100 })).toBe(`GET http://127.0.0.1:${silent}/ took too long`)
})

test('a port is well when somebody listens', async () => {
  expect(await look({ kind: 'tcp', port: await listening(createTcpServer((socket) => socket.destroy())) })).toBeNull()
  const port = await closedPort()
  expect(await look({ kind: 'tcp', port })).toBe(`port ${port} of 127.0.0.1 failed: connect ECONNREFUSED 127.0.0.1:${port}`)
})

test('a program is well when it ends with 0, in the directory and with the variables of the service', async () => {
  const sh = (script: string): Partial<HealthCheck> => ({ kind: 'exec', command: { kind: 'program', argv: ['sh', '-c', script] } })
  expect(await look(sh(`[ "$PWD/$A" = "${tmpdir()}/b c" ]`), { definition: { workingDirectory: tmpdir(), env: { A: 'b c' } } })).toBeNull()
  expect(await look(sh('exit 3'))).toBe('sh ended with 3')
  expect(await look(sh('kill -9 $$'))).toBe('sh was ended by SIGKILL')
  expect(await look({ kind: 'exec', command: { kind: 'program', argv: ['/nowhere'] } })).toBe('/nowhere failed: spawn /nowhere ENOENT')
  expect(await look({ kind: 'exec', command: { kind: 'function', file: '/no', export: 'such' } })).toBe('/no#such ended with 1')
})

test('a program that takes too long ends, with what it started', async () => {
  const before = Date.now()
  expect(await look({ kind: 'exec', command: { kind: 'program', argv: ['sh', '-c', 'sleep 60 & sleep 60'] } }, { timeoutMs: 200 })).toBe('sh took too long')
  expect(Date.now() - before).toBeLessThan(5000)
})
