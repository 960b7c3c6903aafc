/**
 * The PostgreSQL of a home: one postmaster, with an owner.
 *
 *   ensure() ─► the one on record lets us in? ──────────────────► guest
 *                 │ no: the lock
 *                 ├─► somebody started it meanwhile, or it comes up ─► guest
 *                 └─► nobody is there (or orphans, until they end) ──► start it: owner
 *
 * Whoever starts it owns it: it stops when its owner stops or dies, and the
 * next `ensure` of whoever needs it starts it again.
 */
import { dirname, join } from 'node:path'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { type Binaries, findBinaries } from './binaries.ts'
import { databasesIn, provideDatabase } from './initialise.ts'
import { takeLock } from './lock.ts'
import { type PostgresAddress, acceptsLogin } from './login.ts'
import { removeStaleFiles, settle } from './occupation.ts'
import { type Place, prepareHome, preparePlace, runDirectory } from './place.ts'
import { type Postmaster, startPostmaster } from './postmaster.ts'
import { type PostgresRecord, addressOf, readAddress, writeRecord } from './record.ts'
import { type OnProgress, telling, waitFor } from './waiting.ts'

export type { PostgresAddress } from './login.ts'

export interface EmbeddedPostgres extends AsyncDisposable {
  /**
   * Starts the PostgreSQL of this home, or adopts the one that runs; resolves when it accepts logins. Idempotent,
   * may be called at any time and concurrently; also the way to get it back after it went away.
   * Call it on the main thread: the postmaster ends with the thread that started it.
   * @throws `home.unwritable`, `postgres.not_found`, `postgres.start_failed`, `postgres.other_version`, `database.unsupported`
   */
  ensure(): Promise<PostgresAddress>
  /** `owner`: we started it and it runs. `guest`: we adopted one. `none`: neither. */
  readonly role: 'owner' | 'guest' | 'none'
  /** Owner: fast shutdown, resolves when it is gone (after 8 s an immediate one). Guest: only forgets it. Never rejects. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  /** TASKFLOWS_HOME, absolute. Created with mode 0700 when missing. */
  readonly home: string
  /** The only directory to look for `postgres` and `initdb` in. Default: the platform's package, then the system's. */
  readonly binaries?: string | null
  /** Told in words when something takes long. */
  readonly onProgress?: OnProgress
}

export function createEmbeddedPostgres({ home, binaries = null, onProgress = () => {} }: EmbeddedPostgresOptions): EmbeddedPostgres {
  let postmaster: Postmaster | undefined
  let adopted = false
  let ensuring: Promise<PostgresAddress> | undefined
  let turn: Promise<unknown> = Promise.resolve()

  /** One after the other, so that a stop during a start stops what was started. */
  const next = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }

  async function bringUp(): Promise<PostgresAddress> {
    adopted = false
    const address = (await adopt(home)) ?? (await startUnderLock())
    adopted = !postmaster?.alive
    return address
  }

  async function startUnderLock(): Promise<PostgresAddress> {
    refuseOtherSystems()
    prepareHome(home)
    const lock = await telling('another process of this home to start PostgreSQL', onProgress, () => takeLock(join(runDirectory(home), 'postgres.lock')))
    try {
      const place = await preparePlace(home)
      // The second try is for a postmaster whose owner died so early that nobody could see it yet.
      const address = (await adoptOrStart(place)) ?? (await adoptOrStart(place))
      if (address === null) throw startFailure(postmaster!)
      return address
    } finally {
      await lock.release()
    }
  }

  /** Null when the postmaster ended before it was ready. */
  async function adoptOrStart(place: Place): Promise<PostgresAddress | null> {
    const { socketDirectory } = place
    for (const directory of databasesIn(place)) {
      const record = { directory, socketDirectory }
      if (await settle(record, onProgress)) return addressOf(record)
    }
    const programs = await findBinaries(binaries, place)
    const directory = await provideDatabase(place, programs, onProgress)
    return start({ directory, socketDirectory }, place, programs)
  }

  async function start(record: PostgresRecord, place: Place, programs: Binaries): Promise<PostgresAddress | null> {
    removeStaleFiles(record)
    writeRecord(home, record)
    const started = (postmaster = startPostmaster(record.directory, place, programs))
    const address = addressOf(record)
    await waitFor(`PostgreSQL in ${record.directory} to start`, onProgress, () => !started.alive || acceptsLogin(address))
    return started.alive ? address : null
  }

  const ensure = () => {
    if (ensuring) return ensuring
    const mine = next(bringUp).finally(() => {
      if (ensuring === mine) ensuring = undefined
    })
    ensuring = mine
    return mine
  }

  const stop = () => {
    // Whoever asks after the stop wants a start after the stop.
    ensuring = undefined
    return next(async () => {
      adopted = false
      await postmaster?.stop()
      postmaster = undefined
    })
  }

  return {
    ensure,
    get role() {
      return postmaster?.alive ? 'owner' : adopted ? 'guest' : 'none'
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function adopt(home: string): Promise<PostgresAddress | null> {
  const address = readAddress(home)
  return address && (await acceptsLogin(address)) ? address : null
}

function startFailure({ log, lastWords }: Postmaster): TaskflowsError {
  return new TaskflowsError('postgres.start_failed', `PostgreSQL in ${dirname(log)} ended before it was ready: ${lastWords()}`, {
    details: { log },
    hint: `The whole log is ${log}.`,
  })
}

function refuseOtherSystems(): void {
  if (process.platform === 'linux') return
  throw new TaskflowsError('postgres.not_found', `The embedded PostgreSQL runs on Linux only, not on ${process.platform}`, {
    hint: 'Set TASKFLOWS_DATABASE_URL to a PostgreSQL 15 or newer.',
  })
}
