#!/usr/bin/env node
/**
 * `dls`: the command of the first versions. It says what to type now, does nothing, and exits 2. `tf` is `main.ts`.
 */
const today = new Map([
  ['security setup', 'tf api security setup'],
  ['security status', 'tf api security status'],
  ['security regenerate-secret', 'tf api security setup --regenerate-secret'],
  ['security disable', 'tf api security disable'],
])

const words = process.argv.slice(2).filter((word) => !word.startsWith('-')).join(' ')
process.stderr.write(`error: dls is now tf\nhint: Use ${today.get(words) ?? 'tf --help, which shows every command'}\n`)
process.exitCode = 2
