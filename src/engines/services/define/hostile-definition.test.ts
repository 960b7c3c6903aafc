/** Hostile values over all fields: each is refused with an error of ours, or gives a definition whose text cannot end a line. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostileText } from '../../../../test/testbed/hostile-text.ts'
import { serviceOptions } from '../../../../test/testbed/service-arbitraries.ts'
import { SecurityError, ValidationError } from '../../../kernel/errors.ts'
import type { Fields } from './field.ts'
import { serviceTable } from './fields.ts'
import { readDefinition } from './read-definition.ts'

const samples = Number(process.env['TASKFLOWS_FUZZ_DEFINITIONS'] ?? 2_000)

const injections = fc.constantFrom(
  'x\nExecStart=/bin/evil', 'x\r\n[Service]\nUser=root', 'x\\\nUser=root', '%n%h%H', '$(reboot)', '`reboot`', '${X}', '../../../etc/passwd', '/etc/shadow', '~root/.ssh/id_rsa', 'a\u0000b', '\u2028', '\u0085',
  '__proto__', 'constructor', 'toString', '-', '@/bin/sh', '+/bin/sh', '!!/bin/sh', '"', "'", '\\', '#', ';', '[Service]', '1e309', '0x10', 'Infinity', 'NaN', '-1', '9'.repeat(400), '5m'.repeat(1000), 'x'.repeat(200_000),
)
const text = fc.oneof({ weight: 3, arbitrary: injections }, { weight: 2, arbitrary: hostileText }, { weight: 1, arbitrary: fc.string({ unit: 'binary' }) })
const scalar = fc.oneof({ weight: 4, arbitrary: text }, { weight: 1, arbitrary: fc.oneof(fc.integer(), fc.double(), fc.boolean(), fc.bigInt(), fc.constantFrom(null, undefined, Symbol('x'), () => 1, new Map(), new Date(NaN), [], {})) })
const key = fc.oneof(text, fc.constantFrom(...Object.keys(serviceTable), ...nestedNames(serviceTable), 'kind', 'file', 'export', 'argv', 'Service', '/dev/sda', 'A'))
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: scalar }, { weight: 2, arbitrary: fc.array(scalar, { maxLength: 4 }) }, { weight: 2, arbitrary: fc.dictionary(key, scalar, { maxKeys: 4 }) },
  { weight: 1, arbitrary: fc.dictionary(key, fc.oneof(fc.array(scalar, { maxLength: 3 }), fc.dictionary(key, scalar, { maxKeys: 3 })), { maxKeys: 3 }) },
)

test(`${samples} hostile values over all fields`, { timeout: 600_000 }, () => {
  const field = fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...Object.keys(serviceTable)) }, { weight: 1, arbitrary: key })
  const hostile = fc.tuple(serviceOptions, fc.array(fc.tuple(field, value), { minLength: 1, maxLength: 3 }))
  let [accepted, refused] = [0, 0]
  fc.assert(fc.property(hostile, ([options, said]) => {
    try {
      const definition = readDefinition({ ...options, ...Object.fromEntries(said) })
      accepted += 1
      for (const line of textsOf(definition)) expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]|\p{Surrogate}/u)
    } catch (error) {
      if (!(error instanceof ValidationError || error instanceof SecurityError)) throw error
      refused += 1
      expect(error.message).not.toMatch(/[\p{Cc}]/u)
      expect(error.message.length).toBeLessThan(20_000)
    }
  }), { numRuns: samples })
  expect(Math.min(accepted, refused)).toBeGreaterThan(samples / 50)
})

test('names of objects that the language has itself are no fields', () => {
  const given = JSON.parse('{"name":"a","start_command":"x","env":{"__proto__":"polluted","constructor":"x"},"__proto__":{"scope":"system"}}') as Record<string, unknown>
  expect(() => readDefinition(given, { names: 'snake' })).toThrow(/__proto__: is no field/)
  const { env } = readDefinition({ name: 'a', startCommand: 'x', env: JSON.parse('{"__proto__":"polluted"}') as object }) as { readonly env: Record<string, string> }
  expect(Object.getOwnPropertyDescriptor(env, '__proto__')?.value).toBe('polluted')
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

function nestedNames(fields: Fields): string[] {
  return Object.values(fields).flatMap(({ kind }) => (kind.is === 'object' ? Object.keys(kind.fields) : kind.is === 'variant' ? Object.values(kind.of).flatMap((of) => [...Object.keys(of.fields), ...nestedNames(of.fields)]) : []))
}

function textsOf(found: unknown): string[] {
  if (typeof found === 'string') return [found]
  return typeof found === 'object' && found !== null ? Object.entries(found).flatMap(([name, part]) => [name, ...textsOf(part)]) : []
}
