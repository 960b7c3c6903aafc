/** Sends requests the way they want to be sent, and hands each answer to the judge. */
import { type Callers } from './callers.ts'
import { type Connection, type RawAnswer, openConnection } from './connection.ts'
import type { Document } from './document.ts'
import { judge } from './judge.ts'
import type { Pool } from './pool.ts'
import { type FuzzRequest, bytesOf, shellLine } from './request.ts'

export interface Target {
  readonly url: string
  readonly document: Document
  readonly callers: Callers
  readonly pool: Pool
  /** Answers by status; 0 answers connections that were closed without one. */
  readonly answers: Map<number, number>
}

/** One after the other, over one connection where that is possible. */
export interface Lane extends Disposable {
  /** @throws what is wrong with the answer, with a line for a shell that repeats it */
  run(request: FuzzRequest): Promise<void>
}

const patienceMs = 5_000
const before = Buffer.from('GET /health HTTP/1.1\r\nHost: x\r\n\r\n')
/** Streams that are left open, by each lane. */
const mostStreams = 20

export function createLane({ url, document, callers, pool, answers }: Target): Lane {
  let kept: Connection | undefined
  const streams: Connection[] = []
  let turn = 0

  /** Guessers are counted by where they come from, and must not lock out the others. */
  const connectFor = async (request: FuzzRequest, stranger: boolean): Promise<Connection> => {
    turn += 1
    if (stranger || !isPlain(request) || request.caller.startsWith('minted')) return openConnection(url, `127.0.${1 + (turn >> 7) % 100}.${1 + (turn % 128)}`)
    return kept?.usable ? kept : openConnection(url)
  }

  const once = async (request: FuzzRequest, sent: Buffer, stranger: boolean): Promise<RawAnswer | undefined> => {
    const connection = await connectFor(request, stranger)
    let keep = false
    try {
      const answer = await deliver(connection, request, sent)
      if (answer?.headers['content-type']?.startsWith('text/event-stream') && streams.length < mostStreams) {
        streams.push(connection)
        keep = true
      } else if (isPlain(request) && !stranger && !request.caller.startsWith('minted') && connection.usable) {
        kept = connection
        keep = true
      }
      return answer
    } finally {
      if (!keep) connection.destroy()
    }
  }

  return {
    run: async (request) => {
      const sent = bytesOf(request, (text) => pool.fill(text), callers.credentials(request.caller))
      const stranger = callers.strangers.includes(request.caller)
      const wrong = await once(request, sent, stranger).then((answer) => {
        answers.set(answer?.status ?? 0, (answers.get(answer?.status ?? 0) ?? 0) + 1)
        if (answer === undefined) return mayCloseWithoutAnswer(request) ? [] : ['the connection was closed without an answer']
        learn(answer, request)
        return judge(document, { request, sent, said: saidIn(request, sent), answer, stranger })
      }, (error: unknown) => [String(error)])
      if (wrong.length > 0) throw new Error(`${wrong.join('\n')}\n${request.caller}, ${request.framing}, ${request.delivery}: ${shellLine(sent.subarray(0, 20_000), url)}`)
    },
    [Symbol.dispose]: () => {
      kept?.destroy()
      for (const stream of streams) stream.destroy()
    },
  }

  function learn({ status, body }: RawAnswer, { place }: FuzzRequest): void {
    if (status >= 300 || body.length === 0 || body[0] !== 0x7b) return
    pool.learn(place.replace(/\.alias$/, ''), JSON.parse(body.toString()))
  }
}

/** Also what is in pieces or escaped in the bytes. */
function saidIn({ target, body }: FuzzRequest, sent: Buffer): string {
  return `${sent.toString()} ${target.replaceAll(/%([2-7][0-9a-f])/gi, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))} ${body?.text ?? ''}`
}

async function deliver(connection: Connection, { method, delivery, framing }: FuzzRequest, sent: Buffer): Promise<RawAnswer | undefined> {
  const answer = () => connection.answer(method !== 'HEAD', patienceMs)
  switch (delivery) {
    case 'whole':
      connection.send(sent)
      break
    case 'after another': {
      connection.send(Buffer.concat([before, sent]))
      const first = await connection.answer(true, patienceMs)
      // What cannot be read at all ends the connection, and whatever is under way on it.
      if (first?.status !== 200) return first
      break
    }
    case 'in pieces':
      await sendPieces(connection, sent)
      break
    case 'cut':
      await sendPieces(connection, sent.subarray(0, sent.length >> 1))
      return undefined
    default:
      return delivery satisfies never
  }
  // Whoever promises more than there is would wait for ever.
  if (framing === 'too long' || framing === 'broken chunk') connection.finish()
  return answer()
}

async function sendPieces(connection: Connection, sent: Buffer): Promise<void> {
  const length = Math.ceil(sent.length / 5)
  for (let at = 0; at < sent.length; at += length) {
    connection.send(sent.subarray(at, at + length))
    await new Promise(setImmediate)
  }
}

/** Whether another request can follow on the same connection, as far as this one can tell. */
function isPlain({ delivery, framing, version, method, headers }: FuzzRequest): boolean {
  return delivery === 'whole' && framing === 'length' && version === 'HTTP/1.1' && /^[A-Z]+$/.test(method) && method !== 'CONNECT' && headers.length < 8
}

/** Node closes what asks for a tunnel, and what ends before it is whole. */
function mayCloseWithoutAnswer({ method, delivery, framing }: FuzzRequest): boolean {
  return method === 'CONNECT' || delivery === 'cut' || framing === 'too long' || framing === 'broken chunk'
}
