/**
 * Sends GET requests over kept connections, in a process of its own. Signatures are made before the clock starts, so that
 * the caller costs the same whomever it asks. Told what to do by `bench.ts` over IPC.
 */
import { type Socket, connect } from 'node:net'
import { sha256Hex, signatureHeaders } from '../../src/kernel/hmac-signature.ts'
import { keepInFlight } from '../jobs/contestant.ts'

export interface Assignment {
  readonly port: number
  readonly path: string
  /** Signs with it; without, requests go bare. */
  readonly secret?: string
  readonly requests: number
  /** Connections, each with one request under way. */
  readonly width: number
}

export interface Finding {
  readonly ms: number
}

process.on('message', (assignment: Assignment) => {
  void attack(assignment).then((finding) => process.send!(finding))
})
process.send!('ready')

async function attack({ port, path, secret, requests, width }: Assignment): Promise<Finding> {
  const texts = Array.from({ length: requests }, () => requestText(path, secret))
  const callers = await Promise.all(Array.from({ length: width }, () => openCaller(port)))
  const start = performance.now()
  await keepInFlight(requests, width, async (i) => {
    const caller = callers.pop()!
    const status = await caller.ask(texts[i]!)
    callers.push(caller)
    if (status !== 200) throw new Error(`${path} answered ${status}`)
  })
  const ms = performance.now() - start
  for (const caller of callers) caller.close()
  return { ms }
}

function requestText(path: string, secret?: string): string {
  const signature = secret === undefined ? {} : signatureHeaders(secret, { method: 'GET', path, contentSha256: sha256Hex() }, Date.now())
  const headers = Object.entries({ host: '127.0.0.1', accept: 'application/json', ...signature }).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `GET ${path} HTTP/1.1\r\n${headers}\r\n`
}

/** One connection that waits for each answer; cheaper than node:http, whose cost would be a large part of what is measured. */
async function openCaller(port: number): Promise<{ ask(text: string): Promise<number>; close(): void }> {
  const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  let received = ''
  let answered: (status: number) => void = () => {}
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text
    const head = received.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/content-length: (\d+)/i.exec(received)![1])
    if (received.length < head + 4 + length) return
    const status = Number(received.slice(9, 12))
    received = ''
    answered(status)
  })
  return {
    ask: (text) => new Promise((resolve) => {
      answered = resolve
      socket.write(text)
    }),
    close: () => socket.destroy(),
  }
}
