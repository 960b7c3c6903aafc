/** A conda environment as the place where commands run, and where its runner is looked for. */
import { join } from 'node:path'
import { venvFields } from './fields.ts'
import { readWhole } from './read-whole.ts'
import type { VenvOptions } from './service-options.ts'

/**
 * Commands run as `conda run -n ENV`, with micromamba, mamba or conda, whichever is found first.
 *
 * @throws ValidationError `service.invalid`
 * @example
 * new Service({ name: 'train', startCommand: 'python train.py', environment: new Venv('ml-env') })
 */
export class Venv implements VenvOptions {
  readonly kind = 'venv'
  declare readonly envName: string
  /** Absolute. */
  declare readonly customPath?: string

  constructor(env: string | VenvOptions, customPath?: string) {
    const options = typeof env === 'string' ? { envName: env, ...(customPath === undefined ? {} : { customPath }) } : env
    Object.assign(this, readWhole<VenvOptions>('Venv', { is: 'object', type: 'Venv', fields: venvFields }, options))
  }
}

/** In the order of preference. */
export const venvPrograms = ['micromamba', 'mamba', 'conda'] as const

const homeFolders = ['mambaforge', 'miniforge3', 'micromamba', '.local', 'miniconda3', 'anaconda3', 'miniforge', 'miniconda', 'anaconda', '.pyenv']
const machineFolders = ['/opt/conda', '/opt/mambaforge', '/opt/miniforge3', '/opt/miniconda3', '/opt/anaconda3', '/usr/local']

/**
 * Where the program may be when it is not on the PATH, the likeliest first. With a custom path only there: the program
 * itself, or a directory that holds it, perhaps in `bin`.
 */
export function venvCandidates(home: string, customPath?: string): readonly string[] {
  const inFolder = (folder: string): string[] => venvPrograms.map((program) => join(folder, program))
  if (customPath !== undefined) return [customPath, ...inFolder(join(customPath, 'bin')), ...inFolder(customPath)]
  return [...homeFolders.map((folder) => join(home, folder)), ...machineFolders].flatMap((folder) => inFolder(join(folder, 'bin')))
}
