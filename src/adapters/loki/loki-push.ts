/**
 * Pushes log lines to Loki, for hosts without a shipper such as Fluent Bit.
 *
 * Whoever logs never waits. Lines gather in batches; one batch at a time is on
 * its way, so that the lines of a stream arrive in order. While Loki is away
 * the memory is bounded, and the oldest lines are dropped and counted.
 */
import { type RetryPolicy, retryDelay } from '../../kernel/backoff.ts'
import { backgroundClock } from '../../kernel/clock.ts'
import { createNap } from '../../kernel/nap.ts'
import type { LogLine } from '../../kernel/observe/log-line.ts'
import { createLineBatches } from './line-batches.ts'
import { checkLabels } from './loki-labels.ts'
import type { LokiTarget } from './push-batch.ts'

export interface LokiPushOptions {
  /** Of Loki, such as `http://localhost:3100`, or of its push API. */
  readonly url: string
  /** Of every stream, besides `severity`: at most 14, with few values each. */
  readonly labels: Readonly<Record<string, string>>
  /** For basic authentication. */
  readonly user?: string | undefined
  readonly password?: string | undefined
  /** Sent as `X-Scope-OrgID`, where Loki has several tenants. */
  readonly tenant?: string | undefined
  /** Bytes of one batch before compression. Default 1 MiB; Loki's own limit is 4 MiB. */
  readonly maxBatchBytes?: number
  /** How long a line may wait for others. Default 1000. */
  readonly maxBatchWaitMs?: number
  /** Bytes that may wait in memory, most of them compressed. Default 16 MiB. */
  readonly maxBufferBytes?: number
  /** Default true. */
  readonly gzip?: boolean
  /** Told when lines are put off, refused or dropped: what happened, and how many lines it concerns. */
  readonly onTrouble?: (what: 'put_off' | 'refused' | 'dropped', reason: string, lines: number) => void
}

export interface LokiPushCounts {
  /** Lines that Loki has taken. */
  readonly pushed: number
  /** Lines that went to make room for later ones. */
  readonly dropped: number
  /** Lines that Loki will not have. */
  readonly refused: number
  /** Tries that failed and were repeated. */
  readonly putOff: number
  /** Lines in memory. */
  readonly waiting: number
}

export interface LokiPush {
  push(line: LogLine): void
  /** Resolves to whether everything has been handed over within `ms` (default 5000). */
  flush(ms?: number): Promise<boolean>
  /** Takes no further lines, flushes, and gives up the rest. */
  close(ms?: number): Promise<boolean>
  readonly counts: LokiPushCounts
}

const mebibyte = 1_048_576
const defaultFlushMs = 5_000
const pauses: RetryPolicy = { maxAttempts: Infinity, strategy: 'exponential', baseDelaySeconds: 0.5, maxDelaySeconds: 30, jitter: 'equal' }
const longestPauseMs = 60_000

/** @throws TypeError for a URL or labels that Loki cannot have */
export function createLokiPush(options: LokiPushOptions): LokiPush {
  const { labels, maxBatchBytes = mebibyte, maxBatchWaitMs = 1000, maxBufferBytes = 16 * mebibyte, gzip = true, onTrouble = () => {} } = options
  checkLabels(labels)
  const target = targetOf(options, gzip)
  const batches = createLineBatches({
    // Several batches fit into memory, so that dropping one leaves most.
    maxBatchBytes: Math.min(maxBatchBytes, maxBufferBytes / 4), maxBufferBytes,
    // Compression loads with the first batch, and HTTP with it: most programs configure a log and say little.
    pack: async (streams) => (await import('./pack-lines.ts')).packLines(streams, { labels, gzip }),
  })
  const nap = createNap(backgroundClock)
  const stopped = new AbortController()
  const counts = { pushed: 0, dropped: 0, refused: 0, putOff: 0 }
  let work: Promise<void> | undefined
  /** Flushes under way: nothing waits for company then. */
  let hurried = 0
  /** Not cut short by batches that fill meanwhile, only by a flush. */
  let backingOff = false

  async function pushAll(): Promise<void> {
    for (let failed = 0; batches.lines > 0 && !stopped.signal.aborted;) {
      if (hurried === 0 && failed === 0 && !batches.hasFull) await nap.sleep(maxBatchWaitMs)
      failed = await pushOldest(failed)
    }
  }

  /** Returns how many tries in a row have failed. */
  async function pushOldest(failed: number): Promise<number> {
    const batch = batches.takeOldest()
    if (!batch) return 0
    const { pushBatch } = await import('./push-batch.ts')
    const outcome = await pushBatch(await batches.bodyOf(batch), target, stopped.signal)
    if (outcome.kind === 'put_off') {
      batches.putBack()
      counts.putOff += 1
      onTrouble('put_off', outcome.reason, batches.lines)
      backingOff = true
      await nap.sleep(Math.min(outcome.retryAfterMs ?? retryDelay(pauses, failed + 1, Math.random()), longestPauseMs))
      backingOff = false
      return failed + 1
    }
    batches.remove(batch)
    counts[outcome.kind === 'taken' ? 'pushed' : 'refused'] += batch.lines
    if (outcome.kind === 'refused') onTrouble('refused', outcome.reason, batch.lines)
    return 0
  }

  function wakeUp(): void {
    if (batches.hasFull && !backingOff) nap.wake()
    work ??= pushAll().finally(() => {
      work = undefined
      // A line that came while the last of the others was on its way.
      if (batches.lines > 0 && !stopped.signal.aborted) wakeUp()
    })
  }

  async function untilEmpty(): Promise<void> {
    while (batches.lines > 0 && !stopped.signal.aborted) {
      wakeUp()
      await work
    }
  }

  async function flush(ms = defaultFlushMs): Promise<boolean> {
    const late = Promise.withResolvers<void>()
    // This timer holds the process; the waits behind the scenes do not.
    const timer = setTimeout(late.resolve, ms)
    hurried += 1
    nap.wake()
    await Promise.race([untilEmpty(), late.promise])
    hurried -= 1
    clearTimeout(timer)
    return batches.lines === 0
  }

  return {
    push: (line) => {
      if (stopped.signal.aborted) return
      const dropped = batches.add(line)
      if (dropped > 0) {
        counts.dropped += dropped
        onTrouble('dropped', 'more lines wait than fit into memory', dropped)
      }
      if (work === undefined || batches.hasFull) wakeUp()
    },
    flush,
    close: async (ms) => {
      const all = await flush(ms)
      stopped.abort()
      nap.wake()
      return all
    },
    get counts() { return { ...counts, waiting: batches.lines } },
  }
}

function targetOf({ url, user, password, tenant }: LokiPushOptions, gzip: boolean): LokiTarget {
  const address = URL.parse(url.includes('://') ? url : `http://${url}`)
  if (!address || !/^https?:$/.test(address.protocol)) throw new TypeError(`Expected \`loki.url\` to be an address such as http://localhost:3100, got ${url.includes('@') ? 'another one' : JSON.stringify(url)}`)
  const name = user ?? decodeURIComponent(address.username)
  const secret = password ?? decodeURIComponent(address.password)
  address.username = ''
  address.password = ''
  if (!address.pathname.endsWith('/push')) address.pathname = `${address.pathname.replace(/\/$/, '')}/loki/api/v1/push`
  return {
    url: address.href,
    headers: {
      'content-type': 'application/json',
      ...(gzip && { 'content-encoding': 'gzip' }),
      ...(name !== '' && { authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}` }),
      ...(tenant !== undefined && { 'x-scope-orgid': tenant }),
    },
  }
}
