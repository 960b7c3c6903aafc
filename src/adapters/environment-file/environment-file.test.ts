import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { NamedEnvironment } from '../../engines/services/environments/named-environment.ts'
import { createEnvironmentFile } from './index.ts'

let home: string
let path: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tf-environments-'))
  path = join(home, 'deeper/environments.json')
  return () => rmSync(home, { recursive: true })
})

const ml: NamedEnvironment = { name: 'ml', description: 'Für alle', type: 'venv', environment: { kind: 'venv', env_name: 'ml-2030' }, version: 3, createdAt: 1_000, updatedAt: 2_500 }
const py: NamedEnvironment = { name: 'py', description: '', type: 'docker', environment: { kind: 'docker', image: 'python:3.13', env: { API_TOKEN: 'planted-9c1e' } }, version: 1, createdAt: 1_000, updatedAt: 1_000 }

test('what was written is read, and nobody else may', () => {
  const file = createEnvironmentFile(path)
  expect(file.read()).toEqual([])
  file.write([ml, py])
  expect(createEnvironmentFile(path).read()).toEqual([ml, py])
  file.write([py])
  expect(file.read()).toEqual([py])
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(join(home, 'deeper'))).toEqual(['environments.json'])
})

describe('a file that cannot be understood', () => {
  const items = (...changes: readonly object[]) => JSON.stringify({ environments: changes.map((change) => ({ name: 'ml', description: '', type: 'venv', environment: { env_name: 'x', env: { PASSWORD: 'planted-9c1e' } }, version: 1, created_at: '2030-01-01T00:00:00Z', updated_at: '2030-01-01T00:00:00Z', ...change })) }, null, 1)

  test.each<[what: string, text: string, message: string]>([
    ['was cut short', items({}).slice(0, -30), 'environments.json:15: is not JSON'],
    ['is empty', '', 'environments.json:1: is not JSON'],
    ['was edited by hand', items({}).replace('"venv",', '"venv"'), 'environments.json:7: is not JSON'],
    ['is JSON of something else', '[]', 'environments.json:1: expected environments with a list'],
    ['has a name that leads elsewhere', items({}, { name: '../x' }), 'environments.json:18: environments[1].name: expected the name of an environment'],
    ['has a name twice', items({}, {}), 'environments.json:18: environments[1].name: expected each name once'],
    ['has no environment', items({ environment: 'ml' }), 'environments.json:7: environments[0].environment: expected a Venv or a container'],
    ['has an unknown type', items({ type: 'chroot' }), 'environments[0].type: expected venv or docker'],
    ['has half a version', items({ version: 1.5 }), 'environments[0].version: expected a whole number from 1'],
    ['has a time that is none', items({ created_at: 'soon' }), 'environments[0].created_at: expected a time'],
  ])('that %s is refused by line, never quoted, and left as it is', (_, text, message) => {
    const file = createEnvironmentFile(path)
    file.write([ml])
    writeFileSync(path, text)
    for (const use of [() => file.read(), () => file.write([py])]) {
      expect(use).toThrow(expect.objectContaining({ code: 'environment.invalid', message: expect.stringContaining(message) }))
      expect(use).not.toThrow(/planted/)
    }
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  test('since others may read it is refused as well', () => {
    const file = createEnvironmentFile(path)
    file.write([py])
    chmodSync(path, 0o644)
    expect(() => file.read()).toThrow(expect.objectContaining({ code: 'environment.invalid', hint: `chmod 600 ${path}` }))
  })
})
