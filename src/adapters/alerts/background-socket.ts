/** A connection that a process with nothing else to do does not wait for. */
import { type Socket, connect } from 'node:net'

/** Connected. Rejects with the error of the connection, or when it takes too long. */
export function backgroundSocket(host: string, port: number, patienceMs: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host.replace(/^\[(.*)\]$/, '$1'), port, signal })
    socket.unref()
    const tooLong = setTimeout(() => socket.destroy(new Error(`no connection within ${patienceMs / 1000} s`)), patienceMs).unref()
    socket.once('error', (error) => {
      clearTimeout(tooLong)
      reject(error)
    })
    socket.once('connect', () => {
      clearTimeout(tooLong)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}
