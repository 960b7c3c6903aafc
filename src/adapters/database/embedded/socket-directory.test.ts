import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { chooseSocketDirectory, isPrivate, makePrivateDirectory } from './socket-directory.ts'

const me = { uid: process.getuid!(), gid: process.getgid!() }
let directory: string
let path: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'socket-directory-'))
  path = join(directory, 'pg')
})
afterEach(() => rmSync(directory, { recursive: true }))

test('the socket lies in the home as long as its path is short enough', () => {
  const longest = `/${'x'.repeat(106 - '/.s.PGSQL.5432'.length - 1)}`
  expect(chooseSocketDirectory(longest, '/home', 1000)).toBe(longest)
  expect(chooseSocketDirectory(`${longest}x`, '/home', 1000)).toMatch(/^\/tmp\/taskflows-1000-[0-9a-f]{12}$/)
})

test('the length of a path is counted in bytes', () => {
  expect(chooseSocketDirectory(`/${'ü'.repeat(60)}`, '/home', 1000)).toMatch(/^\/tmp\//)
})

test('two homes have two directories', () => {
  const long = `/${'x'.repeat(200)}`
  expect(chooseSocketDirectory(long, '/a', 1000)).not.toBe(chooseSocketDirectory(long, '/b', 1000))
})

test('a new directory is closed to others, and found again', () => {
  makePrivateDirectory(path, me)
  makePrivateDirectory(path, me)
  expect(statSync(path).mode & 0o777).toBe(0o700)
})

test('a directory that others may enter is refused by name', () => {
  mkdirSync(path)
  chmodSync(path, 0o701)
  expect(() => makePrivateDirectory(path, me)).toThrow(path)
})

test('a link is refused, even one to a private directory of ours', () => {
  mkdirSync(join(directory, 'mine'), { mode: 0o700 })
  symlinkSync(join(directory, 'mine'), path)
  expect(() => makePrivateDirectory(path, me)).toThrow(path)
})

test('a file is refused', () => {
  writeFileSync(path, '', { mode: 0o600 })
  expect(() => makePrivateDirectory(path, me)).toThrow(path)
})

test('what belongs to somebody else, or is missing, is not private', () => {
  mkdirSync(path, { mode: 0o700 })
  expect(isPrivate(path, me.uid)).toBe(true)
  expect(isPrivate(path, me.uid + 1)).toBe(false)
  expect(isPrivate(join(directory, 'missing'), me.uid)).toBe(false)
})
