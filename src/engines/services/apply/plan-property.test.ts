/** What a plan promises over the whole space of definitions: once it is carried out, nothing is left to do. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileService } from '../../../adapters/systemd/compile/compile-service.ts'
import { compileHost } from '../../../../test/testbed/compile-host.ts'
import { serviceDefinition } from '../../../../test/testbed/service-arbitraries.ts'
import { type PlannedService, type Situation, planRemoval, planService } from './plan-service.ts'
import type { ServiceDefinition } from '../service-definition.ts'
import type { CompiledService, InstalledUnit, UnitState } from '../service-manager.ts'

const nowMs = Date.parse('2030-01-07T12:00:00Z')
const compile = (definition: ServiceDefinition) => compileService(definition, compileHost(definition.scope, { privileged: true }))
const nowhere = ({ name, scope }: ServiceDefinition): Situation => ({ name, scope, installed: [], states: new Map(), applied: undefined, secretText: null })

/** What the disk and the manager have once the plan is carried out. */
function carriedOut({ change, situation }: PlannedService, compiled: CompiledService): Situation {
  const doneTo = (verb: string) => change.steps.filter((step) => step.verb === verb).map(({ unit }) => unit)
  const inFile = (unit: string) => unit.replace(/@[^@]+\./, '@.')
  const [on, off] = [doneTo('enable').map(inFile), doneTo('disable').map(inFile)]
  const wasOn = new Set(situation.installed.filter(({ enabled }) => enabled).map(({ unit }) => unit))
  const installed = compiled.units.map((file): InstalledUnit => ({ ...file, path: `/units/${file.unit}`, dropIns: [], enabled: on.includes(file.unit) || (wasOn.has(file.unit) && !off.includes(file.unit)) }))
  const states = new Map(situation.states)
  for (const unit of doneTo('stop')) states.delete(unit)
  for (const unit of doneTo('start')) states.set(unit, { unit, description: '', loadState: 'loaded', activeState: 'active', subState: 'running' } satisfies UnitState)
  const { definition, units, secretEnv = null } = compiled
  return { ...situation, installed, states, secretText: secretEnv?.text ?? null, applied: { version: 1, at: 0, by: 'ada', note: null, definition, units, secretEnv } }
}

const planned = (compiled: CompiledService, situation: Situation) => planService(compiled, situation, { nowMs })

test('what was applied has nothing to change, and no drift', () => {
  fc.assert(fc.property(serviceDefinition, (definition) => {
    const compiled = compile(definition)
    const after = carriedOut(planned(compiled, nowhere(definition)), compiled)
    expect(planned(compile(definition), after).change).toMatchObject({ action: 'none', files: [], steps: [], drift: [] })
  }), { numRuns: 300 })
})

test('from one definition to another of the same name, nothing is left to do either', { timeout: 60_000 }, () => {
  fc.assert(fc.property(serviceDefinition, serviceDefinition, (one, other) => {
    fc.pre((one.instances === undefined) === (other.instances === undefined))
    const [before, after] = [compile(one), compile({ ...other, name: one.name, scope: one.scope })]
    const between = carriedOut(planned(before, nowhere(one)), before)
    const change = planned(after, between)
    const there = carriedOut(change, after)
    const left = planned(after, there).change
    expect(left).toMatchObject({ action: 'none', files: [], drift: [] })
    const running = new Set([...there.states.keys()])
    const known = after.units.flatMap(({ unit }) => (unit.includes('@.') ? (other.instances ?? []).map((instance) => unit.replace('@.', `@${instance}.`)) : [unit]))
    expect([...running].filter((unit) => !known.includes(unit))).toEqual([])
  }), { numRuns: 300 })
})

test('a removal leaves nothing running and no file', () => {
  fc.assert(fc.property(serviceDefinition, (definition) => {
    const compiled = compile(definition)
    const after = carriedOut(planned(compiled, nowhere(definition)), compiled)
    const { change } = planRemoval(after, 'gone')
    expect(change.files.map(({ unit }) => unit).sort()).toEqual(compiled.units.map(({ unit }) => unit).sort())
    expect(change.steps.filter(({ verb }) => verb === 'stop').map(({ unit }) => unit).sort()).toEqual([...after.states.keys()].sort())
  }), { numRuns: 200 })
})
