/** `dls` as people type it from memory. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commands } from '../../src/faces/cli/commands.ts'

const program = join(import.meta.dirname, '../../src/faces/cli/dls.ts')

function dls(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', env: {} })
  return { status, stdout, stderr }
}

test.each([
  ['setup', 'tf api security setup'],
  ['status', 'tf api security status'],
  ['regenerate-secret', 'tf api security setup --regenerate-secret'],
  ['disable', 'tf api security disable'],
])('dls security %s names the command of today and exits 2', (word, now) => {
  expect(dls('security', word)).toEqual({ status: 2, stdout: '', stderr: `error: dls is now tf\nhint: Use ${now}\n` })
  const [words = '', flag] = now.replace('tf ', '').split(/ --/)
  const command = commands.find((known) => known.words === words)
  expect(command).toBeDefined()
  if (flag !== undefined) expect(command!.flags.map(({ name }) => name)).toContain(flag)
})

test('whatever else is typed leads to the list of commands', () => {
  expect(dls()).toEqual({ status: 2, stdout: '', stderr: 'error: dls is now tf\nhint: Use tf --help, which shows every command\n' })
  expect(dls('constructor', '--help').stderr).toContain('tf --help')
})
