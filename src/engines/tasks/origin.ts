/**
 * Where a task was defined: another process that is to run it loads that module.
 */
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The URL of the module from which `callee` was called; `undefined` when that is no file. */
export function moduleOfCaller(callee: (...args: never[]) => unknown): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = 1
    Error.prepareStackTrace = (_error, sites) => sites[0]?.getFileName()
    const holder: { stack?: unknown } = {}
    Error.captureStackTrace(holder, callee)
    const file = holder.stack
    // CommonJS modules are known by their path.
    if (typeof file === 'string' && isAbsolute(file)) return pathToFileURL(file).href
    return typeof file === 'string' && file.startsWith('file:') ? file : undefined
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit })
  }
}
