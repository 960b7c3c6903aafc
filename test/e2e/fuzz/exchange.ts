/** Sends requests the way they want to be sent, and hands each answer to the judge. */
import { messageOf } from '../../../src/kernel/errors.ts'
import type { Callers } from './callers.ts'
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
  /** Answers by status; 0 counts connections that were closed without one. */
  readonly answers: Map<number, number>
}

/** One after the other, over one connection where that is possible. */
export interface Lane extends Disposable {
  /** @throws what is wrong with the answer, with a line for a shell that repeats it */
  run(request: FuzzRequest): Promise<void>
}

const patienceMs = 5_000
const openingBrace = 0x7b
const before = Buffer.from('GET /health HTTP/1.1\r\nHost: x\r\n\r\n')
/** Streams that are left open, by each lane. */
const mostStreams = 20

export function createLane({ url, document, callers, pool, answers }: Target): Lane {
  let kept: Connection | undefined
  const streams: Connection[] = []
  let turn = 0

  /** Guessers are counted by where they come from, and must not lock out the others. */
  const connectFrom = (): Promise<Connection> => {
    turn += 1
    return openConnection(url, `127.0.${1 + (turn >> 7) % 100}.${1 + (turn % 128)}`)
  }

  const exchange = async (request: FuzzRequest, sent: Buffer): Promise<RawAnswer | undefined> => {
    const alone = !isPlain(request) || !callers.trusted.includes(request.caller)
    const connection = alone ? await connectFrom() : kept?.usable ? kept : await openConnection(url)
    const answer = await deliver(connection, request, sent).catch((error: unknown) => {
      connection.destroy()
      throw error
    })
    if (answer?.headers['content-type']?.startsWith('text/event-stream') && streams.length < mostStreams) {
      connection.stall()
      streams.push(connection)
    } else if (!alone && connection.usable) kept = connection
    else connection.destroy()
    return answer
  }

  const examine = (request: FuzzRequest, sent: Buffer, answer: RawAnswer | undefined): string[] => {
    const status = answer?.status ?? 0
    answers.set(status, (answers.get(status) ?? 0) + 1)
    if (answer === undefined) return mayCloseWithoutAnswer(request) ? [] : ['the connection was closed without an answer']
    if (status < 300 && answer.body[0] === openingBrace) pool.learn(request.place.replace(/\.alias$/, ''), JSON.parse(answer.body.toString()))
    return judge(document, { request, sent, said: saidIn(request, sent), answer, stranger: callers.strangers.includes(request.caller) })
  }

  return {
    run: async (request) => {
      const sent = bytesOf(request, (text) => pool.fill(text), callers.credentials(request.caller))
      const wrong = await exchange(request, sent).then((answer) => examine(request, sent, answer), (error: unknown) => [messageOf(error)])
      if (wrong.length > 0) throw new Error(`${wrong.join('\n')}\n${request.caller}, ${request.framing}, ${request.delivery}: ${shellLine(sent.subarray(0, 20_000), url)}`)
    },
    [Symbol.dispose]: () => {
      for (const connection of [kept, ...streams]) connection?.destroy()
    },
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
      if (first?.status !== 200) return first && (method === 'HEAD' ? { ...first, body: Buffer.alloc(0) } : first)
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
