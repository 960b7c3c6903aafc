/**
 * Which errors tell of the connection and which of the statement.
 */
import { TaskflowsError } from '../../../kernel/errors.ts'

/** Node's error codes of sockets. */
const socketCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL'])
/** What node-postgres says without a code when the connection ended under it or did not come about. */
const brokenWords = /^(Connection terminated|Client has encountered a connection error|timeout expired|timeout exceeded when trying to connect|Query read timeout|Client was closed|Cannot use a pool after calling end)/

/**
 * Whether the connection is at fault: class 08, and of class 57 what the server
 * says while it stops, crashes or starts (PostgreSQL docs, appendix A); 53300
 * is "too many connections", which passes too, and 25P03 says that we paused in
 * a transaction for too long. 08P01 is about a message that we wrote wrong.
 */
export function connectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string') return socketCodes.has(code) || (code.startsWith('08') && code !== '08P01') || ['57P01', '57P02', '57P03', '53300', '25P03'].includes(code)
  if (error instanceof AggregateError) return error.errors.some(connectionLoss)
  return brokenWords.test(error.message)
}

/** Whether PostgreSQL rolled the transaction back on its own account: 40001 serialization, 40P01 deadlock. */
export function rolledBack(error: unknown): boolean {
  return error instanceof Error && ['40001', '40P01'].includes(String((error as { code?: unknown }).code))
}

/** The error for a server that answers but lets nobody in, or has no such database (class 28, 3D000), and for a pooler; others as they are. */
export function refused(error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message?: string }
  if (code === '08P01' && /unsupported .*startup parameter/.test(message ?? '')) {
    return new TaskflowsError('database.refused', `a pooler in front of PostgreSQL refuses the connection: ${message}`, { cause: error, hint: 'Connect to PostgreSQL itself, or tell the pooler to pass the parameter on.' })
  }
  if (typeof code !== 'string' || !(code.startsWith('28') || code === '3D000')) return error
  return new TaskflowsError('database.refused', `PostgreSQL refuses the connection: ${message}`, { cause: error })
}

/** The error for a server that stayed away. The address is shown without a password. */
export function unreachable(error: unknown, waitedMs: number): TaskflowsError {
  if (error instanceof TaskflowsError) return error
  // A name with several addresses fails with one error for each.
  const { address, port, message } = (error instanceof AggregateError ? error.errors[0] : error) as Error & { address?: string; port?: number }
  const where = address === undefined ? '' : ` at ${address}${port === undefined ? '' : `:${port}`}`
  return new TaskflowsError('database.unreachable', `PostgreSQL${where} did not answer within ${waitedMs / 1000} s: ${message || String((error as { code?: unknown }).code)}`, {
    cause: error,
    hint: 'Check that the server runs and that TASKFLOWS_DATABASE_URL names it.',
  })
}
