/**
 * Runs jobs: claims batches, calls the handlers, writes how they ended.
 *
 *   claim ─► buffer ─► running (one slot each) ─► outbox ─► written with the next claim
 *
 * Two lanes take turns at the database: while one waits for its statement the
 * other's jobs run. Everything else is one event loop and needs no locks.
 */
import type { Clock } from '../../kernel/clock.ts'
import type { Database, Subscription } from '../../kernel/database/database.ts'
import type { DatabaseClock } from '../../kernel/database/database-clock.ts'
import { newId } from '../../kernel/ids.ts'
import { type Lifecycle, lifecycle } from '../../kernel/lifecycle.ts'
import type { TaskDefinition } from '../tasks/index.ts'
import { AttemptStopped, type Ending, jobCancelled, leaseLost } from './attempt.ts'
import { type ClaimQueue, claimQueue, noteClaim, placeToClaim, wakeQueue } from './claim-queue.ts'
import { type ClaimedJob, type HeldLease, JobBuffer } from './claimed-job.ts'
import { Demand } from './demand.ts'
import { doorbell } from './doorbell.ts'
import type { FromKeeper, Pulse, ToKeeper } from './lease-keeper.ts'
import { type Ended, Outbox, type Settlement } from './outbox.ts'
import { createOwnLeases } from './own-leases.ts'
import { writePolicy } from './policy-json.ts'
import { judgeFailure, policyInForce } from './retry-policy.ts'
import { Slots } from './slots.ts'
import { registerWorker, stopWorker } from './sql/workers.ts'
import { type Head, Undelivered, createDesk } from './worker-desk.ts'

/** The thread that renews the leases, as the worker sees it. */
export interface KeeperLink {
  readonly pulse: Pulse
  tell(message: ToKeeper): void
  onMessage(listener: (message: FromKeeper) => void): void
}

/** One attempt ended: for logs and metrics. */
export interface AttemptReport {
  readonly id: string
  readonly name: string
  readonly queue: string
  readonly tenant: string
  readonly attempt: number
  /** `retried` and `dead` are what a failure led to. */
  readonly outcome: 'succeeded' | 'retried' | 'failed' | 'dead' | 'cancelled' | 'lease_lost'
  readonly durationMs: number
  readonly timedOut: boolean
  readonly error: string | null
}

export interface WorkerOptions {
  readonly id: string
  /** Shown as `locked_by`. */
  readonly name: string
  readonly tasks: ReadonlyMap<string, TaskDefinition>
  /** The queues it serves, in turn; `all` finds them as they appear. */
  readonly queues: readonly string[] | 'all'
  /** Handlers that run at the same time. */
  readonly concurrency: number
  readonly database: Database
  /** Connections with `hotSettings`. */
  readonly hot: Database
  readonly clock: Clock
  readonly time: DatabaseClock
  /** A number in [0, 1). */
  readonly random: () => number
  readonly keeper: KeeperLink
  /** How long running handlers may go on when the worker stops, in milliseconds. Default 6 000. */
  readonly graceMs?: number
  readonly onAttempt?: (report: AttemptReport) => void
  readonly onError: (error: unknown) => void
}

/** The longest wait for a notification. */
const longestPollMs = 1_000
/** Claimed jobs that have not started after this long are given back. */
const staleMs = 2_000
const housekeepingMs = 500
const lanes = 2

