/**
 * One connection to a bus, from its start to its loss: the one file that knows dbus-native. Which of them to use,
 * and what a failure means to a person, is in bus.ts.
 */
import type { Message } from 'dbus-native'
import { socketOf } from './bus-address.ts'

export interface BusCall {
  readonly path: string
  readonly interface: string
  readonly member: string
  /** D-Bus types of the arguments. */
  readonly signature?: string
  readonly args?: readonly unknown[]
}

export interface BusSignal {
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly body: readonly unknown[]
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Default 25,000, as everywhere on D-Bus. */
  readonly timeoutMs?: number
}

export interface BusConnection {
  /** The values of the answer. 64-bit numbers come as `number`; all bits set is 2 ** 64. Rejects with what the library throws. */
  ask(destination: string, call: BusCall, options?: CallOptions): Promise<readonly unknown[]>
  /** Whether the program goes on while this is open. */
  keepAlive(on: boolean): void
  /** At once, without the goodbyes: calls that wait reject. */
  drop(): void
  close(): Promise<void>
}

export interface ConnectionEvents {
  heard(signal: BusSignal): void
  /** Once, however it ended. */
  closed(): void
}

/** `org.freedesktop.DBus.Error.AccessDenied`; absent when it was not the other side that refused. */
export function dbusErrorName(error: unknown): string | undefined {
  const { reply, dbusName } = error as { reply?: unknown; dbusName?: string }
  return reply === undefined ? undefined : dbusName
}

const signalType = 4
/** A manager that is not there is an answer, and nothing to start. */
const noAutoStart = 2

/** @param address as in `DBUS_SESSION_BUS_ADDRESS` */
export async function openConnection(address: string, events: ConnectionEvents): Promise<BusConnection> {
  const { createClient } = await import('dbus-native')
  const socket = socketOf(address)
  const client = createClient({ ...(socket === undefined ? { busAddress: address } : { socket }), authMethods: ['EXTERNAL'], returnBigInt: false })
  const { connection } = client
  await new Promise<void>((resolve, reject) => {
    connection.on('connect', resolve)
    connection.on('error', reject)
    connection.on('close', (cause) => reject(cause ?? new Error('the bus closed the connection')))
  })
  connection.on('close', () => events.closed())
  connection.on('message', ({ type, path = '', interface: face = '', member = '', body = [] }) => {
    if (type === signalType) events.heard({ path, interface: face, member, body })
  })
  const stream = connection.stream as typeof connection.stream & { ref?(): void; unref?(): void }
  return {
    ask: (destination, { args, ...call }, { signal, timeoutMs = 25_000 } = {}) => new Promise((resolve, reject) => {
      const message: Message = { ...call, destination, flags: noAutoStart, ...(args && { body: [...args] }) }
      client.invoke(message, { timeout: timeoutMs, ...(signal && { signal }) }, (error: unknown, ...values: unknown[]) => (error ? reject(error) : resolve(values)))
    }),
    keepAlive: (on) => (on ? stream.ref?.() : stream.unref?.()),
    drop: () => void stream.destroy(),
    close: () => {
      stream.ref?.()
      return client.close()
    },
  }
}
