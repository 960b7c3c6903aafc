/** For objects of ours that are made on their own: reads them, or throws where they are made. */
import type { Kind } from './field.ts'
import { readValue } from './read-fields.ts'
import { refuseProblems, startReading } from './reading.ts'

/** @throws ValidationError `service.invalid`, SecurityError `service.unsafe`, naming each option */
export function readWhole<T>(what: string, kind: Kind, given: unknown): T {
  const reading = startReading()
  const read = readValue(kind, given, '', reading)
  refuseProblems(what, reading.problems)
  return read as T
}
