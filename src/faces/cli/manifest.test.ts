import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { manifestText } from '../../../scripts/manifest.ts'
import { commands } from './commands.ts'
import { globalFlags } from './global-flags.ts'

test('the manifest is what the contract says now (else: node scripts/manifest.ts)', () => {
  expect(readFileSync(new URL('./manifest.ts', import.meta.url), 'utf8')).toBe(manifestText())
})

test('no two flags of a command share a name, a letter or a key', () => {
  for (const { words, flags } of commands) {
    for (const part of ['name', 'short', 'key'] as const) {
      const used = [...flags, ...globalFlags].map((flag) => flag[part]).filter((each) => each !== undefined)
      expect(used.filter((each, at) => used.indexOf(each) !== at), `tf ${words}: ${part}`).toEqual([])
    }
  }
})