export function createWorker(options: WorkerOptions): Lifecycle {
  const { id, name, tasks, concurrency, database, hot, clock, time, random, keeper, graceMs = 6_000, onAttempt, onError } = options
  const bell = doorbell()
  const buffer = new JobBuffer()
  const outbox = new Outbox()
  const demand = new Demand(concurrency, clock)
  const queues = new Map<string, ClaimQueue>()
  const leases = new Map<string, HeldLease>()
  const desk = createDesk({ worker: id, names: [...tasks.keys()], database, hot, clock, onError })
  const own = createOwnLeases({
    database, clock, time, onError,
    onTaken: (job, lease) => {
      outbox.drop(job.lease, 1)
      job.lease = lease
      keep(lease)
      bell.ring()
    },
    onLost: (lost) => slots.stop((job) => job === lost, leaseLost),
    onClosed: (lease) => close([lease]),
    onNotTaken: (job, startedAt, endedAt, how) => put(job, startedAt, endedAt, how),
    settlementOf: (ended) => settlementOf(ended),
    report: (job, outcome, durationMs) => report(job, outcome, durationMs),
    reportSettled: (ended, settlement) => reportSettled(ended, settlement),
  })
  const slots = new Slots({
    tasks, count: concurrency, clock, time, pulse: keeper.pulse, parentsOf: desk.parentsOf, complete: own.complete,
    onEnd: (job, startedAt, how) => end(job, startedAt, how),
  })
  /** Jobs whose handlers stopped because the worker stops. */
  const stopped: ClaimedJob[] = []
  let asked = 0
  let turnOf = 0
  let filling = false
  /** When all queues were last looked at (epoch milliseconds). */
  let lookedAt = 0
  /** `draining`: nothing new is claimed or started. `leaving`: the outbox is emptied, then the lanes end. */
  let phase: 'working' | 'draining' | 'leaving' = 'working'
  let ending = new AbortController()
  let subscriptions: Subscription[] = []
  let loops: Promise<unknown> = Promise.resolve()
  let housekeeping: Promise<unknown> = Promise.resolve()

  /** Starts buffered jobs in free slots. A handler that ends at once comes back here while it is on the stack. */
  const fill = (): void => {
    if (filling) return
    filling = true
    while (phase === 'working' && slots.free > 0 && buffer.size > 0) slots.start(buffer.shift()!)
    filling = false
  }

  const end = (job: ClaimedJob, startedAt: number, how: Ending): void => {
    const endedAt = time.now()
    demand.count()
    if (own.has(job)) own.end(job, startedAt, endedAt, how, ending.signal)
    else put(job, startedAt, endedAt, how)
    fill()
    bell.ring()
  }

  const put = (job: ClaimedJob, startedAt: number, endedAt: number, how: Ending): void => {
    if (how.kind !== 'stopped') outbox.put({ job, startedAt, endedAt, ending: how })
    else if (how.why === 'shutdown') stopped.push(job)
    else {
      outbox.drop(job.lease, 1)
      report(job, how.why, endedAt - startedAt)
    }
    bell.ring()
  }

  const report = ({ id: jobId, name: jobName, lease, tenant, attempt }: ClaimedJob, outcome: AttemptReport['outcome'], durationMs: number, error: string | null = null, timedOut = false): void =>
    onAttempt?.({ id: jobId, name: jobName, queue: lease.queue, tenant, attempt, outcome, durationMs, timedOut, error })

  const lane = async (): Promise<void> => {
    while ((phase !== 'leaving' || !outbox.isEmpty) && !ending.signal.aborted) {
      const seen = bell.rung
      try {
        if (await turn()) continue
        await bell.wait(seen, longestPollMs, clock, ending.signal)
        if (bell.rung === seen && phase === 'working' && clock.now() - lookedAt >= longestPollMs) await lookEverywhere()
      } catch (error) {
        onError(error)
        await clock.sleep(500, ending.signal)
      }
    }
  }

  /** One round: whether there was anything to do. */
  const turn = async (): Promise<boolean> => {
    if (outbox.hasOthers) await settle()
    const queue = phase === 'working' ? nextQueue() : undefined
    const limit = queue ? demand.ask(buffer.size, slots.used, asked) : 0
    if (limit === 0 && !outbox.hasSuccesses) return false
    await completeAndClaim(queue ?? claimQueue('default'), limit)
    fill()
    return true
  }

  /** The next queue, in turn, that may have something. */
  const nextQueue = (): ClaimQueue | undefined => {
    const wet = [...queues.values()].filter(({ dry }) => !dry)
    return wet[turnOf++ % wet.length]
  }

  const completeAndClaim = async (queue: ClaimQueue, limit: number): Promise<void> => {
    const delivery = outbox.takeSuccesses()
    const from = placeToClaim(queue, clock.now())
    const lease: HeldLease = { id: newId(time.now()), queue: queue.name, claimedAt: time.now(), open: 0, inFlight: 0, lost: false }
    asked += limit
    try {
      const { head, jobs } = await desk.completeAndClaim(delivery, queue.name, { from, limit, lease })
      outbox.delivered(delivery)
      // Before the closing forgets them: ends of a lost lease did not count, and that is to be told.
      read(head)
      reportSuccesses(countedOf(head, delivery.ends))
      close(delivery.close)
      if (limit > 0) noteClaim(queue, from, limit, jobs)
      hold(lease, jobs)
    } catch (error) {
      if (!(error instanceof Undelivered)) throw error
      outbox.returned(delivery, error.unwritten)
      reportSuccesses(delivery.ends.filter((ended) => !error.unwritten.includes(ended)))
      throw error.cause
    } finally {
      asked -= limit
    }
  }

  const reportSuccesses = (ends: readonly Ended[]): void => {
    for (const { job, startedAt, endedAt } of ends) report(job, 'succeeded', endedAt - startedAt)
  }

  const settle = async (): Promise<void> => {
    const delivery = outbox.takeOthers()
    const settlements = new Map(delivery.ends.map((ended) => [ended, settlementOf(ended)]))
    let head: Head
    try {
      head = await desk.settle(delivery, (ended) => settlements.get(ended)!)
      outbox.delivered(delivery)
      read(head)
      close(delivery.close)
    } catch (error) {
      if (!(error instanceof Undelivered)) throw error
      outbox.returned(delivery, error.unwritten)
      throw error.cause
    }
    for (const ended of countedOf(head, delivery.ends)) reportSettled(ended, settlements.get(ended)!)
  }

  const reportSettled = ({ job, startedAt, endedAt, ending: how }: Ended, { final }: Settlement): void => {
    const error = how.kind === 'succeeded' ? null : `${how.errorType}: ${how.errorMessage}`
    report(job, final === null ? 'retried' : final === 'DEAD' ? 'dead' : 'failed', endedAt - startedAt, error, how.kind === 'timed_out')
  }

  const settlementOf = ({ job, ending: how }: Ended): Settlement => {
    const retryable = how.kind !== 'succeeded' && how.retryable
    const verdict = judgeFailure(job.attempt, job.spent, retryable, policyInForce(job.policy, tasks.get(job.name)?.policy), random())
    if (verdict.event === 'retry') return { final: null, delayMs: verdict.delayMs, decision: verdict.reason }
    return { final: verdict.event === 'reject' ? 'FAILED' : 'DEAD', delayMs: 0, decision: verdict.reason }
  }

  const hold = (lease: HeldLease, jobs: readonly ClaimedJob[]): void => {
    if (jobs.length === 0) return
    lease.open = jobs.length
    keep(lease)
    buffer.push(jobs)
  }

  const keep = (lease: HeldLease): void => {
    leases.set(lease.id, lease)
    keeper.tell({ kind: 'hold', lease: lease.id })
  }

  const close = (closed: readonly HeldLease[]): void => {
    if (closed.length === 0) return
    for (const lease of closed) leases.delete(lease.id)
    keeper.tell({ kind: 'drop', leases: closed.map((lease) => lease.id) })
  }

  const read = ({ lost, cancelled, now }: Head): void => {
    if (now !== undefined) time.learn(now)
    if (lost.length > 0) lose(lost)
    if (cancelled.length > 0) cancel(cancelled)
  }

  /** @param taken `LEASE JOB`: a lease remembers what was cancelled under it, and the job may run again under another. */
  const cancel = (taken: readonly string[]): void => {
    const cancelled = new Set(taken)
    const named = ({ lease, id: job }: ClaimedJob): boolean => cancelled.has(`${lease.id} ${job}`)
    for (const job of buffer.remove(named)) outbox.drop(job.lease, 1)
    slots.stop(named, jobCancelled)
    bell.ring()
  }

  const lose = (ids: readonly string[]): void => {
    const missing = ids.flatMap((lost) => leases.get(lost) ?? [])
    for (const lease of missing) if (lease.own) own.missing(lease)
    const known = missing.filter((lease) => !lease.own)
    if (known.length === 0) return
    for (const lease of known) {
      lease.lost = true
      leases.delete(lease.id)
    }
    buffer.remove(({ lease }) => lease.lost)
    slots.stop(({ lease }) => lease.lost, leaseLost)
    keeper.tell({ kind: 'drop', leases: ids })
    onError(new Error(`worker ${name} lost ${known.length} of its leases: they were not renewed in time, and their jobs run again`))
  }

  const hear = (message: FromKeeper): void => {
    if (message.kind === 'trouble') return onError(new Error(`leases could not be renewed: ${message.message}`))
    // A lease whose last end is on its way may just have been closed by it.
    lose(message.lost.filter((lost) => leases.get(lost)?.open !== 0))
    if (message.cancelled.length > 0) cancel(message.cancelled)
  }

  const lookForCancelled = (): void => {
    desk.cancelled().then(cancel).catch(onError)
  }

  const giveBack = async (jobs: readonly ClaimedJob[]): Promise<void> => {
    for (const [lease, group] of Map.groupBy(jobs, (job) => job.lease)) {
      if (lease.lost) continue
      await desk.giveBack(lease, group)
      outbox.drop(lease, group.length)
    }
    bell.ring()
  }

  const keepHouse = async (): Promise<void> => {
    while (phase !== 'leaving' && !ending.signal.aborted) {
      keeper.pulse.turned = clock.now()
      const before = time.now() - staleMs
      const stale = buffer.remove(({ lease }) => lease.claimedAt < before)
      if (stale.length > 0) {
        demand.halve()
        // Not waited for: the pulse must go on.
        void giveBack(stale).catch(onError)
      }
      await clock.sleep(housekeepingMs, ending.signal)
    }
  }

  const register = (): Promise<unknown> => {
    const names = [...tasks.keys()]
    return database.query(registerWorker, [id, name, options.queues === 'all' ? ['*'] : options.queues, names, names.map((task) => writePolicy(tasks.get(task)!.policy) ?? '{}')])
  }

  /** There may be something in this queue. */
  const wake = (queue: string): void => {
    const known = queues.get(queue)
    if (known) wakeQueue(known)
    else if (options.queues === 'all' || options.queues.includes(queue)) queues.set(queue, claimQueue(queue))
    else return
    bell.ring()
  }

  /** The net below the notifications. */
  const lookEverywhere = async (): Promise<void> => {
    lookedAt = clock.now()
    for (const queue of await desk.queues()) wake(queue)
  }

  const subscribe = async (): Promise<Subscription[]> => {
    return [
      await database.listen('ready', { notify: wake, ready: () => { lookEverywhere().catch(onError) } }),
      await database.listen('cancel', { notify: (worker) => { if (worker === id) lookForCancelled() }, ready: () => { if (leases.size > 0) lookForCancelled() } }),
    ]
  }

  /** Resolves when no handler runs any more, or after `ms`. */
  const untilIdle = async (ms: number): Promise<void> => {
    const deadline = clock.now() + ms
    while (slots.used > 0 && clock.now() < deadline) await bell.wait(bell.rung, deadline - clock.now(), clock, ending.signal)
  }

  return lifecycle({
    start: async () => {
      phase = 'working'
      ending = new AbortController()
      desk.waitUntil(ending.signal)
      keeper.pulse.turned = clock.now()
      keeper.onMessage(hear)
      await register()
      subscriptions = await subscribe()
      loops = Promise.all(Array.from({ length: lanes }, lane))
      housekeeping = keepHouse()
    },
    stop: async () => {
      phase = 'draining'
      // Whatever happens, it is over after this long: leases that are left then expire by themselves.
      const patience = clock.sleep(graceMs + 2_000, ending.signal).then(() => ending.abort())
      await giveBack(buffer.remove(() => true)).catch(onError)
      // Half of the grace for handlers to finish undisturbed, half for those that heed their signal.
      await untilIdle(graceMs / 2)
      slots.stop(() => true, () => new AttemptStopped('shutdown', 'the worker stops'))
      await untilIdle(graceMs / 2)
      const abandoned = slots.abandonAll()
      for (const job of abandoned.filter(own.has)) own.end(job, time.now(), time.now(), { kind: 'stopped', why: 'shutdown' }, ending.signal)
      await giveBack([...stopped.splice(0), ...abandoned.filter((job) => !own.has(job))]).catch(onError)
      phase = 'leaving'
      bell.ring()
      await loops
      // What a claim brought that was under way when all this began.
      await giveBack(buffer.remove(() => true)).catch(onError)
      await own.settled()
      ending.abort()
      await Promise.all([housekeeping, patience])
      keeper.tell({ kind: 'stop' })
      for (const subscription of subscriptions) await subscription.close()
      await database.query(stopWorker, [id]).catch(onError)
    },
  })
}

/** The ends that the database took: not those of a lease that was lost, or of a job that was cancelled under it. */
function countedOf({ lost, cancelled }: Head, ends: readonly Ended[]): readonly Ended[] {
  if (lost.length === 0 && cancelled.length === 0) return ends
  const refused = new Set([...lost, ...cancelled])
  return ends.filter(({ job }) => !refused.has(job.lease.id) && !refused.has(`${job.lease.id} ${job.id}`))
}
