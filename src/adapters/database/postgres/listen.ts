/**
 * The subscriptions of one process to NOTIFY: one connection for all channels,
 * made again whenever it breaks.
 */
import { Client, type ClientConfig } from 'pg'
import type { Clock } from '../../../kernel/clock.ts'
import { type Channel, type Listener, type Subscription, channelName, quoteIdentifier } from '../../../kernel/database/database.ts'
import { connectionLoss, unreachable } from './connection-errors.ts'

interface HubOptions {
  readonly schema: string
  readonly clock: Clock
  readonly address: () => Promise<ClientConfig>
  /** How long the first connection waits for a server that is away, in milliseconds. */
  readonly patienceMs: number
}

export interface ListenHub {
  /** Resolves once the subscription holds, waiting for a server that is away. @throws `database.unreachable` */
  listen(channel: Channel, listener: Listener): Promise<Subscription>
  close(): Promise<void>
}

export function createListenHub({ schema, clock, address, patienceMs }: HubOptions): ListenHub {
  const listeners = new Map<string, Set<Listener>>()
  const stop = new AbortController()
  let connection: Promise<Client> | undefined

  const connect = async (): Promise<Client> => {
    // No query time-out: this connection is silent by nature. Keep-alive finds a dead peer.
    const { query_timeout: _none, ...config } = await address()
    const client = new Client({ ...config, keepAlive: true, keepAliveInitialDelayMillis: 10_000 })
    const lost = Promise.withResolvers<void>()
    client.on('error', () => lost.resolve())
    client.on('end', () => lost.resolve())
    client.on('notification', ({ channel, payload }) => {
      for (const listener of listeners.get(channel) ?? []) listener.notify(payload ?? '')
    })
    try {
      await client.connect()
      for (const channel of listeners.keys()) await client.query(`listen ${quoteIdentifier(channel)}`)
    } catch (error) {
      client.end().catch(() => {})
      throw error
    }
    void lost.promise.then(() => {
      client.end().catch(() => {})
      if (!stop.signal.aborted) connection = reconnect()
    })
    return client
  }

  const connectPatiently = async (): Promise<Client> => {
    const deadline = clock.now() + patienceMs
    for (let pause = 50; ; pause = Math.min(pause * 2, 500)) {
      try {
        return await connect()
      } catch (error) {
        if (!connectionLoss(error) || stop.signal.aborted) throw error
        if (clock.now() + pause > deadline) throw unreachable(error, patienceMs)
        await clock.sleep(pause, stop.signal)
      }
    }
  }

  const reconnect = async (): Promise<Client> => {
    for (let pause = 50; ; pause = Math.min(pause * 2, 2_000)) {
      await clock.sleep(pause, stop.signal)
      if (stop.signal.aborted) throw new Error('the subscriptions were closed')
      try {
        const client = await connect()
        for (const set of listeners.values()) for (const listener of set) listener.ready()
        return client
      } catch {
        // The server is still away: the next round tries again.
      }
    }
  }

  return {
    listen: async (channel, listener) => {
      const name = channelName(channel, schema)
      const set = listeners.get(name) ?? new Set()
      const first = set.size === 0
      listeners.set(name, set.add(listener))
      if (!connection) {
        connection = connectPatiently()
        connection.catch(() => { connection = undefined })
        await connection
      } else if (first) {
        // Where the connection breaks, the next one listens to this channel from the start.
        await (await connection).query(`listen ${quoteIdentifier(name)}`).catch((error: unknown) => { if (!connectionLoss(error)) throw error })
      }
      listener.ready()
      return { close: async () => { set.delete(listener) } }
    },
    close: async () => {
      stop.abort()
      const client = await connection?.catch(() => undefined)
      await client?.end().catch(() => {})
    },
  }
}
