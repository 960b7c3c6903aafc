/**
 * One connection with COPY, for a backup and a restore. The port `Database` has no COPY and gives no
 * transaction that lasts for hours; `adapters/database/postgres/copy-session.ts` fills this one.
 */
import type { Queryable } from './database.ts'

export interface CopySession extends Pick<Queryable, 'query'>, AsyncDisposable {
  readonly schema: string
  /**
   * What `copy ... to stdout` writes, in pieces of whole rows. Returns the number of rows.
   * Once it was left before its end the session can only be closed.
   */
  copyOut(text: string): AsyncGenerator<Buffer, number>
  /** Feeds `copy ... from stdin` and resolves with the number of rows. Where `rows` throws, nothing is copied and that is thrown. */
  copyIn(text: string, rows: AsyncIterable<Buffer>): Promise<number>
}
