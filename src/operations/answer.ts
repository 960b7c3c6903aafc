/** What an operation answered, as every face gets it. */
import type { Operation } from '../contract/operation.ts'

export interface Answer {
  /** The status of success that the contract names. */
  readonly status: number
  /** In the wire's words, ready for JSON. */
  readonly output: unknown
  /** Nothing was done now: it is the answer that the same request got before. */
  readonly replayed?: true
}

export function answerOf({ success = 200, created }: Operation, output: unknown): Answer {
  const nothingMade = created !== undefined && (output as Readonly<Record<string, unknown>>)[created] === false
  return { status: nothingMade ? 200 : success, output }
}
