import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ServiceDefinition } from '../../../contract/service-definition.ts'
import { serviceOptions } from '../../../../test/testbed/service-arbitraries.ts'
import { readDefinition } from './read-definition.ts'
import { mask } from './secret-env.ts'
import { showDefinition } from './write-definition.ts'
import { parseYaml, writeYaml } from '../files/yaml-document.ts'

test('what is shown reads as the same definition, through JSON, through YAML, and for the schema of the wire', { timeout: 60_000 }, () => {
  fc.assert(fc.property(serviceOptions, (options) => {
    const definition = readDefinition(options)
    const shown = showDefinition(definition, { secrets: 'keep' })
    expect(readDefinition(JSON.parse(JSON.stringify(shown)) as typeof shown, { names: 'snake' })).toEqual(definition)
    expect(ServiceDefinition.parse(shown)).toEqual(shown)
  }), { numRuns: 200 })
  fc.assert(fc.property(serviceOptions, (options) => {
    const definition = readDefinition(options)
    expect(readDefinition(parseYaml(writeYaml(showDefinition(definition, { secrets: 'keep' })), 'shown').content as Record<string, unknown>, { names: 'snake' })).toEqual(definition)
  }), { numRuns: 50 })
})

test('equal definitions are equal text, whatever the order in which they were said', () => {
  const one = readDefinition({ name: 'a', startCommand: 'x', timeout: '1m', enabled: true })
  const other = readDefinition({ enabled: true, timeout: 60, startCommand: ['x'], name: 'a' })
  expect(JSON.stringify(showDefinition(one, { secrets: 'keep' }))).toBe(JSON.stringify(showDefinition(other, { secrets: 'keep' })))
})

test('masked, it tells no secret, neither by name nor within a URL', () => {
  const env = { DB_PASSWORD: 'hunter2', API_KEY: 'k1', GITHUB_TOKEN: 't', URL: 'postgres://me:hunter2@db/x', PORT: '80', MONKEYS: '3', KEYBOARD: 'de' }
  const definition = readDefinition({ name: 'a', startCommand: 'x', env, cgroupConfig: { environment: { SECRET: 's' } } })
  expect(showDefinition(definition, { secrets: 'mask' })).toMatchObject({
    env: { DB_PASSWORD: mask, API_KEY: mask, GITHUB_TOKEN: mask, URL: mask, PORT: '80', KEYBOARD: 'de' }, cgroup_config: { environment: { SECRET: mask } },
  })
  expect(showDefinition(definition, { secrets: 'keep' })).toMatchObject({ env })
})
