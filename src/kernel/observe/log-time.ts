/** The time of log lines: for people to the millisecond, and to order lines that share one. */

/**
 * Times of today have 61 bits and a double holds 53, so 256 ns is the least by which two differ for parsers that read
 * numbers as doubles. Lines of one millisecond are that far from each other, and from those of the next one.
 */
const nsStep = 256
const stepsPerMs = 3_905
/** A millisecond may lie in the middle between two doubles, and what is halfway is rounded now up, now down. */
const offMiddle = 32

export interface LogClock {
  /** Reads the clock; then the three others tell of that moment. */
  tick(): void
  /** Epoch milliseconds. */
  readonly ms: number
  /** ISO 8601, UTC. */
  readonly iso: string
  /** Nanoseconds since the epoch as decimal digits. Strictly ascending, also when the clock steps back. */
  readonly ns: string
}

export function createLogClock(now: () => number): LogClock {
  let ms = NaN
  let second = NaN
  let untilSecond = ''
  let iso = ''
  let orderMs = 0
  let step = 0

  function readIso(): void {
    const inSecond = ms % 1000
    if (ms - inSecond !== second) {
      second = ms - inSecond
      untilSecond = new Date(ms).toISOString().slice(0, 20)
    }
    iso = `${untilSecond}${String(inSecond).padStart(3, '0')}Z`
  }

  function order(): void {
    if (ms > orderMs) {
      orderMs = ms
      step = 0
    } else if (++step > stepsPerMs) {
      orderMs += 1
      step = 0
    }
  }

  return {
    tick: () => {
      const read = Math.floor(now())
      if (read !== ms) {
        ms = read
        readIso()
      }
      order()
    },
    get ms() { return ms },
    get iso() { return iso },
    get ns() { return `${orderMs}${String(step === 0 ? 0 : step * nsStep + offMiddle).padStart(6, '0')}` },
  }
}

/** One for all loggers of the process, so that all of its lines have an order. */
export const logClock = createLogClock(Date.now)
