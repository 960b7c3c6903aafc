/** Programs that these tests drive, and the files that they are about. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export const root = join(import.meta.dirname, '../..')
export const deployment = join(root, 'deploy/observability')

/** Says why not when a program is missing; with CI set that is a failure. */
export function hasProgram(program: string, debianPackage: string): boolean {
  const present = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
  if (!present && process.env['CI']) throw new Error(`${program} is missing (apt-get install ${debianPackage})`)
  if (!present) console.log(`skipped: tests with ${program}: it is not installed (apt-get install ${debianPackage})`)
  return present
}

export function readDeployed(path: string): string {
  return readFileSync(join(deployment, path), 'utf8')
}

export function readYaml<T>(path: string): T {
  return parse(readDeployed(path), { merge: true }) as T
}

/** What a program says about these files; `undefined` when it finds nothing wrong. */
export function complaintOf(program: string, args: readonly string[], cwd: string): string | undefined {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  return status === 0 ? undefined : `${stdout}${stderr}`
}
