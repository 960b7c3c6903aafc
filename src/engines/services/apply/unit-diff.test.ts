import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unitDiff } from './unit-diff.ts'

test('a change is shown with three lines around it, as diff -u does', () => {
  const lines = (changed: string) => `${['[Unit]', 'a', 'b', 'c', changed, 'd', 'e', 'f', 'g'].join('\n')}\n`
  expect(unitDiff('x.service', lines('old'), lines('new'))).toBe('--- a/x.service\n+++ b/x.service\n@@ -2,7 +2,7 @@\n a\n b\n c\n-old\n+new\n d\n e\n f\n')
})

test('a new and a removed unit are shown whole, the same text not at all', () => {
  expect(unitDiff('x', null, '[Unit]\nA=1\n')).toBe('--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+[Unit]\n+A=1\n')
  expect(unitDiff('x', '[Unit]\n', null)).toBe('--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-[Unit]\n')
  expect(unitDiff('x', 'a\n', 'a\n')).toBe('')
})

test('git apply makes the new text of the old one and the diff', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tf-diff-'))
  const text = fc.array(fc.constantFrom('a', 'b', 'c', '', '[Unit]', '- x', '+ y'), { minLength: 1, maxLength: 24 }).map((lines) => `${lines.join('\n')}\n`)
  try {
    fc.assert(fc.property(text, text, (from, to) => {
      fc.pre(from !== to)
      const file = join(directory, 'x')
      writeFileSync(file, from)
      execFileSync('git', ['apply', '--whitespace=nowarn', '-'], { cwd: directory, input: unitDiff('x', from, to) })
      expect(execFileSync('cat', [file], { encoding: 'utf8' })).toBe(to)
    }), { numRuns: 60 })
  } finally {
    rmSync(directory, { recursive: true })
  }
})
