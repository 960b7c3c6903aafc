/** A Loki that reads every line, checks it, and only counts: another process, which the bench starts. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { readPush } from '../../test/testbed/loki.ts'

let lines = 0
const server = createServer(async (request, response) => {
  const found = readPush(request.headers, gunzipSync(await buffer(request)).toString())
  if (typeof found !== 'string') lines += found.length
  response.writeHead(typeof found === 'string' ? 400 : 204).end()
})
server.listen(0, '127.0.0.1', () => process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
process.on('message', () => process.send!(lines))
process.on('disconnect', () => process.exit())
