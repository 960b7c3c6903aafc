/** A conda environment as the place where commands run. The adapter of systemd finds its runner. */
import { venvFields } from '../define/fields.ts'
import { readWhole } from '../define/read-whole.ts'
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
