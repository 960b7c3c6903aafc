/**
 * What programs under test say they did: one line for each act, in the file
 * CRASH_LEDGER. The other side of what the database believes.
 */
import { appendFileSync, readFileSync } from 'node:fs'

/** A run of a handler began and ended, by job and attempt; a transaction with an order ended, by order. */
export type Act = 'began' | 'ended' | 'committed' | 'rolled-back'

export interface Note {
  readonly what: Act
  readonly id: string
  readonly attempt: number
  /** Of the process that wrote it. */
  readonly pid: number
  /** Epoch milliseconds. */
  readonly at: number
}

/** Appended in one write, so that lines of several processes do not mix. */
export function note(what: Act, id: string, attempt = 0): void {
  appendFileSync(process.env['CRASH_LEDGER']!, `${what} ${id} ${attempt} ${process.pid} ${Date.now()}\n`)
}

export function readLedger(file: string): Note[] {
  return readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map((line) => {
    const [what, id, attempt, pid, at] = line.split(' ')
    return { what: what as Act, id: id!, attempt: Number(attempt), pid: Number(pid), at: Number(at) }
  })
}
