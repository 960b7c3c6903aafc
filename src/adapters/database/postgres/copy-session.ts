/**
 * A connection with COPY over node-postgres, which reads and writes the messages of COPY but leaves it to its user
 * what to do with them (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY).
 */
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { Client, type Connection, type Submittable } from 'pg'
import type { CopySession } from '../../../kernel/database/copy-session.ts'
import { inSchema } from '../../../kernel/database/database.ts'
import { messageOf } from '../../../kernel/errors.ts'
import { connectionLoss, refused, unreachable } from './connection-errors.ts'
import { type PostgresSource, types } from './index.ts'

/** What node-postgres has for COPY, and its types do not name. */
interface CopyConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
  sendCopyFail(reason: string): void
}

/** What a client tells the query it carries out. */
interface CopyQuery extends Submittable {
  handleCopyData?(message: { readonly chunk: Buffer }): void
  handleCopyInResponse?(connection: CopyConnection): void
  handleCommandComplete(message: { readonly text: string }): void
  handleReadyForQuery(): void
  handleError(error: Error): void
}

/** A message has one row, and what comes after is cheaper by the piece. In bytes. */
const pieceSize = 64 << 10
/** Bytes that may wait for a slow reader before the server is kept waiting. */
const mostWaiting = 1 << 20
const connectTimeoutMs = 10_000

/** Text must mean the same on every server, whatever its settings; a long COPY is no fault. */
const settings = `set datestyle = 'ISO, YMD'; set timezone = 'UTC'; set intervalstyle = 'postgres'; set bytea_output = 'hex'; set extra_float_digits = 1;
  set statement_timeout = 0; set idle_in_transaction_session_timeout = 0`

export interface CopySessionOptions {
  readonly source: PostgresSource
  readonly schema: string
  /** Ends the connection, and with it a COPY that waits for a lock and would not notice that its reader has gone. */
  readonly signal?: AbortSignal
}

/** @throws `database.unreachable`, `database.refused` */
export async function openCopySession({ source, schema, signal }: CopySessionOptions): Promise<CopySession> {
  const client = new Client({ ...(await source.ensure()), types, application_name: 'taskflows', keepAlive: true, connectionTimeoutMillis: connectTimeoutMs })
  // A connection that breaks says so by the failing query too.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(settings)
  } catch (error) {
    client.end().catch(() => {})
    throw connectionLoss(error) ? unreachable(error, connectTimeoutMs) : refused(error)
  }
  signal?.addEventListener('abort', () => { client.end().catch(() => {}) }, { once: true })
  return {
    schema,
    query: async (given, values) => (await client.query(inSchema(typeof given === 'string' ? given : given.text, schema), values as unknown[] | undefined)).rows,
    copyOut: (text) => copyOut(client, inSchema(text, schema)),
    copyIn: (text, rows) => copyIn(client, inSchema(text, schema), rows),
    [Symbol.asyncDispose]: async () => { await client.end().catch(() => {}) },
  }
}

async function* copyOut(client: Client, text: string): AsyncGenerator<Buffer, number> {
  const { stream } = client.connection
  const out = new Readable({ highWaterMark: mostWaiting, read: () => { stream.resume() } })
  let rows: Buffer[] = []
  let bytes = 0
  let count = 0
  const passOn = (): void => {
    if (!out.push(Buffer.concat(rows))) stream.pause()
    rows = []
    bytes = 0
  }
  submit(client, {
    submit: (connection) => connection.query(text),
    handleCopyData: ({ chunk }) => {
      // Copied, because the parser uses its memory again.
      rows.push(Buffer.from(chunk))
      bytes += chunk.length
      if (bytes >= pieceSize) passOn()
    },
    handleCommandComplete: ({ text: tag }) => { count = rowsIn(tag) },
    handleReadyForQuery: () => {
      if (rows.length > 0) passOn()
      out.push(null)
    },
    handleError: (error) => { out.destroy(error) },
  })
  yield* out as AsyncIterable<Buffer>
  return count
}

async function copyIn(client: Client, text: string, rows: AsyncIterable<Buffer>): Promise<number> {
  const end = Promise.withResolvers<number>()
  const over = end.promise.then(() => true, () => true)
  let ended = false
  let fault: { readonly error: unknown } | undefined
  let count = 0

  const feed = async (connection: CopyConnection): Promise<void> => {
    try {
      for await (const piece of rows) {
        // The server has refused a row, and ignores what still comes.
        if (ended) return
        connection.sendCopyFromChunk(piece)
        if (connection.stream.writableNeedDrain) await Promise.race([once(connection.stream, 'drain'), over])
      }
      if (!ended) connection.endCopyFrom()
    } catch (error) {
      fault = { error }
      connection.sendCopyFail(messageOf(error))
    }
  }

  submit(client, {
    submit: (connection) => connection.query(text),
    handleCopyInResponse: (connection) => void feed(connection),
    handleCommandComplete: ({ text: tag }) => { count = rowsIn(tag) },
    handleReadyForQuery: () => end.resolve(count),
    handleError: (error) => {
      ended = true
      end.reject(fault ? fault.error : error)
    },
  })
  return end.promise
}

function submit(client: Client, query: CopyQuery): void {
  client.query(query)
}

/** The command tag is `COPY 42`. */
function rowsIn(tag: string): number {
  return Number(tag.split(' ')[1])
}
