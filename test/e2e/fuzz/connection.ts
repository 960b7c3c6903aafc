/**
 * A connection to a server as bytes: what no HTTP client lets one send, and answers as they came. A stream counts as
 * answered with its first message.
 */
import { once } from 'node:events'
import { connect } from 'node:net'

export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface Connection {
  send(bytes: Buffer): void
  /** The next answer, or `undefined` when the server closed the connection instead. @param hasBody false for an answer to HEAD */
  answer(hasBody: boolean, patienceMs: number): Promise<RawAnswer | undefined>
  /** Takes nothing more, and leaves it open. */
  stall(): void
  /** Says that nothing more will be sent. */
  finish(): void
  destroy(): void
  /** Whether another request can be sent. */
  readonly usable: boolean
}

interface Read extends RawAnswer {
  /** Bytes of it. */
  readonly length: number
  /** Whether the connection is over with it. */
  readonly last: boolean
}

/** @param from the address to come from */
export async function openConnection(url: string, from = '127.0.0.1'): Promise<Connection> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), localAddress: from, noDelay: true })
  await once(socket, 'connect')
  let received = Buffer.alloc(0)
  let isOpen = true
  let news = Promise.withResolvers<void>()
  const tell = () => {
    news.resolve()
    news = Promise.withResolvers()
  }
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    tell()
  })
  // A server that refuses what is still being sent resets the connection: what it said before counts.
  socket.on('error', () => {}).on('close', () => {
    isOpen = false
    tell()
  }).on('end', () => {
    isOpen = false
    tell()
  })
  let usable = true
  return {
    send: (bytes) => void socket.write(bytes),
    answer: async (hasBody, patienceMs) => {
      const deadline = AbortSignal.timeout(patienceMs)
      const late = new Promise<'late'>((resolve) => deadline.addEventListener('abort', () => resolve('late')))
      for (;;) {
        const read = readAnswer(received, hasBody, !isOpen)
        if (read !== undefined) {
          received = received.subarray(read.length)
          usable = !read.last && received.length === 0
          return read
        }
        if (!isOpen) {
          usable = false
          return undefined
        }
        if ((await Promise.race([news.promise, late])) === 'late') throw new Error(`no answer within ${patienceMs / 1000} s; there came ${JSON.stringify(received.toString('latin1').slice(0, 200))}`)
      }
    },
    stall: () => void socket.pause(),
    finish: () => void socket.end(),
    destroy: () => void socket.destroy(),
    get usable() { return usable && isOpen },
  }
}

/** The first answer in `bytes`, once it is whole. */
function readAnswer(bytes: Buffer, hasBody: boolean, isOver: boolean): Read | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0)
  if (status === 100) return readAfterInterim(bytes, end + 4, hasBody, isOver)
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
  const head = { status, headers }
  const closes = headers['connection'] === 'close'
  const rest = bytes.subarray(end + 4)
  if (!hasBody || status === 204 || status === 304) return { ...head, body: Buffer.alloc(0), length: end + 4, last: closes }
  if (headers['content-type']?.startsWith('text/event-stream')) return readStream(rest, { ...head, length: end + 4, last: true }, isOver)
  if (headers['transfer-encoding'] === 'chunked') return readChunks(rest, { ...head, length: end + 4, last: closes })
  const declared = headers['content-length']
  if (declared === undefined) return isOver ? { ...head, body: rest, length: bytes.length, last: true } : undefined
  const length = Number(declared)
  return rest.length < length ? undefined : { ...head, body: rest.subarray(0, length), length: end + 4 + length, last: closes }
}

function readAfterInterim(bytes: Buffer, length: number, hasBody: boolean, isOver: boolean): Read | undefined {
  const read = readAnswer(bytes.subarray(length), hasBody, isOver)
  return read && { ...read, length: read.length + length }
}

function readStream(rest: Buffer, head: Omit<Read, 'body'>, isOver: boolean): Read | undefined {
  const text = rest.toString()
  const end = /^id: .*\n(?:[^\n]+\n)*\n/m.exec(text)
  if (end === null && !isOver) return undefined
  return { ...head, body: rest, length: head.length + rest.length }
}

function readChunks(rest: Buffer, head: Omit<Read, 'body'>): Read | undefined {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const line = rest.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(rest.subarray(at, line).toString('latin1'), 16)
    if (rest.length < line + 2 + size + 2) return undefined
    if (size === 0) return { ...head, body: Buffer.concat(chunks), length: head.length + line + 4 }
    chunks.push(rest.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
}
