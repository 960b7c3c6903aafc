import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ServiceDefinition } from '../../../engines/services/service-definition.ts'
import { createFindProgram, createVenvRunner, runnerCandidates } from './programs.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tf-programs-'))
})
afterEach(() => rmSync(home, { recursive: true }))

function program(path: string, content = '#!/bin/sh\n', mode = 0o755): string {
  const file = join(home, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
  chmodSync(file, mode)
  return file
}

const definition = (env?: Record<string, string>): ServiceDefinition => ({
  name: 'web', scope: 'user', type: 'exec', startCommand: { kind: 'program', argv: ['x'] }, enabled: false, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none', ...(env && { env }),
})

describe('a program', () => {
  test('is found along PATH, and where every system has some', () => {
    const first = program('a/tool')
    program('b/tool')
    const find = createFindProgram({ path: `${home}/none:relative:${home}/a:${home}/b` })
    expect(find('tool', definition())).toBe(first)
    expect(createFindProgram({ path: '' })('sh', definition())).toMatch(/^\/(usr\/)?bin\/sh$/)
    expect(find('no-such-tool', definition())).toBeUndefined()
  })

  test('is found along the PATH of its service, when it has one', () => {
    const own = program('own/tool')
    program('a/tool')
    expect(createFindProgram({ path: `${home}/a` })('tool', definition({ PATH: `${home}/own` }))).toBe(own)
  })

  test('must be a file that may be executed', () => {
    program('a/tool', '', 0o644)
    mkdirSync(join(home, 'b/tool'), { recursive: true })
    const right = program('c/tool')
    const find = createFindProgram({ path: `${home}/a:${home}/b:${home}/c` })
    expect(find('tool', definition())).toBe(right)
    expect(find(right, definition())).toBe(right)
    expect(find(join(home, 'a/tool'), definition())).toBeUndefined()
    expect(find('c/tool', definition())).toBeUndefined()
  })
})

describe('what runs an environment of conda', () => {
  const runner = (path = '') => createVenvRunner({ path, homeDirectory: home })
  const env = (customPath?: string) => ({ kind: 'venv', envName: 'ml', ...(customPath !== undefined && { customPath }) }) as const

  test('is micromamba before mamba before conda, wherever on PATH they are', () => {
    program('a/conda')
    const mamba = program('b/mamba')
    expect(runner(`${home}/a:${home}/b`)(env())).toEqual({ program: mamba, liveOutput: ['--no-capture-output'] })
    const micromamba = program('b/micromamba')
    expect(runner(`${home}/a:${home}/b`)(env())).toEqual({ program: micromamba, liveOutput: ['-a', ''] })
  })

  test('is else where installers put it', () => {
    const [later, earlier] = [program('anaconda3/bin/conda'), program('miniforge3/bin/conda')]
    expect(runner()(env())?.program).toBe(earlier)
    expect(runnerCandidates({ path: '', homeDirectory: home, customPath: undefined })).toEqual(expect.arrayContaining([later, '/opt/conda/bin/conda', `${home}/.pyenv/shims/conda`]))
  })

  test('is the one that was named, or in the directory that was named', () => {
    program('a/micromamba')
    const named = program('own/bin/mamba')
    expect(runner(`${home}/a`)(env(named))?.program).toBe(named)
    expect(runner(`${home}/a`)(env(join(home, 'own')))?.program).toBe(named)
    expect(runner(`${home}/a`)(env(join(home, 'elsewhere')))).toBeUndefined()
  })

  test('mamba since 2.0 is no script, and takes the options of micromamba', () => {
    program('a/mamba', '\x7fELF....')
    expect(runner(`${home}/a`)(env())?.liveOutput).toEqual(['-a', ''])
  })

  test('is found once it is installed', () => {
    const find = runner(`${home}/a`)
    const before = find(env())
    const installed = program('a/conda')
    expect([before?.program === installed, find(env())?.program]).toEqual([false, installed])
  })
})
