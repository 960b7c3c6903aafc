import { describe, expect, test } from 'vitest'
import type { ContainerState, ImageState } from '../container-runtime.ts'
import type { ContainerDefinition, ServiceDefinition } from '../service-definition.ts'
import type { CompiledService, InstalledUnit } from '../service-manager.ts'
import { judgeChange } from './judge-change.ts'
import type { ContainerFacts } from './look-at-containers.ts'
import { leftovers } from './plan-container.ts'
import { planService } from './plan-service.ts'

const container: ContainerDefinition = { kind: 'docker', image: 'app:1', persisted: false, pull: 'missing' }
const definition: ServiceDefinition = { name: 'web', scope: 'user', type: 'exec', startCommand: { kind: 'image' }, enabled: true, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none' }
const unit = { unit: 'taskflows-web.service', service: 'web', role: 'service', text: '[Service]\nExecStart=/usr/bin/docker run --label=taskflows.owner=user/%U/web app:1\n' } as const

function compiled(changes: Partial<ContainerDefinition> = {}, service: Partial<ServiceDefinition> = {}): CompiledService {
  const environment = { ...container, ...changes }
  return { definition: { ...definition, ...service, environment }, environment, units: [unit], warnings: [] }
}
const image = (changes: Partial<ImageState> = {}): ImageState => ({ reference: 'app:1', id: 'sha256:new', act: 'none', why: 'is there', ...changes })
const runs = (changes: Partial<ContainerState> = {}): ContainerState => ({ name: 'taskflows-web', service: 'web', imageId: 'sha256:new', running: true, ...changes })

/** Steps for a service that runs as it was applied. */
function steps(service: CompiledService, facts: ContainerFacts): string[] {
  const installed: InstalledUnit = { ...unit, path: '/units/taskflows-web.service', dropIns: [], enabled: true }
  const state = { unit: unit.unit, description: '', loadState: 'loaded', activeState: 'active', subState: 'running' }
  const applied = { version: 1, at: 0, by: 'ada', note: null, definition: service.definition, units: service.units, secretEnv: null }
  return planService(service, { name: 'web', scope: 'user', installed: [installed], states: new Map([[unit.unit, state]]), applied, secretText: null, container: facts }, { nowMs: 0 }).change.steps.map(({ verb, unit }) => `${verb} ${unit}`)
}

describe('a service that runs', () => {
  test('in a container of the image that it is to have is left alone', () => {
    expect(steps(compiled(), { image: image(), containers: [runs()] })).toEqual([])
  })

  test('in one of a former image is restarted', () => {
    expect(steps(compiled(), { image: image(), containers: [runs({ imageId: 'sha256:old' })] })).toEqual(['restart taskflows-web.service'])
  })

  test('has its image built first, and may have it pulled without a restart', () => {
    expect(steps(compiled(), { image: image({ act: 'build' }), containers: [runs()] })).toEqual(['build app:1', 'restart taskflows-web.service'])
    expect(steps(compiled({ pull: 'always' }), { image: image({ act: 'pull' }), containers: [runs()] })).toEqual(['pull app:1'])
  })

  test('in a container that is kept has its image kept, unless it is built here or newer ones are asked for', () => {
    const old = { image: image(), containers: [runs({ imageId: 'sha256:old' })] }
    expect(steps(compiled({ persisted: true }), old)).toEqual([])
    expect(steps(compiled({ persisted: true, pull: 'always' }), old)).toEqual(['restart taskflows-web.service'])
    expect(steps(compiled({ persisted: true, image: { tag: 'app:1', path: '/srv', dockerfile: 'Dockerfile' } }), old)).toEqual(['restart taskflows-web.service'])
  })

  test('under another name is stopped while its unit knows that name', () => {
    const renamed = { ...compiled({ name: 'other' }), units: [{ ...unit, text: unit.text.replace('run', 'run --name=other') }] }
    expect(steps(renamed, { image: image(), containers: [runs()] })).toEqual(['stop taskflows-web.service', 'start taskflows-web.service'])
  })
})

test('what nothing starts any more is left over: other names, instances that are no more, all of a service without a container', () => {
  const worker = (instance: string): ContainerState => runs({ name: `taskflows-worker-${instance}`, service: `worker@${instance}` })
  expect(leftovers(compiled(), { containers: [runs(), runs({ name: 'former' })] }).map(({ name }) => name)).toEqual(['former'])
  expect(leftovers(compiled({}, { name: 'worker@', instances: ['1'] }), { containers: [worker('1'), worker('2')] }).map(({ name }) => name)).toEqual(['taskflows-worker-2'])
  expect(leftovers({ ...compiled(), environment: { kind: 'venv', envName: 'x' } }, { containers: [runs()] })).toHaveLength(1)
  expect(leftovers(null, { containers: [runs()] })).toHaveLength(1)
})

test('what a container that is kept is like stands where it is made, so that another one means a restart', () => {
  const text = (port: number) => `[Service]\nExecStartPre=/bin/sh -c "docker create --label=taskflows.hash=$hash" --publish=${port}\nExecStart=docker start --attach web\n`
  expect(judgeChange(text(1), text(2)).restart).toBe(true)
  expect(judgeChange('[Service]\nExecStartPre=/bin/a\n', '[Service]\nExecStartPre=/bin/b\n').restart).toBe(false)
})
