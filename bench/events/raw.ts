/**
 * A floor: a bare server that writes the same bytes to all its clients, with nothing around it.
 * Arguments: one message as ours sends it, and how many of them there are a second.
 */
import { type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const [message = '', perSecond = ''] = process.argv.slice(2)
const everyMs = 100
const clients = new Set<ServerResponse>()

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  clients.add(response)
  response.once('close', () => clients.delete(response))
})
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))

let sentAt = performance.now()
setInterval(() => {
  const count = Math.floor(((performance.now() - sentAt) / 1000) * Number(perSecond))
  sentAt += (count / Number(perSecond)) * 1000
  const now = message.replace(/"at":"[^"]*"/, `"at":"${new Date(Date.now() - everyMs / 2).toISOString()}"`)
  const batch = Buffer.from(now.repeat(count))
  for (const client of clients) client.write(batch)
}, everyMs)

process.on('disconnect', () => process.exit())
