import { expect, test } from 'vitest'
import { ignoredPaths } from './ignored-paths.ts'

test.for([
  ['node_modules', 'node_modules/a/b.js', true], ['node_modules', 'web/node_modules', false], ['/dist/', 'dist/x', true], ['./dist', 'dist', true],
  ['*.md', 'a.md', true], ['*.md', 'docs/a.md', false], ['**/*.md', 'docs/deep/a.md', true], ['**/*.md', 'a.md', true], ['*/temp*', 'a/temporary.txt', true], ['*/temp*', 'a/b/temp', false],
  ['temp?', 'tempa', true], ['temp?', 'temp', false], ['[a-c].txt', 'b.txt', true], ['[^a-c].txt', 'b.txt', false], ['a\\*b', 'a*b', true], ['a\\*b', 'axb', false],
  ['a+b (c)', 'a+b (c)', true], ['# a', '# a', false], ['', 'a', false], ['**', 'a/b', true], ['a/**/b', 'a/b', true], ['a/**/b', 'a/x/y/b', true],
  ['*\n!keep.txt', 'keep.txt', false], ['*\n!keep.txt', 'other', true], ['docs\n!docs/a.md', 'docs/a.md', false], ['!a\na', 'a', true],
] as const)('%j and %s: %s', ([text, path, expected]) => {
  expect(ignoredPaths(text)(path)).toBe(expected)
})
