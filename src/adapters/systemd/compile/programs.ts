/**
 * Where programs are on this machine: units name them by absolute paths, since
 * systemd looks in few places and not in the PATH of the account.
 */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import { basename, isAbsolute, join } from 'node:path'
import type { ServiceDefinition } from '../../../engines/services/service-definition.ts'
import type { CompileHost, VenvRunner } from './compile-host.ts'

/** Looked through after the PATH, so that a bare environment (cron, a unit) finds what a login finds. */
const standardDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/**
 * @param path as `$PATH`, for services that set none of their own
 * @returns finds a bare name along PATH, and says of a path whether it can be executed. What was found once is kept
 */
export function createFindProgram({ path }: { readonly path: string }): CompileHost['findProgram'] {
  const found = new Map<string, string>()
  const find = (name: string, within: string): string | undefined => {
    if (name.includes('/')) return isAbsolute(name) && isExecutable(name) ? name : undefined
    return directoriesOf(within).map((directory) => join(directory, name)).find(isExecutable)
  }
  return (name: string, definition?: ServiceDefinition) => {
    const within = definition?.env?.['PATH'] ?? path
    const key = `${name}\0${within}`
    const program = found.get(key) ?? find(name, within)
    if (program !== undefined) found.set(key, program)
    return program
  }
}

const directoriesOf = (path: string): readonly string[] => [...path.split(':').filter((directory) => isAbsolute(directory)), ...standardDirectories]

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

const runners = ['micromamba', 'mamba', 'conda'] as const

/** Where installers put them: in the home, and on the machine. */
const inHome = ['mambaforge', 'miniforge3', 'micromamba', '.local', 'miniconda3', 'anaconda3', 'miniforge', 'miniconda', 'anaconda'] as const
const onMachine = ['/opt/conda', '/opt/mambaforge', '/opt/miniforge3', '/opt/micromamba', '/opt/miniconda3', '/opt/anaconda3', '/usr/local'] as const

/** What runs a named environment of conda: first on PATH, then where installers put it. What was found once is kept. */
export function createVenvRunner({ path, homeDirectory }: { readonly path: string; readonly homeDirectory: string }): CompileHost['venvRunner'] {
  const found = new Map<string | undefined, VenvRunner>()
  return ({ customPath }) => {
    const known = found.get(customPath)
    if (known) return known
    const program = runnerCandidates({ path, homeDirectory, customPath }).find(isExecutable)
    if (program === undefined) return undefined
    const runner: VenvRunner = { program, liveOutput: basename(program) === 'micromamba' || isBinary(program) ? ['-a', ''] : ['--no-capture-output'] }
    found.set(customPath, runner)
    return runner
  }
}

/** In the order in which they are tried. Pure. */
export function runnerCandidates({ path, homeDirectory, customPath }: { readonly path: string; readonly homeDirectory: string; readonly customPath: string | undefined }): readonly string[] {
  const within = (roots: readonly string[], ...folders: readonly string[]): readonly string[] =>
    roots.flatMap((root) => folders.flatMap((folder) => runners.map((name) => join(root, folder, name))))
  if (customPath !== undefined) return [customPath, ...within([customPath], '', 'bin', 'condabin')]
  const onPath = path.split(':').filter((directory) => isAbsolute(directory))
  return [
    ...runners.flatMap((name) => onPath.map((directory) => join(directory, name))),
    ...within([...inHome.map((folder) => join(homeDirectory, folder)), ...onMachine], 'bin', 'condabin'),
    join(homeDirectory, '.pyenv/shims/conda'),
  ]
}

/** micromamba, and mamba since 2.0, are programs of their own; conda, and mamba before, are scripts of Python with other options. */
function isBinary(file: string): boolean {
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, 'r')
    const start = Buffer.alloc(4)
    readSync(descriptor, start)
    return start.equals(Buffer.from('\x7fELF', 'latin1'))
  } catch {
    return false
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
