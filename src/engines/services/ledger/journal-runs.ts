/**
 * Runs out of what systemd wrote to the journal about units of ours, in its order. Pure: `adapters/journal` reads, and
 * `collect-runs.ts` records what comes of it.
 *
 * A manager of an account is silent about a run that ends well, unless it was of type oneshot or was stopped. But it
 * writes of each beginning and each failure: so a run of which nothing more is heard ended well if its manager is still
 * the same when the next one begins, or when it is asked; and nobody knows when.
 */
import { isSingleRun, runUnitOf, serviceUnit } from '../run-units.ts'
import { type RunEnd, endedRun, lostRun } from './end-of-run.ts'
import type { ServiceRun, ServiceRunKey } from './service-run.ts'

/**
 * What systemd says of a unit, by the message ids of its catalogue; of itself `manager_started`, and `all_stopped` on its way down.
 * `forbidden`: a start that a condition did not let through.
 */
export type ManagerWord = 'starting' | 'started' | 'finished' | 'exited' | 'failed' | 'skipped' | 'forbidden' | 'succeeded' | 'stopping' | 'stopped' | 'restarting' | 'measured' | 'peaked' | 'manager_started' | 'all_stopped'

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
  /** Of `failed` and `skipped`. */
  readonly result: string | null
  /** Of `forbidden`, in words. */
  readonly reason: string | null
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
  /** Their units by invocation, as far as those are not the services themselves. */
  readonly units?: Readonly<Record<string, string>>
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
  /** Runs of which this message tells the end, or more about it, or that they were forbidden. */
  take(message: ManagerMessage): readonly ServiceRun[]
  /** Those under way where the reading has come to. */
  open(): readonly ServiceRun[]
  /** The units of those, where they are not the services themselves. */
  units(): Readonly<Record<string, string>>
  /** What became of those. */
  settle(present: Present): readonly ServiceRun[]
  /** The last one that wrote something. */
  readonly manager: string | null
}

