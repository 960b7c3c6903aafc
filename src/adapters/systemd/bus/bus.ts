/**
 * The manager of systemd over its bus: calls and signals. Which calls those are is in manager.ts.
 *
 * It connects with the first call, and again with the first one after a loss: the bus ended, or the manager left
 * it, as it does when it executes itself anew at an upgrade. Whoever listens is told of the loss and listens anew.
 * Nothing is introspected: callers know the signatures (org.freedesktop.systemd1(5)).
 */
import { TaskflowsError, messageOf } from '../../../kernel/errors.ts'
import { type BusCall, type BusConnection, type BusSignal, type CallOptions, dbusErrorName, openConnection } from './bus-connection.ts'

export interface BusListener {
  /** Every signal that comes, also those that others asked for. */
  heard(signal: BusSignal): void
  /** The connection is gone, and this listener with it. */
  lost(): void
}

export interface Bus extends AsyncDisposable {
  /**
   * The values of the manager's answer.
   * @throws `systemd.unavailable`; `systemd.refused`, with the D-Bus name of the error as `details.error`; what `signal` was aborted with
   */
  call(call: BusCall, options?: CallOptions): Promise<readonly unknown[]>
  /**
   * Signals that `rules` select, until disposed of. Of the manager's own object those alone that are needed: it tells of each unit
   * that is loaded and each job that begins, thousands in a start of many.
   * @throws as `call`
   */
  listen(rules: readonly string[], listener: BusListener): Promise<Disposable>
}

const managerName = 'org.freedesktop.systemd1'
const busName = 'org.freedesktop.DBus'
export const managerObject = { path: '/org/freedesktop/systemd1', interface: 'org.freedesktop.systemd1.Manager' } as const

/** The match rule for signals of the manager's own object: D-Bus specification, MATCH RULES. */
export function signalsOfManager(member: 'JobRemoved' | 'Reloading' | 'UnitNew' | 'UnitRemoved'): string {
  return `type='signal',sender='${managerName}',interface='${managerObject.interface}',member='${member}'`
}

/** More would only wait within the manager, which answers one after the other. */
const callsInFlight = 32
/** When the bus was just started the manager comes to it a moment later. */
const patienceForManagerMs = 3000

interface Link {
  readonly connection: BusConnection
  readonly listeners: Set<BusListener>
  /** The manager sends signals only to those who subscribed. */
  subscribed?: Promise<unknown>
}

/** @param unavailable makes the error for a bus that cannot be used of the reason */
export function createBus(address: string, unavailable: (reason: unknown) => TaskflowsError): Bus {
  const turns = turnstile(callsInFlight)
  let link: Promise<Link> | undefined
  let uses = 0

  function connected(): Promise<Link> {
    return link ??= open().catch((error: unknown) => {
      link = undefined
      throw unavailable(error)
    })
  }

  async function open(): Promise<Link> {
    const listeners = new Set<BusListener>()
    const arrival = Promise.withResolvers<void>()
    const connection = await openConnection(address, {
      heard: (signal) => {
        const [name, before, after] = signal.member === 'NameOwnerChanged' ? signal.body : []
        if (name === managerName && after !== '') arrival.resolve()
        // To a manager that comes back, jobs and subscriptions of before mean nothing: all begins anew.
        if (name === managerName && before !== '') return connection.drop()
        for (const listener of [...listeners]) listener.heard(signal)
      },
      closed: () => {
        link = undefined
        for (const listener of [...listeners]) listener.lost()
        listeners.clear()
      },
    })
    try {
      await addMatch(connection, `type='signal',sender='${busName}',member='NameOwnerChanged',arg0='${managerName}'`)
      const [present] = await askBus(connection, 'NameHasOwner', managerName)
      if (present !== true) await inTime(arrival.promise)
    } catch (error) {
      connection.drop()
      throw error
    }
    return { connection, listeners }
  }

  /** What is in use keeps the program from ending; a connection alone does not. */
  async function using<T>(work: (link: Link) => Promise<T>): Promise<T> {
    uses++
    try {
      const open = await connected()
      open.connection.keepAlive(true)
      return await work(open)
    } finally {
      await release()
    }
  }

  async function release(): Promise<void> {
    uses--
    const open = await link?.catch(() => undefined)
    open?.connection.keepAlive(uses > 0)
  }

  function translate(error: unknown, { member }: BusCall, signal: AbortSignal | undefined): unknown {
    const name = dbusErrorName(error)
    if (name !== undefined) return refusal(name, messageOf(error), member)
    return signal?.aborted ? signal.reason : unavailable(error)
  }

  return {
    call: async (call, options = {}) => {
      await turns.enter()
      try {
        return await using(({ connection }) => connection.ask(managerName, call, options).catch((error: unknown) => { throw translate(error, call, options.signal) }))
      } finally {
        turns.leave()
      }
    },
    listen: (rules, listener) => using(async (open) => {
      const { connection, listeners } = open
      listeners.add(listener)
      try {
        open.subscribed ??= connection.ask(managerName, { ...managerObject, member: 'Subscribe' })
        await Promise.all([open.subscribed, ...rules.map((rule) => addMatch(connection, rule))])
      } catch (error) {
        listeners.delete(listener)
        throw unavailable(error)
      }
      uses++
      return {
        [Symbol.dispose]: () => {
          // With a connection its rules are gone as well.
          if (listeners.delete(listener)) for (const rule of rules) void askBus(connection, 'RemoveMatch', rule).catch(() => {})
          void release()
        },
      }
    }),
    [Symbol.asyncDispose]: async () => {
      const open = await link?.catch(() => undefined)
      await open?.connection.close()
    },
  }
}

function askBus(connection: BusConnection, member: string, text: string): Promise<readonly unknown[]> {
  return connection.ask(busName, { path: '/org/freedesktop/DBus', interface: busName, member, signature: 's', args: [text] })
}

function addMatch(connection: BusConnection, rule: string): Promise<readonly unknown[]> {
  return askBus(connection, 'AddMatch', rule)
}

async function inTime(arrival: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('systemd is not on this bus')), patienceForManagerMs)
  await Promise.race([arrival, late.promise]).finally(() => clearTimeout(timer))
}

const denials = new Set(['AccessDenied', 'InteractiveAuthorizationRequired'].map((name) => `org.freedesktop.DBus.Error.${name}`))

function refusal(error: string, words: string, member: string): TaskflowsError {
  const denied = denials.has(error)
  const message = denied ? `this account may not ask systemd for ${member}: ${words}` : words
  return new TaskflowsError('systemd.refused', message, { details: { error, member }, ...(denied && { hint: 'Run it as root (sudo), or use --scope user.' }) })
}

/** Lets so many in at once, the others in order. */
function turnstile(places: number): { enter(): Promise<void> | undefined; leave(): void } {
  const waiting: (() => void)[] = []
  let free = places
  return {
    enter: () => {
      if (free === 0) return new Promise<void>((resolve) => { waiting.push(resolve) })
      free--
      return undefined
    },
    leave: () => {
      const next = waiting.shift()
      if (next) next()
      else free++
    },
  }
}
