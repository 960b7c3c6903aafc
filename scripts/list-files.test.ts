import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listFiles } from './list-files.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'list-files-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const list = async () => (await listFiles(root)).map((name) => name.toString('latin1'))
const add = (...path: string[]) => writeFileSync(join(root, ...path), '')

test('without git every regular file is found, but not what was installed or built', async () => {
  for (const folder of ['src', 'src/deep', 'node_modules', 'dist']) mkdirSync(join(root, folder))
  for (const path of ['b.ts', 'a.ts', 'src/deep/c.ts', 'node_modules/no.js', 'dist/no.js']) add(path)
  symlinkSync('a.ts', join(root, 'link.ts'))
  expect(await list()).toEqual(['a.ts', 'b.ts', 'src/deep/c.ts'])
})

test('with git, ignored and deleted files are left out and new ones are not', async () => {
  execFileSync('git', ['init', '--quiet'], { cwd: root })
  add('.gitignore')
  writeFileSync(join(root, '.gitignore'), '*.log\n')
  for (const path of ['old.ts', 'gone.ts']) add(path)
  execFileSync('git', ['add', '.'], { cwd: root })
  rmSync(join(root, 'gone.ts'))
  for (const path of ['new.ts', 'noise.log']) add(path)
  expect(await list()).toEqual(['.gitignore', 'new.ts', 'old.ts'])
})

test.for([['with git', true], ['without git', false]] as const)('names are bytes %s', async ([, git]) => {
  if (git) execFileSync('git', ['init', '--quiet'], { cwd: root })
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x0a, 0xff])]), '')
  add('-rf "quoted" é')
  expect(await list()).toEqual(['\n\xff', Buffer.from('-rf "quoted" é').toString('latin1')])
})
