/**
 * A process with many clients of a stream of events. Each keeps the number of every event that it got and connects again
 * with the last id when the connection ends. They read the bytes as they come and decode nothing else, so that what is
 * measured is the server.
 */
import { connect } from 'node:net'

export type Order =
  | { readonly kind: 'connect'; readonly port: number; readonly path: string; readonly token: string; readonly clients: number }
  | { readonly kind: 'count' }
  /** Compares what each client got with what it should have got. */
  | { readonly kind: 'verify'; readonly expected: readonly number[] }
  | { readonly kind: 'leave' }

export interface Count {
  /** Events, of all clients. */
  readonly events: number
  /** Clients that know where their stream stands. */
  readonly ready: number
  /** Of the client that got fewest. */
  readonly fewest: number
  /** From the writing of an event to its arrival, one for each piece that came, in milliseconds; since the last count. */
  readonly delays: readonly number[]
}

export interface Verdict {
  readonly lost: number
  readonly doubled: number
}

/** `seq.place` as one number. */
export function eventNumber(seq: number, place: number): number {
  return seq * 10_000 + place
}

const dataStart = Buffer.from('data: {"id":"')
const idStart = Buffer.from('\nid: ')
const messageEnd = Buffer.from('\n\n')
const [dot, quote, zero] = [0x2e, 0x22, 0x30]
/** What the server asks for with `retry`. */
const retryMs = 1_000

let delays: number[] = []

class EventClient {
  events = 0
  #numbers = new Float64Array(1 << 14)
  #rest: Buffer = Buffer.alloc(0)
  #lastId = ''
  #left = false
  #socket: ReturnType<typeof connect> | undefined

  get isReady(): boolean {
    return this.#lastId !== ''
  }

  open(port: number, path: string, token: string): void {
    this.#rest = Buffer.alloc(0)
    const resume = this.#lastId === '' ? '' : `Last-Event-ID: ${this.#lastId}\r\n`
    this.#socket = connect(port, '127.0.0.1')
      .on('data', (chunk: Buffer) => this.#take(chunk))
      .on('error', () => {})
      .on('close', () => { if (!this.#left) setTimeout(() => this.open(port, path, token), retryMs) })
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${token}\r\n${resume}\r\n`)
  }

  leave(): void {
    this.#left = true
    this.#socket?.destroy()
  }

  /** What got lost on the way or came twice. */
  compare(expected: Float64Array): Verdict {
    const got = this.#numbers.slice(0, this.events).sort()
    let [lost, doubled, at] = [0, 0, 0]
    for (const number of expected) {
      while (at < got.length && got[at]! < number) at += 1
      if (got[at] === number) at += 1
      else lost += 1
    }
    for (let place = 1; place < got.length; place += 1) if (got[place] === got[place - 1]) doubled += 1
    return { lost, doubled }
  }

  #take(chunk: Buffer): void {
    const whole = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const end = whole.lastIndexOf(messageEnd)
    if (end < 0) {
      this.#rest = whole
      return
    }
    this.#rest = whole.subarray(end + 2)
    const messages = whole.subarray(0, end + 1)
    const idAt = messages.lastIndexOf(idStart)
    if (idAt >= 0) this.#lastId = messages.toString('latin1', idAt + 5, messages.indexOf(0x0a, idAt + 1))
    let last = -1
    for (let at = messages.indexOf(dataStart); at >= 0; at = messages.indexOf(dataStart, at + 200)) {
      last = at
      this.#count(messages, at + dataStart.length)
    }
    if (last < 0) return
    const writtenAt = messages.indexOf('"at":"', last) + 6
    delays.push(Date.now() - Date.parse(messages.toString('latin1', writtenAt, writtenAt + 24)))
  }

  #count(bytes: Buffer, from: number): void {
    let at = from
    let seq = 0
    for (; bytes[at] !== dot; at += 1) seq = seq * 10 + bytes[at]! - zero
    let place = 0
    for (at += 1; bytes[at] !== quote; at += 1) place = place * 10 + bytes[at]! - zero
    if (this.events === this.#numbers.length) {
      const larger = new Float64Array(this.events * 2)
      larger.set(this.#numbers)
      this.#numbers = larger
    }
    this.#numbers[this.events] = eventNumber(seq, place)
    this.events += 1
  }
}

let clients: EventClient[] = []

process.on('message', (order: Order) => {
  if (order.kind === 'connect') {
    clients = Array.from({ length: order.clients }, () => new EventClient())
    for (const client of clients) client.open(order.port, order.path, order.token)
  } else if (order.kind === 'count') {
    const counts = clients.map(({ events }) => events)
    process.send!({ events: counts.reduce((sum, count) => sum + count, 0), ready: clients.filter(({ isReady }) => isReady).length, fewest: Math.min(...counts), delays } satisfies Count)
    delays = []
  } else if (order.kind === 'verify') {
    const expected = Float64Array.from(order.expected).sort()
    const verdicts = clients.map((client) => client.compare(expected))
    process.send!({ lost: verdicts.reduce((sum, { lost }) => sum + lost, 0), doubled: verdicts.reduce((sum, { doubled }) => sum + doubled, 0) } satisfies Verdict)
  } else {
    for (const client of clients) client.leave()
    clients = []
  }
})

process.on('disconnect', () => process.exit())
