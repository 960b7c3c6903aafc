/**
 * Makes a directory and the ones above it.
 *
 * `mkdirSync` with `recursive` is not used: below a file system that answers
 * ENOENT to every mkdir, such as /proc, it never returns.
 */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Does nothing when it is there. @param mode of what is made. @throws what the system says, with its code */
export function makeDirectories(path: string, mode = 0o700): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  const above = dirname(path)
  if (above !== path) makeDirectories(above, mode)
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    // Another process may have made it meanwhile; a file of that name is an error.
    if ((error as { code?: unknown }).code !== 'EEXIST' || !statSync(path).isDirectory()) throw error
  }
}
