/** Where a failure leaves the program: as text on stderr and an exit code. */
import type { Format } from './global-flags.ts'
import { describeError, exitCodeOf } from './errors.ts'
import { paintFor } from './output/style.ts'

export interface FailureOptions {
  readonly format?: Format
  readonly noColor?: boolean
  readonly debug?: boolean
}

/** Returns the exit code. */
export function reportFailure(thrown: unknown, { format = 'table', noColor = false, debug = false }: FailureOptions = {}): number {
  process.stderr.write(`${describeError(thrown, { format, debug, paint: paintFor(process.stderr, noColor) })}\n`)
  return exitCodeOf(thrown)
}
