/**
 * Where a task was defined: another process that is to run it loads that module.
 */

/** The URL of the module from which `callee` was called; `undefined` when that is no file. */
export function moduleOfCaller(callee: (...args: never[]) => unknown): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = 1
    Error.prepareStackTrace = (_error, sites) => sites[0]?.getFileName()
    const holder: { stack?: unknown } = {}
    Error.captureStackTrace(holder, callee)
    return typeof holder.stack === 'string' && holder.stack.startsWith('file:') ? holder.stack : undefined
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit })
  }
}
