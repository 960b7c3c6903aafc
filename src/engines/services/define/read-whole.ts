/** For objects of ours that are made on their own: reads them, or throws where they are made. */
import type { Kind } from './field.ts'
import { readValue } from './read-fields.ts'
import { refuseProblems, startReading } from './reading.ts'

/**
 * @param directory that relative paths are relative to; without one they are refused
 * @throws ValidationError `service.invalid`, SecurityError `service.unsafe`, naming each option
 */
export function readWhole<T>(what: string, kind: Kind, given: unknown, directory?: string): T {
  const reading = startReading({ directory })
  const read = readValue(kind, given, '', reading)
  refuseProblems(what, reading.problems)
  return read as T
}
