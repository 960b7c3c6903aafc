import { expect, test } from 'vitest'
import { createSystemdManager } from '../../../adapters/systemd/index.ts'
import { readDefinition } from '../define/read-definition.ts'
import { showDefinition } from '../define/write-definition.ts'
import type { NamedEnvironment } from './named-environment.ts'
import { openCompiler } from './settle-environment.ts'

const manager = createSystemdManager({ scope: 'user', unitDirectory: '/nowhere', environment: { PATH: '/usr/bin' }, homeDirectory: '/home/ada', uid: 1000, runExport: ['/usr/bin/tf', 'run'], stateDirectory: '/nowhere' })

const kept = (name: string, environment: Record<string, unknown>, changes: Partial<NamedEnvironment> = {}): NamedEnvironment =>
  ({ name, description: '', type: 'image' in environment ? 'docker' : 'venv', environment, version: 1, createdAt: 0, updatedAt: 0, ...changes })

function compilerOver(...environments: NamedEnvironment[]) {
  return openCompiler({ manager: () => manager, environments: { read: () => environments, write: () => {} } }, 'user')
}

const train = readDefinition({ name: 'train', start_command: 'python train.py', environment: 'ml' }, { names: 'snake' })
const unitText = async (...environments: NamedEnvironment[]) => (await compilerOver(...environments))(train).units[0]!.text

test('the definition keeps the name, on the wire too, and the unit has what it stands for', async () => {
  const compiled = (await compilerOver(kept('ml', { env_name: 'ml-2030' })))(train)
  expect(compiled.definition).toBe(train)
  expect(train.environment).toEqual({ kind: 'named', name: 'ml' })
  expect(showDefinition(train, { secrets: 'keep' })['environment']).toBe('ml')
  expect(readDefinition(showDefinition(train, { secrets: 'keep' }), { names: 'snake' })).toEqual(train)
  expect(compiled.environment).toEqual({ kind: 'venv', envName: 'ml-2030' })
  expect(compiled.units[0]!.text).toMatch(/^ExecStart=.*run -n ml-2030 .*python train\.py$/m)
})

test('the unit changes with what the environment is, its fingerprint too, and not with what is said of it', async () => {
  const before = await unitText(kept('ml', { env_name: 'one' }))
  const hash = (text: string) => /^X-Taskflows-Hash=(.*)$/m.exec(text)?.[1]
  const after = await unitText(kept('ml', { env_name: 'two' }))
  expect(hash(before)).toBeDefined()
  expect(hash(after)).not.toBe(hash(before))
  expect(await unitText(kept('ml', { env_name: 'one' }, { description: 'For all', version: 7 }))).toBe(before)
})

test('an unknown name is refused with the service and what may be meant', async () => {
  const compile = await compilerOver(kept('mll', { env_name: 'x' }))
  expect(() => compile(train)).toThrow(expect.objectContaining({ code: 'environment.not_found', message: expect.stringContaining('service "train"'), hint: expect.stringContaining('Did you mean mll?') }))
})

test('what cannot run in it is refused now that it is known what it is', async () => {
  const compile = await compilerOver(kept('ml', { image: 'python:3.13' }), kept('conda', { env_name: 'x' }))
  const notifies = readDefinition({ name: 'train', start_command: 'python train.py', environment: 'ml', type: 'notify' }, { names: 'snake' })
  expect(() => compile(notifies)).toThrow(/service "train" in the environment "ml": type: /)
  const commandOfImage = readDefinition({ name: 'train', environment: 'conda' }, { names: 'snake' })
  expect(() => compile(commandOfImage)).toThrow(/in the environment "conda": start_?[cC]ommand: is missing/)
})

test('services without a named environment do not ask for what is kept', async () => {
  const compile = await openCompiler({ manager: () => manager, environments: { read: () => { throw new Error('broken') }, write: () => {} } }, 'user')
  const plain = readDefinition({ name: 'plain', start_command: 'true' }, { names: 'snake' })
  expect(compile(plain).definition).toBe(plain)
  expect(() => compile(train)).toThrow('broken')
})
