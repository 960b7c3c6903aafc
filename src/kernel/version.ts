/** The version of this package, as package.json has it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from './package-files.ts'

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }
  return version
}
