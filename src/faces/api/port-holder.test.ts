import { createServer } from 'node:net'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { findPortHolder, listeningInodes } from './port-holder.ts'

// Lines of proc_pid_net(5): one listens on 7777 (1E61), one is a connection to it, one listens elsewhere.
const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1E61 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1E61 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
   2: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
`

test('only the socket that listens on the port counts', () => {
  expect(listeningInodes(table, 7777)).toEqual(['4711'])
  expect(listeningInodes('', 7777)).toEqual([])
})

test.runIf(process.platform === 'linux')('the holder of a port is named with its pid', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  expect(findPortHolder(port)).toMatch(new RegExp(`\\(pid ${process.pid}\\)$`))
  server.close()
  await once(server, 'close')
  expect(findPortHolder(port)).toBeUndefined()
})
