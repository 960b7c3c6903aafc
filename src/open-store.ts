/**
 * Opens the store that the configuration names: PostgreSQL, migrated, with what
 * reads and writes it. Part of the composition root, for every process.
 */
import { createTokenStore } from './access/token-store.ts'
import type { TokenStore } from './access/tokens.ts'
import { createEmbeddedPostgres } from './adapters/database/embedded/index.ts'
import { type PostgresSource, createPostgres, urlSource } from './adapters/database/postgres/index.ts'
import type { Config } from './config.ts'
import { type Jobs, createJobs, hotSettings } from './engines/jobs/index.ts'
import { systemClock } from './kernel/clock.ts'
import { type DatabaseClock, readDatabaseClock } from './kernel/database/database-clock.ts'
import { ConnectionLost, type Database } from './kernel/database/database.ts'
import { createEventLog } from './kernel/database/event-log.ts'
import { createIdempotencyKeys } from './kernel/database/idempotency-keys.ts'
import { migrate } from './kernel/database/migrate.ts'
import { createRunLog } from './kernel/database/run-log.ts'
import type { EventLog } from './kernel/events.ts'
import type { IdempotencyKeys } from './kernel/idempotency.ts'
import type { RunLog } from './kernel/runs.ts'

/** Told in words when something takes long. */
export type OnProgress = (text: string) => void

/** The database, migrated, and what reads and writes it. */
export interface Store extends AsyncDisposable {
  readonly database: Database
  /** Connections for claims and adds. */
  readonly hot: Database
  readonly source: PostgresSource
  readonly embedded: boolean
  readonly schemaVersion: number
  readonly time: DatabaseClock
  readonly jobs: Jobs
  readonly events: EventLog
  readonly runs: RunLog
  readonly tokens: TokenStore
  readonly idempotencyKeys: IdempotencyKeys
}

export async function openStore(config: Config, onProgress: OnProgress = () => {}): Promise<Store> {
  const stack = new AsyncDisposableStack()
  try {
    const source = config.databaseUrl === null
      ? stack.use(createEmbeddedPostgres({ home: config.home, binaries: config.postgresBin, onProgress }))
      : urlSource(config.databaseUrl)
    const database = createPostgres({ source, schema: config.databaseSchema })
    stack.defer(() => database.close())
    const hot = createPostgres({ source, schema: config.databaseSchema, settings: hotSettings, max: 5 })
    stack.defer(() => hot.close())
    const schemaVersion = await withoutBreaks(() => migrate(database))
    const time = await withoutBreaks(() => readDatabaseClock(database, systemClock))
    return {
      database, hot, source, schemaVersion, time,
      embedded: config.databaseUrl === null,
      jobs: createJobs({ database, hot, time }),
      events: createEventLog(database),
      runs: createRunLog(database),
      tokens: createTokenStore(database, time),
      idempotencyKeys: createIdempotencyKeys(database),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

const startAttempts = 5

/** What is done at the start may be done twice, so a database that goes away meanwhile and comes back only delays it. */
export async function withoutBreaks<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ConnectionLost) || attempt === startAttempts) throw error
    }
  }
}
