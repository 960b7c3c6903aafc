import { once } from 'node:events'
import { type RequestListener, createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { createHttpTransport } from './http-transport.ts'

const routes = { services: { apply: { method: 'POST', path: '/services', slow: true }, list: { method: 'GET', path: '/services' } } } as const

async function transportTo(answer: RequestListener, timeoutMs: number) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return createHttpTransport({ url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, routes, timeoutMs })
}

test('a server that says that it is at it is waited for as long as it does', async () => {
  // Silence of 3 s is the end, and it takes longer.
  const transport = await transportTo((request, response) => {
    let said = 0
    const saying = setInterval(() => {
      if (++said < 40) return response.writeProcessing()
      clearInterval(saying)
      response.end(JSON.stringify({ prefer: request.headers.prefer }))
    }, 100)
  }, 300)
  expect(await transport.call('services', 'apply', {}, {})).toEqual({ prefer: 'processing' })
})

test('one that says nothing is given up in time, after ten times as long where it waits for others', async () => {
  const transport = await transportTo(() => {}, 50)
  await expect(transport.call('services', 'apply', {}, {})).rejects.toMatchObject({ code: 'server.unreachable', message: expect.stringContaining('no answer within 0.5 s') })
  await expect(transport.call('services', 'list', {}, {})).rejects.toMatchObject({ message: expect.stringContaining('no answer within 0.05 s') })
})

test('only what takes long asks for signs', async () => {
  const transport = await transportTo((request, response) => response.end(JSON.stringify({ prefer: request.headers.prefer ?? null })), 5_000)
  expect(await transport.call('services', 'list', {}, {})).toEqual({ prefer: null })
})
