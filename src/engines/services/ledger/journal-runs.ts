/**
 * Runs out of what systemd wrote to the journal about units of ours, in its order. Pure: `adapters/journal` reads, and
 * `collect-runs.ts` records what comes of it.
 *
 * A manager of an account is silent about a run that ends well, unless it was of type oneshot or was stopped. But it
 * writes of each beginning and each failure: so a run of which nothing more is heard ended well if its manager is still
 * the same when the next one begins, or when it is asked; and nobody knows when.
 */
import { serviceOfUnit } from '../live/service-events.ts'
import { type RunEnd, endedRun, lostRun } from './end-of-run.ts'
import type { ServiceRun, ServiceRunKey } from './service-run.ts'

/** What systemd says of a unit, by the message ids of its catalogue; `manager_started` of itself. */
export type ManagerWord = 'starting' | 'started' | 'finished' | 'exited' | 'failed' | 'succeeded' | 'stopping' | 'stopped' | 'restarting' | 'measured' | 'manager_started'

export interface ManagerMessage {
  /** Epoch milliseconds. */
  readonly at: number
  readonly word: ManagerWord
  /** `taskflows-web.service`. */
  readonly unit: string
  readonly invocationId: string | null
  /** The boot it was written in, 32 hexadecimal digits. */
  readonly bootId: string
  /** Which manager wrote it: its boot and its process. */
  readonly manager: string
  /** Of `stopped`: `stop`, or `restart`. */
  readonly job: string | null
  /** Of `failed`. */
  readonly result: string | null
  /** Of `exited`. */
  readonly exitCode: number | null
  readonly exitSignal: string | null
  /** Of `measured`. */
  readonly cpuSeconds: number | null
  readonly memoryPeakBytes: number | null
}

export interface JournalRunsParts extends Omit<ServiceRunKey, 'service'> {
  /** Runs that were under way where the reading begins. */
  readonly open: readonly ServiceRun[]
  /** The manager of those; `null`: nobody knows. */
  readonly manager: string | null
  /** The journal still has what was written since they began. */
  readonly isWhole: boolean
}

/** What is known besides the journal when it was read to its end. */
export interface Present {
  readonly bootId: string
  /** Epoch milliseconds. */
  readonly now: number
  /** Whether its manager says that it runs; `undefined`: it does not answer. */
  readonly isRunning: ((run: ServiceRun) => boolean) | undefined
}

export interface JournalRuns {
  /** Runs of which this message tells the end, or more about it. */
  take(message: ManagerMessage): readonly ServiceRun[]
  /** Those under way where the reading has come to. */
  open(): readonly ServiceRun[]
  /** What became of those. */
  settle(present: Present): readonly ServiceRun[]
  /** The last one that wrote something. */
  readonly manager: string | null
}

interface OpenRun {
  readonly run: ServiceRun
  readonly manager: string | null
  /** The journal has all that was written about it. */
  readonly isCovered: boolean
  readonly stopped?: true
  readonly exit?: { readonly at: number; readonly code: number | null; readonly signal: string | null }
}

const began = new Set<ManagerWord>(['starting', 'started', 'finished'])
const machineDown = 'the machine went down while it ran'

/** Of a main process that ends as it should systemd writes nothing: not its signal after a stop, and not its code, which is 0 then. */
function silentEnd(stopped: boolean): RunEnd {
  return { result: 'success', exitCode: stopped ? null : 0, exitSignal: null, stopped }
}

