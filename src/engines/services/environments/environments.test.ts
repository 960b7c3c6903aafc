import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { createEnvironmentFile } from '../../../adapters/environment-file/index.ts'
import { createServiceVersions } from '../../../adapters/service-versions/index.ts'
import { FakeClock } from '../../../testing/fake-clock.ts'
import type { ServicesHost } from '../host.ts'
import type { ServiceDefinition, ServiceManager } from '../index.ts'
import { type EnvironmentFact, type Environments, createEnvironments } from './environments.ts'

let home: string
let host: ServicesHost
let facts: EnvironmentFact[]
let environments: Environments
let clock: FakeClock
/** Names of services that have units. */
let installed: string[]
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tf-environments-'))
  clock = new FakeClock(1_000)
  installed = []
  const disk = { installed: async () => installed.map((service) => ({ unit: `taskflows-${service}.service`, service, role: 'service', path: '', text: '', dropIns: [], enabled: false })) }
  host = {
    manager: (scope) => ({ ...disk, scope, ...(scope === 'system' && { installed: async () => [] }) }) as unknown as ServiceManager,
    scopes: () => ['user'], versions: createServiceVersions(join(home, 'services')), environments: createEnvironmentFile(join(home, 'environments.json')),
    containerRuntime: async () => { throw new Error('no container is asked for') },
    witness: undefined as never, clock, probe: async () => null, tell: () => {},
  }
  facts = []
  environments = createEnvironments(host, { apply: async () => { throw new Error('nothing is to be applied') } }, (fact) => void facts.push(fact))
  return () => rmSync(home, { recursive: true })
})

const by = { by: 'ada' }
const venv = (name: string) => ({ environment: { env_name: name } })

