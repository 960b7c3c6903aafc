/** The port to what a manager of systemd wrote down. `adapters/journal` fills it. */
import type { ManagerMessage } from './journal-runs.ts'

export interface ManagerEntry {
  /** Its place, which a later reading may begin with. */
  readonly cursor: string
  /** `undefined`: it says nothing of a run. */
  readonly message: ManagerMessage | undefined
}

export interface ManagerJournal {
  /**
   * In the order in which it was written. With a cursor the first is the entry of that place itself, if the journal still has it.
   * @throws `logs.unavailable`
   */
  read(from: { readonly cursor: string } | { readonly sinceMs: number }, signal: AbortSignal): AsyncIterable<ManagerEntry>
}