interface OpenRun {
  readonly run: ServiceRun
  readonly unit: string
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

/** Ends that are kept in mind: of each run side by side there is one. */
const mostEnded = 10_000

export function createJournalRuns({ host, scope, open: before, manager: managerBefore, isWhole, units = {} }: JournalRunsParts): JournalRuns {
  /** By invocation. */
  const open = new Map<string | null, OpenRun>(before.map((run) => [run.invocationId, { run, unit: units[run.invocationId!] ?? serviceUnit(run.service), manager: managerBefore, isCovered: isWhole }]))
  /** By unit: of one at most one runs. */
  const underWay = new Map<string, string | null>([...open].map(([invocationId, { unit }]) => [unit, invocationId]))
  /** By unit: how the last one ended, since what it used is written behind that. */
  const ended = new Map<string, ServiceRun>()
  let manager = managerBefore
  let boot: string | undefined

  const close = (unit: string, run: ServiceRun): ServiceRun => {
    open.delete(run.invocationId)
    if (underWay.get(unit) === run.invocationId) underWay.delete(unit)
    ended.delete(unit)
    ended.set(unit, run)
    if (ended.size > mostEnded) ended.delete(ended.keys().next().value!)
    return run
  }
  /** Nothing more was heard of it. */
  const closeSilent = ({ run, unit, manager: own, isCovered, stopped }: OpenRun): ServiceRun => {
    if (own !== null && own !== manager) return close(unit, lostRun(run, run.bootId === boot ? 'its systemd went away while it ran' : machineDown))
    if (!isCovered) return close(unit, lostRun(run, 'it ended while nobody looked, and the journal does not go back so far'))
    return close(unit, endedRun(run, silentEnd(stopped === true), null))
  }
  const unended = ({ unit, invocationId, bootId }: ManagerMessage, startedAt: number | null): ServiceRun => {
    const { service, slot } = runUnitOf(unit)!
    return {
      host, scope, service, bootId, invocationId, state: 'running', startedAt, endedAt: null, result: null, exitCode: null, exitSignal: null,
      cpuSeconds: null, memoryPeakBytes: null, slot, reason: null,
    }
  }
  const begin = (message: ManagerMessage): ServiceRun[] => {
    const { unit, invocationId, at, manager: own } = message
    const other = open.get(underWay.get(unit) ?? null)
    const told = other === undefined ? [] : [closeSilent(other)]
    open.set(invocationId, { run: unended(message, at), unit, manager: own, isCovered: true })
    underWay.set(unit, invocationId)
    return told
  }
  const end = (current: OpenRun, result: string, at: number | null): ServiceRun => {
    const { run, unit, exit, stopped } = current
    const how = exit === undefined && result === 'success' ? silentEnd(stopped === true) : { exitCode: exit?.code ?? null, exitSignal: exit?.signal ?? null, stopped: stopped === true }
    return close(unit, endedRun(run, { ...how, result }, exit?.at ?? at))
  }

  /** What nothing came of has no invocation: it is known by its moment, which everybody reads as the same whole number. */
  const forbidden = (message: ManagerMessage): ServiceRun => ({ ...unended(message, Math.round(message.at)), state: 'skipped', reason: message.reason })

  /** One that was told of before, and whose beginning is in the journal after all. */
  const found = ({ word, unit, manager: own, invocationId }: ManagerMessage): OpenRun | undefined => {
    const current = open.get(invocationId)
    if (current === undefined || !began.has(word)) return current
    if (underWay.get(current.unit) === invocationId) underWay.delete(current.unit)
    underWay.set(unit, invocationId)
    const covered = { ...current, unit, manager: own, isCovered: true }
    open.set(invocationId, covered)
    return covered
  }

  const tell = (message: ManagerMessage): ServiceRun[] => {
    const { word, unit, invocationId, at } = message
    const isEnded = ended.get(unit)?.invocationId === invocationId
    const first = began.has(word) && !isEnded && !open.has(invocationId) ? begin(message) : []
    const current = found(message)
    if (current === undefined) return [...first, ...about(message, isEnded)]
    switch (word) {
      case 'starting': case 'started': case 'measured': case 'peaked': case 'manager_started': case 'all_stopped': case 'forbidden': return first
      case 'exited': open.set(invocationId, { ...current, exit: { at, code: message.exitCode, signal: message.exitSignal } }); return first
      case 'stopping': open.set(invocationId, { ...current, stopped: true }); return first
      case 'failed': case 'skipped': return [...first, end(current, message.result ?? word, at)]
      case 'finished': case 'succeeded': return [...first, end(current, 'success', at)]
      // Its restart comes a while after its end.
      case 'restarting': return [...first, end(current, 'success', null)]
      case 'stopped': return [...first, end({ ...current, ...(message.job === 'stop' && { stopped: true }) }, 'success', at)]
      default: return word satisfies never
    }
  }
  /**
   * Of a run that is over: what it used; and the end of one whose beginning is not in the journal any more, or that was taken
   * for over before journald had its last words.
   */
  const about = (message: ManagerMessage, isEnded: boolean): ServiceRun[] => {
    const { word, unit, at, result, job, cpuSeconds, memoryPeakBytes } = message
    const last = ended.get(unit)
    if (word === 'measured' && isEnded) return [close(unit, { ...last!, cpuSeconds, memoryPeakBytes: memoryPeakBytes ?? last!.memoryPeakBytes })]
    const wasStopped = word === 'stopped' && job === 'stop'
    if ((word !== 'failed' && !wasStopped) || isEnded || underWay.has(unit)) return []
    return [close(unit, endedRun(unended(message, null), wasStopped ? silentEnd(true) : { result: result ?? 'failed', exitCode: null, exitSignal: null, stopped: false }, at))]
  }

  /** Told by the unit, before its end or behind it, and not by its manager. */
  const peaked = ({ unit, invocationId, memoryPeakBytes }: ManagerMessage): ServiceRun[] => {
    const [current, last] = [open.get(invocationId), ended.get(unit)]
    if (current !== undefined) open.set(invocationId, { ...current, run: { ...current.run, memoryPeakBytes } })
    return current === undefined && last !== undefined && last.invocationId === invocationId ? [close(unit, { ...last, memoryPeakBytes })] : []
  }

  return {
    take: (message) => {
      if (message.word === 'peaked') return peaked(message)
      manager = message.manager
      boot = message.bootId
      if (message.word === 'manager_started') {
        return [...open.values()].flatMap((current) => (current.manager !== null && current.manager !== message.manager ? [closeSilent(current)] : []))
      }
      // Whatever ran until then has been stopped, with a word about it.
      if (message.word === 'all_stopped') return [...open.values()].flatMap((current) => (current.manager === message.manager && current.isCovered ? [closeSilent(current)] : []))
      if (runUnitOf(message.unit) === undefined) return []
      if (message.word === 'forbidden') return [forbidden(message)]
      return message.invocationId === null ? [] : tell(message)
    },
    open: () => [...open.values()].map(({ run }) => run),
    units: () => Object.fromEntries([...open].flatMap(([invocationId, { unit }]) => (isSingleRun(unit) ? [[invocationId, unit]] : []))),
    settle: ({ bootId, isRunning }) => [...open.values()].flatMap((current) => {
      const { run, unit } = current
      if (isOfOtherBoot(run, bootId)) return [close(unit, lostRun(run, machineDown))]
      if (isRunning === undefined || isRunning(run)) return [run]
      return [closeSilent(current)]
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