function use(environment: string, service: string): void {
  const definition: ServiceDefinition = { name: service, scope: 'user', type: 'exec', startCommand: { kind: 'program', argv: ['true'] }, environment: { kind: 'named', name: environment }, enabled: false, stopTimeout: 10, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none' }
  host.versions.append('user', { at: 0, by: 'ada', note: null, definition, units: [], secretEnv: null })
}

test('an environment is created, shown, changed and deleted, and each change is told', async () => {
  await environments.create('ml', { ...venv('one'), description: ' For models ' }, by)
  await clock.advance(500)
  const { environment, applied } = await environments.edit('ml', venv('two'), { ...by, apply: true })
  expect(environment).toEqual({ name: 'ml', description: 'For models', type: 'venv', environment: { kind: 'venv', env_name: 'two' }, version: 2, createdAt: 1_000, updatedAt: 1_500, services: [] })
  expect(applied).toBeNull()
  expect(await environments.get('ml')).toEqual(environment)
  expect(await environments.list()).toEqual([environment])
  await environments.remove('ml', by)
  expect(await environments.list()).toEqual([])
  expect(facts).toEqual((['created', 'changed', 'removed'] as const).map((type, at) => ({ type, name: 'ml', version: [1, 2, 2][at], by: 'ada' })))
})

test('secrets are kept, and a masked one is the one that is kept', async () => {
  await environments.create('py', { environment: { image: 'python:3.13', env: { API_TOKEN: 'planted', PORT: 80 }, extra_hosts: { auth: '10.0.0.1' } } }, by)
  const { environment } = await environments.edit('py', { environment: { image: 'python:3.14', environment: { API_TOKEN: '********' }, extra_hosts: { auth: '********' } } }, { ...by, apply: true })
  expect(environment.environment).toMatchObject({ kind: 'docker', image: 'python:3.14', env: { API_TOKEN: 'planted' }, extra_hosts: { auth: '10.0.0.1' } })
  await expect(environments.edit('py', { environment: { image: 'python', env: { OTHER_TOKEN: '********' } } }, { ...by, apply: true })).rejects.toMatchObject({ code: 'environment.invalid', message: expect.stringContaining('env.OTHER_TOKEN') })
})

describe('bad input changes nothing:', () => {
  beforeEach(() => environments.create('ml', venv('one'), by))

  test.each(['', '../x', 'a/b', '-x', 'x.', 'a..b', 'a b', 'ä', '.hidden', `x${'y'.repeat(100)}`, 'x\n', '%2e'])('the name %j', async (name) => {
    await expect(environments.create(name, venv('x'), by)).rejects.toMatchObject({ code: 'environment.invalid', message: expect.stringMatching(/^environment: name: expected /) })
  })

  test.each<[what: string, given: unknown, message: string]>([
    ['neither of the two', { PORT: '80' }, 'environment ml: expected env_name of a Venv, or image of a container'],
    ['the name of another', 'other', 'environment ml: expected env_name of a Venv, or image of a container, got "other"'],
    ['an unknown field', { env_name: 'x', channel: 'y' }, 'channel: is no field'],
    ['an option in place of a name', { env_name: '-n' }, 'env_name: expected the name of a conda environment'],
    ['a command', { image: 'python', command: 'true' }, 'command: is the startCommand of a service'],
  ])('%s', async (_, given, message) => {
    const refused = { code: 'environment.invalid', message: expect.stringContaining(message) }
    await expect(environments.edit('ml', { environment: given as Record<string, unknown> }, { ...by, apply: true })).rejects.toMatchObject(refused)
    expect(await environments.get('ml')).toMatchObject({ version: 1, environment: { env_name: 'one' } })
  })

  test('a description that is no line, or a type that it is not', async () => {
    await expect(environments.edit('ml', { ...venv('x'), description: 'two\nlines', type: 'docker' }, { ...by, apply: true })).rejects.toThrow(/description: expected one line.*; type: expected venv, which environment is, got docker/)
  })

  test('a name that is taken, or that nobody has', async () => {
    await expect(environments.create('ml', venv('x'), by)).rejects.toMatchObject({ code: 'environment.exists' })
    await expect(environments.get('mll')).rejects.toMatchObject({ code: 'environment.not_found', hint: expect.stringContaining('Did you mean ml?') })
    await expect(environments.edit('other', venv('x'), { ...by, apply: true })).rejects.toMatchObject({ code: 'environment.not_found' })
    await expect(environments.remove('constructor', by)).rejects.toMatchObject({ code: 'environment.not_found' })
  })

  test('a change of another version than the one that was seen', async () => {
    await environments.edit('ml', venv('two'), { ...by, apply: true, versions: ['1'] })
    for (const change of [environments.edit('ml', venv('x'), { ...by, apply: true, versions: ['1'] }), environments.remove('ml', { ...by, versions: [] })]) {
      await expect(change).rejects.toMatchObject({ code: 'request.precondition_failed' })
    }
    expect((await environments.get('ml')).version).toBe(2)
  })

  test('what is kept cannot be read', async () => {
    writeFileSync(join(home, 'environments.json'), '{ "environments": [')
    await expect(environments.create('other', venv('x'), by)).rejects.toMatchObject({ code: 'environment.invalid', message: expect.stringContaining('environments.json:1: is not JSON') })
  })
})

describe('an environment that services use', () => {
  beforeEach(async () => {
    await environments.create('ml', venv('one'), by)
    for (const service of ['train', 'serve', 'gone']) use('ml', service)
    installed = ['train', 'serve']
  })

  test('says which, and those that were removed do not count', async () => {
    expect((await environments.get('ml')).services.map(({ name }) => name).sort()).toEqual(['serve', 'train'])
  })

  test('is not deleted before the last of them goes', async () => {
    await expect(environments.remove('ml', by)).rejects.toMatchObject({ code: 'environment.in_use', details: { services: expect.arrayContaining(['serve', 'train']) } })
    installed = []
    await environments.remove('ml', by)
    expect(await environments.list()).toEqual([])
  })
})

test('processes that create at the same time lose nothing of each other', async () => {
  const source = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
  const program = (prefix: string) => `
    import { createEnvironmentFile } from ${source('../../../adapters/environment-file/index.ts')}
    import { createServiceVersions } from ${source('../../../adapters/service-versions/index.ts')}
    import { createEnvironments } from ${source('./environments.ts')}
    const host = { versions: createServiceVersions(${JSON.stringify(join(home, 'services'))}), environments: createEnvironmentFile(${JSON.stringify(join(home, 'environments.json'))}), clock: { now: () => 0 } }
    const environments = createEnvironments(host, {})
    for (let at = 0; at < 5; at += 1) await environments.create('${prefix}' + at, { environment: { env_name: 'x' } }, { by: '${prefix}' })`
  const both = ['a', 'b', 'c'].map((prefix) => spawn(process.execPath, ['--conditions=source', '--input-type=module-typescript', '-e', program(prefix)], { stdio: ['ignore', 'ignore', 'inherit'] }))
  expect(await Promise.all(both.map(async (child) => (await once(child, 'close'))[0] as number))).toEqual([0, 0, 0])
  expect(await environments.list()).toHaveLength(15)
})
