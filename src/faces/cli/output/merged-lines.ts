/**
 * Lines of several servers as one list, each with the name of its server: in
 * the order of their time when all of them have an end, else as they come, but
 * for those that come at about the same time. No server is read ahead of the
 * others: it is asked for the next line when its last one is printed.
 */
import { padEnd } from '../../../kernel/display-width.ts'
import type { Listing, Output, Shown } from './output.ts'
import { visible } from './visible.ts'

interface Line {
  readonly at: number
  readonly print: () => Promise<void>
}

export interface MergedLines {
  /** What one of them prints to: items with `at`, the oldest first. */
  outputOf(host: string): Output
  /** Nothing comes from it any more. */
  ended(host: string): Promise<void>
  /** After the last line of all. */
  end(): Promise<void>
}

/** So long a line waits for earlier ones of other servers, where nobody knows whether any will come. */
const holdMs = 200
/** More are not held. */
const mostHeld = 1_000

/** @param output for several items @param endless lines are followed: none is kept waiting for a server that says nothing */
export function mergedLines(hosts: readonly string[], output: Output, endless: boolean): MergedLines {
  const { take, ended, flush } = endless ? asTheyCome() : inOrder(hosts)
  const width = Math.max(...hosts.map((host) => visible(host).length))
  const ofHost = (host: string, { text, ...shown }: Shown): Shown => ({ ...shown, text: async () => `${output.paint('bold', padEnd(visible(host), width))}  ${await text()}` })
  return {
    ended,
    outputOf: (host) => {
      const named = (item: unknown) => ({ server: host, ...(item as object) })
      return {
        format: output.format, paint: output.paint,
        item: (item, shown) => take(host, { at: timeOf(item), print: () => output.item(named(item), ofHost(host, shown)) }),
        page: async () => { throw new TypeError('Expected lines, got a page') },
        flow: <T>(listing: Listing<T>) => {
          const print = output.flow(listing)
          return async (items) => {
            for (const item of items) await take(host, { at: timeOf(item), print: () => print([named(item) as T]) })
          }
        },
        end: async () => {},
      }
    },
    end: async () => {
      await flush()
      await output.end()
    },
  }
}

function timeOf(item: unknown): number {
  return Date.parse((item as { readonly at: string }).at)
}

interface Order {
  /** Resolves when there is room for the next line of this server. */
  take(host: string, line: Line): Promise<void>
  ended(host: string): Promise<void>
  flush(): Promise<void>
}

/** A line is printed once every server that has more has one that is no earlier. */
function inOrder(hosts: readonly string[]): Order {
  const open = new Set(hosts)
  const waiting = new Map<string, Line & { readonly printed: () => void }>()
  const printDue = async (): Promise<void> => {
    while (waiting.size > 0 && waiting.size === open.size) {
      const [host, line] = [...open].map((each) => [each, waiting.get(each)!] as const).reduce((first, next) => (next[1].at < first[1].at ? next : first))
      waiting.delete(host)
      await line.print()
      line.printed()
    }
  }
  return {
    take: async (host, line) => {
      const { promise, resolve: printed } = Promise.withResolvers<void>()
      waiting.set(host, { ...line, printed })
      await printDue()
      await promise
    },
    ended: async (host) => {
      open.delete(host)
      await printDue()
    },
    flush: async () => {},
  }
}

function asTheyCome(): Order {
  let held: Line[] = []
  let printed = Promise.resolve()
  let due: NodeJS.Timeout | undefined
  const flush = (): Promise<void> => {
    clearTimeout(due)
    due = undefined
    const lines = held.sort((one, other) => one.at - other.at)
    held = []
    return (printed = printed.then(async () => {
      for (const line of lines) await line.print()
    }))
  }
  return {
    take: async (_host, line) => {
      held.push(line)
      if (held.length >= mostHeld) return flush()
      due ??= setTimeout(() => void flush(), holdMs)
    },
    ended: async () => {},
    flush,
  }
}
