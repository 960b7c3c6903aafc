import { beforeEach, expect, test } from 'vitest'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { readDefinition } from '../define/read-definition.ts'
import type { NamedEnvironment } from '../environments/named-environment.ts'
import type { ServicesHost } from '../host.ts'
import type { ServiceView } from '../services.ts'
import type { AppliedVersion } from '../versions.ts'
import { withEnvironmentDrift } from './environment-drift.ts'

let kept: NamedEnvironment[]
let applied: AppliedVersion
let read: number
let compiled: number
const view = (name: string) => ({ name, scope: 'user', drift: [] }) as unknown as ServiceView

/** Units say which conda environment they are made of, and so does the file of secret values. */
const compile = ({ name, environment }: { name: string; environment: { envName: string } }) => {
  compiled += 1
  if (environment.envName === 'broken') throw new TaskflowsError('service.invalid', 'no such thing')
  return { units: [{ unit: `taskflows-${name}.service`, text: environment.envName }] }
}
const host = {
  environments: { read: () => kept },
  versions: { latest: () => ((read += 1), applied) },
  manager: () => ({ compiler: async () => compile }),
} as unknown as ServicesHost

beforeEach(() => {
  [read, compiled] = [0, 0]
  kept = [{ name: 'ml', description: '', type: 'venv', environment: { kind: 'venv', env_name: 'old' }, version: 1, createdAt: 0, updatedAt: 10 }]
  applied = { version: 3, at: 20, by: '', note: null, definition: readDefinition({ name: 'web', startCommand: 'true', environment: 'ml' }), units: [{ unit: 'taskflows-web.service', text: 'old' }], secretEnv: null } as unknown as AppliedVersion
})
const edited = (envName: string) => { kept = [{ ...kept[0]!, environment: { kind: 'venv', env_name: envName }, updatedAt: 30 }] }
const driftOf = async (name = 'web') => (await withEnvironmentDrift([view(name)], host))[0]!.drift

test('units that were made before their environment was edited tell so', async () => {
  expect(await driftOf()).toEqual([])
  edited('new')
  expect(await driftOf()).toEqual(['the environment ml was changed since version 3 was applied'])
})

test('an edit that changes no unit is none, as for tf plan', async () => {
  edited('old')
  expect([await driftOf(), compiled]).toEqual([[], 1])
})

test('an environment that the service cannot run in any more is told with the reason', async () => {
  edited('broken')
  expect(await driftOf()).toEqual([expect.stringMatching(/^the environment ml was changed .*: no such thing$/)])
})

test('instances are looked at once, and nothing is where no environment is kept', async () => {
  edited('new')
  const views = await withEnvironmentDrift(['worker@1', 'worker@2'].map(view), host)
  expect(views.map(({ drift }) => drift.length)).toEqual([1, 1])
  expect([read, compiled]).toEqual([1, 1])
  kept = []
  expect(await driftOf()).toEqual([])
  expect(read).toBe(1)
})
