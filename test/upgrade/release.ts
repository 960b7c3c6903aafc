/**
 * The releases in this folder, to be run beside the sources. A release joins with its package, as `npm pack` writes it
 * (without what does not run: *.d.ts and docs): taskflows-VERSION.tgz. Its dependencies are those of this repository.
 */
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

export interface Release extends Disposable {
  /** Arguments to Node that run its `tf`. */
  readonly program: readonly string[]
  /** A directory of its own, for homes and ledgers; it goes with the release. */
  readonly directory: string
}

/** `0.1.0`, in order. */
export const releases: readonly string[] = globSync('taskflows-*.tgz', { cwd: import.meta.dirname })
  .map((file) => basename(file, '.tgz').slice('taskflows-'.length))
  .toSorted((one, other) => one.localeCompare(other, 'en', { numeric: true }))

export function unpackRelease(version: string): Release {
  const directory = mkdtempSync(join(tmpdir(), `taskflows-${version}-`))
  const unpacked = join(directory, 'unpacked')
  mkdirSync(unpacked)
  execFileSync('tar', ['--extract', '--gzip', '--file', join(import.meta.dirname, `taskflows-${version}.tgz`), '--directory', unpacked])
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(unpacked, 'node_modules'))
  return {
    program: [join(unpacked, 'package/dist/faces/cli/main.js')],
    directory,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}