export function createJournalRuns({ host, scope, open: before, manager: managerBefore, isWhole }: JournalRunsParts): JournalRuns {
  /** By service: of one at most one runs. */
  const open = new Map<string, OpenRun>(before.map((run) => [run.service, { run, manager: managerBefore, isCovered: isWhole }]))
  /** By service: how the last one ended, since what it used is written behind that. */
  const ended = new Map<string, ServiceRun>()
  let manager = managerBefore
  let boot: string | undefined

  const close = (service: string, run: ServiceRun): ServiceRun => {
    open.delete(service)
    ended.set(service, run)
    return run
  }
  /** Nothing more was heard of it. */
  const closeSilent = (service: string, { run, manager: own, isCovered, stopped }: OpenRun): ServiceRun => {
    if (own !== null && own !== manager) return close(service, lostRun(run, run.bootId === boot ? 'its systemd went away while it ran' : machineDown))
    if (!isCovered) return close(service, lostRun(run, 'it ended while nobody looked, and the journal does not go back so far'))
    return close(service, endedRun(run, silentEnd(stopped === true), null))
  }
  const begin = (service: string, { invocationId, at, bootId, manager: own }: ManagerMessage): ServiceRun[] => {
    const other = open.get(service)
    const told = other === undefined ? [] : [closeSilent(service, other)]
    const run: ServiceRun = {
      host, scope, service, bootId, invocationId, state: 'running', startedAt: at, endedAt: null, result: null, exitCode: null, exitSignal: null,
      cpuSeconds: null, memoryPeakBytes: null, slot: null, reason: null,
    }
    open.set(service, { run, manager: own, isCovered: true })
    return told
  }
  const end = (service: string, current: OpenRun, result: string, at: number | null): ServiceRun => {
    const { run, exit, stopped } = current
    const how = exit === undefined && result === 'success' ? silentEnd(stopped === true) : { exitCode: exit?.code ?? null, exitSignal: exit?.signal ?? null, stopped: stopped === true }
    return close(service, endedRun(run, { ...how, result }, exit?.at ?? at))
  }

  /** One that was told of before, and whose beginning is in the journal after all. */
  const found = (service: string, { word, manager: own, invocationId }: ManagerMessage): OpenRun | undefined => {
    const current = open.get(service)
    if (current === undefined || !began.has(word) || current.run.invocationId !== invocationId) return current
    const covered = { ...current, manager: own, isCovered: true }
    open.set(service, covered)
    return covered
  }

  const tell = (service: string, message: ManagerMessage): ServiceRun[] => {
    const { word, invocationId, at } = message
    const isEnded = ended.get(service)?.invocationId === invocationId
    const first = began.has(word) && !isEnded && open.get(service)?.run.invocationId !== invocationId ? begin(service, message) : []
    const current = found(service, message)
    if (current === undefined || current.run.invocationId !== invocationId) return [...first, ...about(service, message, isEnded)]
    switch (word) {
      case 'starting': case 'started': case 'measured': case 'manager_started': return first
      case 'exited': open.set(service, { ...current, exit: { at, code: message.exitCode, signal: message.exitSignal } }); return first
      case 'stopping': open.set(service, { ...current, stopped: true }); return first
      case 'failed': return [...first, end(service, current, message.result ?? 'failed', at)]
      case 'finished': case 'succeeded': return [...first, end(service, current, 'success', at)]
      // Its restart comes a while after its end.
      case 'restarting': return [...first, end(service, current, 'success', null)]
      case 'stopped': return [...first, end(service, { ...current, ...(message.job === 'stop' && { stopped: true }) }, 'success', at)]
      default: return word satisfies never
    }
  }
  /**
   * Of a run that is over: what it used; and the end of one whose beginning is not in the journal any more, or that was taken
   * for over before journald had its last words.
   */
  const about = (service: string, { word, at, invocationId, bootId, result, job, cpuSeconds, memoryPeakBytes }: ManagerMessage, isEnded: boolean): ServiceRun[] => {
    const last = ended.get(service)
    if (word === 'measured' && isEnded) return [close(service, { ...last!, cpuSeconds, memoryPeakBytes })]
    const wasStopped = word === 'stopped' && job === 'stop'
    if ((word !== 'failed' && !wasStopped) || isEnded || open.has(service)) return []
    const unknown: ServiceRun = {
      host, scope, service, bootId, invocationId, state: 'running', startedAt: null, endedAt: null, result: null, exitCode: null, exitSignal: null,
      cpuSeconds: null, memoryPeakBytes: null, slot: null, reason: null,
    }
    return [close(service, endedRun(unknown, wasStopped ? silentEnd(true) : { result: result ?? 'failed', exitCode: null, exitSignal: null, stopped: false }, at))]
  }

  return {
    take: (message) => {
      const service = serviceOfUnit(message.unit)
      manager = message.manager
      boot = message.bootId
      if (message.word === 'manager_started') {
        return [...open].flatMap(([name, current]) => (current.manager !== null && current.manager !== message.manager ? [closeSilent(name, current)] : []))
      }
      return service === undefined || message.invocationId === null ? [] : tell(service, message)
    },
    open: () => [...open.values()].map(({ run }) => run),
    settle: ({ bootId, isRunning }) => [...open].flatMap(([service, current]) => {
      const { run } = current
      if (isOfOtherBoot(run, bootId)) return [close(service, lostRun(run, machineDown))]
      if (isRunning === undefined || isRunning(run)) return [run]
      return [closeSilent(service, current)]
    }),
    get manager() { return manager },
  }
}

/** How long the journal may take to tell of a run that signals told of. */
const patienceMs = 60_000

/** What became of runs that were told of as under way, and of which the journal says nothing at all. */
export function settleUnwritten(runs: readonly ServiceRun[], { bootId, now, isRunning }: Present): ServiceRun[] {
  return runs.flatMap((run) => {
    if (isOfOtherBoot(run, bootId)) return [lostRun(run, machineDown)]
    const isOver = isRunning !== undefined && !isRunning(run) && (run.startedAt ?? 0) < now - patienceMs
    return isOver ? [lostRun(run, 'it ended while nobody looked, and the journal says nothing of it')] : []
  })
}

function isOfOtherBoot({ bootId: of }: ServiceRun, bootId: string): boolean {
  return of !== undefined && of !== bootId
}
