/** Where `new Service` was written: relative paths are relative to that file, and errors name it. */
import { dirname, isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Place {
  readonly file: string
  readonly directory: string
  /** `/srv/jobs.ts:12` */
  readonly text: string
}

/** The line that made the object, whatever subclasses lie between. `undefined` where that is no file. */
export function placeOfDefinition(): Place | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = 30
    Error.prepareStackTrace = (_error, sites) => sites
    const holder: { stack?: unknown } = {}
    Error.captureStackTrace(holder, placeOfDefinition)
    for (const site of holder.stack as NodeJS.CallSite[]) {
      const place = site.isConstructor() ? undefined : placeOf(site)
      if (place) return place
    }
    return undefined
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit })
  }
}

/** What was made on behalf of somebody else, in a package, belongs to the caller. */
function placeOf(site: NodeJS.CallSite): Place | undefined {
  const file = fileOf(site.getFileName() ?? '')
  return file === null ? undefined : { file, directory: dirname(file), text: `${file}:${site.getLineNumber() ?? 1}` }
}

/** Thousands of services come from a handful of modules. */
const files = new Map<string, string | null>()

function fileOf(script: string): string | null {
  const known = files.get(script)
  if (known !== undefined) return known
  const path = script.startsWith('file:') ? fileURLToPath(script.replace(/[?#].*$/, '')) : script
  const file = !isAbsolute(path) || path.includes('/node_modules/') ? null : path
  files.set(script, file)
  return file
}
