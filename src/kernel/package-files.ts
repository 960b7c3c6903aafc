/**
 * Files of this package, for code that starts or reads them by path. They are found from the package down and not
 * from the module that asks: in the built package that one is part of a larger file, wherever that may be.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

const fromSources = import.meta.filename.endsWith('.ts')
let root: string | undefined

/** The directory of package.json. */
export function packageRoot(): string {
  return (root ??= rootAbove(import.meta.dirname))
}

/** @param path below `src/`, which the build copies to `dist/`: `migrations` */
export function packageFile(path: string): string {
  return join(packageRoot(), fromSources ? 'src' : 'dist', path)
}

/** A module that is started by its path. @param path without its ending, below `src/`; an entry of `scripts/build.ts` */
export function packageModule(path: string): string {
  return packageFile(`${path}${fromSources ? '.ts' : '.js'}`)
}

function rootAbove(directory: string): string {
  return existsSync(join(directory, 'package.json')) ? directory : rootAbove(dirname(directory))
}
