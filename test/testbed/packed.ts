/** The npm package as a user gets it: packed from the sources and installed in a project that knows nothing of this one. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

export interface Packed {
  readonly tarball: string
  /** Of the tarball. */
  readonly sizeBytes: number
  /** As paths in the package. */
  readonly files: readonly string[]
}

/** Builds and packs. @param directory where the tarball goes */
export function pack(directory: string): Packed {
  const out = npm(join(import.meta.dirname, '../..'), ['pack', '--json', '--pack-destination', directory])
  // npm 10 and 11 print a list, later ones an object by name.
  const [packed] = Object.values(JSON.parse(out) as Record<string, { filename: string; size: number; files: { path: string }[] }>)
  return { tarball: join(directory, packed!.filename), sizeBytes: packed!.size, files: packed!.files.map(({ path }) => path) }
}

/** @param directory a project with a package.json */
export function installPacked({ tarball }: Packed, directory: string, flags: readonly string[] = []): void {
  npm(directory, ['install', '--no-audit', '--no-fund', '--prefer-offline', ...flags, tarball])
}

function npm(directory: string, args: readonly string[]): string {
  return execFileSync('npm', ['--silent', ...args], { cwd: directory, encoding: 'utf8', timeout: 240_000, stdio: ['ignore', 'pipe', 'inherit'] })
}
