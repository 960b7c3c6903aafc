/**
 * JSON values by a schema of the document: such that fit, and such with one thing wrong. And texts that carry them,
 * or fail to. `raw()` is JSON that JSON.stringify cannot write.
 */
import fc from 'fast-check'
import { newId } from '../../../src/kernel/ids.ts'
import type { Document, Schema } from './document.ts'
import { oneOf } from './odds.ts'
import { type PoolKind, pooled } from './pool.ts'
import { taskNames } from './tasks.ts'

export interface Values {
  fitting(schema: Schema, name?: string): fc.Arbitrary<unknown>
  /** One thing is wrong, as far as a schema can tell. */
  spoiled(schema: Schema, name?: string): fc.Arbitrary<unknown>
}

const ofPool = (...kinds: readonly PoolKind[]) => fc.oneof(...kinds.map((kind) => fc.nat(10_000).map((number) => pooled(kind, number))))
const raw = (json: string) => `~raw:${json}~`

/** Made now, or with any time in it. */
const uuid = fc.oneof({ weight: 3, arbitrary: fc.nat().map((number) => newId(Date.now() - (number % 3_600_000))) }, { weight: 1, arbitrary: fc.uuid({ version: 7 }) })
const ago = fc.integer({ min: 0, max: 86_400_000 }).map((ms) => new Date(Date.now() - ms).toISOString())
/** As far as four digits and an offset reach, and a little further. */
const farInstants = fc.oneof(
  fc.date({ noInvalidDate: true, min: new Date('1970-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z') }).map((date) => date.toISOString()),
  oneOf('0000-01-01T00:00:00Z', '0044-03-15T12:00:00Z', '0000-01-01T00:00:00+23:59', '9999-12-31T23:59:59.999-23:59', '1969-12-31T23:59:59.999Z', '2030-02-28T12:00:00.123456789012345678Z', '2030-01-01T00:00Z'),
)
const instant = fc.oneof({ weight: 6, arbitrary: ago }, { weight: 1, arbitrary: farInstants })
const durations = fc.oneof(oneOf<string | number>('1s', '0.2s', '5m', '1h 30min', 0.1, 1, 3), fc.double({ min: 0.001, max: 5, noNaN: true }))
const strangeDurations = ['1y', '9999999999999999999h', '10 parsecs', '-5m', '1e3s', '０s', '0s', 'x', '1h ago ago'] as const
/** Texts that have broken programs before. Not those that the judge takes for a slip: they are kept, and told again. */
const hostileTexts = [
  '', ' ', '\u0000', 'a\u0000b', '\ud800', '\udc00x', '\u202e', '\ufeff', 'ß', '👩‍👩‍👧', '\u0301'.repeat(20), "' or 1=1 --", '%s%n', '{{7*7}}',
  '${x}', '../../etc/passwd', '<script>',
  '__proto__', 'constructor', 'toString', 'null', '-0', '1e400', '0x10', '\r\nX-Injected: 1', '*', '%', '_', '\\', '"', '\u007f', '\u2028',
] as const
const words = oneOf(...taskNames, ...taskNames, 'default', 'other', 'acme', 'alpha', 'a', 'order-1', 'order-2', 'job.added', 'job.*', 'token.created', 'live', 'all')

/** What fields are about, where the schema says only that they are text. */
const byName: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  name: oneOf(...taskNames, ...taskNames, 'x', 'y.z'),
  queue: oneOf('default', 'other', 'third'),
  tenant_id: oneOf('default', 'acme', 'acme', 'alpha'),
  unique_key: oneOf('one', 'two', 'three'),
  correlation_id: fc.oneof(oneOf('order-1', 'order-2'), ofPool('job')),
  cursor: ofPool('cursor', 'cursor', 'forged'),
  since: fc.oneof(oneOf('1h', '1h ago', '0s', '5 min'), instant),
  delay: durations,
  timeout: durations,
  expires_in: durations,
  after: ofPool('job'),
  subject: ofPool('job', 'token'),
  type: words,
  started_at: fc.oneof({ weight: 6, arbitrary: ago }, { weight: 1, arbitrary: farInstants }),
  ended_at: fc.constant(null).map(() => new Date().toISOString()),
  payload: fc.oneof(fc.jsonValue(), fc.object({ maxDepth: 3 }), oneOf<unknown>({}, null, 0, '', [], { ms: 1 })),
}

export const idsOf: Readonly<Record<string, fc.Arbitrary<string>>> = {
  jobs: fc.oneof({ weight: 6, arbitrary: ofPool('job') }, { weight: 1, arbitrary: uuid }),
  runs: fc.oneof({ weight: 4, arbitrary: ofPool('run', 'job') }, { weight: 2, arbitrary: ofPool('job').map((id) => `${id}.1`) }, { weight: 1, arbitrary: uuid }),
  tokens: fc.oneof({ weight: 4, arbitrary: ofPool('token') }, { weight: 1, arbitrary: words }),
}

const deep = (depth: number) => raw('['.repeat(depth) + ']'.repeat(depth))

/** Wrong for nearly every schema, and nasty for whoever does not look. */
const wrongValues: readonly unknown[] = [
  null, true, false, 0, -1, 1.5, [], {}, [null], { a: 1 }, [[]], ...hostileTexts, 'x'.repeat(70), 'x'.repeat(10_001), '👍'.repeat(300),
  ...strangeDurations, Buffer.from('j'.padEnd(17, 'x')).toString('base64url'), Buffer.from('[1,2]').toString('base64url'),
  ...['1e400', '-1e400', '-0', '-0.0', '1E+2', '9007199254740993', '123456789012345678901234567890', '0.1e-400', '"\\ud800"', '{"__proto__":{"x":1}}', '{"a":1,"a":2}', '{"constructor":{"prototype":{}}}', '{"toJSON":1}'].map(raw),
  deep(199), deep(201), deep(5_000), 2 ** 31, 2 ** 53, -(2 ** 63), 5e-324,
]

/** Names that objects have without having been given them, and others that nobody knows. */
const strangeNames = oneOf('__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'ID', 'Name', 'created', 'version', ' name', 'name\u0000', '\ud800', 'x'.repeat(300), 'items', 'unknown')

export function valuesOf(document: Document): Values {
  const values: Values = {
    fitting: (given, name = '') => {
      const schema = document.resolve(given)
      const known = byName[name]
      if (known !== undefined && schema.enum === undefined && schema.type !== 'array') return fc.oneof({ weight: 25, arbitrary: known }, { weight: 1, arbitrary: fitting(schema, name) })
      return fitting(schema, name)
    },
    spoiled: (given, name = '') => spoiled(document.resolve(given), name),
  }

  const fitting = ({ enum: options, anyOf, ...schema }: Schema, name: string): fc.Arbitrary<unknown> => {
    if (options !== undefined) return oneOf(...options)
    if (anyOf !== undefined) return fc.oneof(...anyOf.map((each) => values.fitting(each, each.type === 'string' ? name : '')))
    switch (schema.type) {
      case 'object': {
        const { properties = {}, required = [] } = schema
        return fc.record(Object.fromEntries(Object.entries(properties).map(([key, field]) => [key, values.fitting(field, key)])), { requiredKeys: [...required] })
      }
      case 'array':
        return fc.oneof(...[1, 4].map((most) => fc.array(values.fitting(schema.items ?? {}, name), { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? most, most) })))
      case 'integer':
      case 'number':
        return numbers(schema)
      case 'string':
        return strings(schema)
      case 'boolean':
        return fc.boolean()
      default:
        return fc.jsonValue()
    }
  }

  const spoiled = (schema: Schema, name: string): fc.Arbitrary<unknown> => {
    if (schema.anyOf !== undefined) return fc.oneof(wrong(schema), ...schema.anyOf.map((each) => values.spoiled(each, name)))
    if (schema.type === 'array') return fc.oneof(wrong(schema), fc.tuple(fitting(schema, name), values.spoiled(schema.items ?? {}, name)).map(([items, bad]) => [...items as unknown[], bad]))
    if (schema.type !== 'object') return wrong(schema)
    const fields = Object.entries(schema.properties ?? {})
    const good = fitting(schema, name) as fc.Arbitrary<Record<string, unknown>>
    return fc.oneof(
      ...fields.map(([key, field]) => fc.tuple(good, values.spoiled(field, key)).map(([object, bad]) => ({ ...object, [key]: bad }))),
      fc.tuple(good, strangeNames).map(([object, key]) => ({ ...object, [key]: 1 })),
      fc.tuple(good, oneOf('', ...fields.map(([key]) => key))).map(([object, key]) => Object.fromEntries(Object.entries(object).filter(([other]) => other !== key))),
      wrong(schema),
    )
  }
  return values
}

function numbers({ minimum = -(2 ** 53), maximum = 2 ** 53, type }: Schema): fc.Arbitrary<number> {
  const [min, max] = [Math.max(minimum, Number.MIN_SAFE_INTEGER), Math.min(maximum, Number.MAX_SAFE_INTEGER)]
  const small = fc.integer({ min: Math.max(min, -20), max: Math.min(max, 20) })
  return type === 'integer' ? fc.oneof(small, small, oneOf(min, max), fc.integer({ min, max })) : fc.oneof(small, oneOf(min, max), fc.double({ min, max, noNaN: true }))
}

function strings({ minLength = 0, maxLength = 300, format }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return instant
  if (format === 'uuid') return fc.oneof(uuid, fc.nat({ max: 20 }).map((number) => `019a9f00-0000-7000-8000-0000000000${String(number).padStart(2, '0')}`), oneOf('00000000-0000-7000-8000-000000000000', 'ffffffff-ffff-7fff-bfff-ffffffffffff'))
  const atBound = oneOf('x', 'é', '世').map((letter) => letter.repeat(maxLength))
  return fc.oneof({ weight: 12, arbitrary: words }, { weight: 2, arbitrary: fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 40) }) }, { weight: 1, arbitrary: atBound }, { weight: 1, arbitrary: oneOf(...hostileTexts) })
}

function wrong({ minLength, maxLength, minimum, maximum, minItems, maxItems }: Schema): fc.Arbitrary<unknown> {
  const beyond = [
    ...(maxLength === undefined ? [] : ['x'.repeat(maxLength + 1), '𝒳'.repeat(maxLength), '𝒳'.repeat(maxLength + 1)]),
    ...(minLength === undefined ? [] : ['x'.repeat(Math.max(0, minLength - 1))]),
    ...(minimum === undefined ? [] : [minimum - 1, minimum - 0.5]),
    ...(maximum === undefined ? [] : [maximum + 1, maximum + 0.5, String(maximum)]),
    ...(minItems === undefined ? [] : [[]]),
    ...(maxItems === undefined || maxItems > 10_000 ? [] : [Array.from({ length: maxItems + 1 }, () => 0)]),
  ]
  return beyond.length > 0 ? fc.oneof(oneOf(...wrongValues), oneOf(...beyond)) : oneOf(...wrongValues)
}

/** As JSON text. */
export function writeJson(value: unknown): string {
  return (JSON.stringify(value) ?? '').replaceAll(/"~raw:((?:[^"\\]|\\.)*?)~"/g, (_whole, json: string) => json.replaceAll(/\\(["\\])/g, '$1'))
}

/** Most texts stay as they are. */
export const brokenJson: fc.Arbitrary<(json: string) => string> = fc.oneof(
  { weight: 12, arbitrary: fc.constant((json: string) => json) },
  {
    weight: 1,
    arbitrary: oneOf<(json: string) => string>(
      (json) => `\ufeff${json}`, (json) => json.slice(0, -1), (json) => `${json}${json}`, (json) => `[${json}]`, (json) => ` \n\t${json}\r\n `,
      (json) => json.replaceAll('"', "'"),
      (json) => json.replace('{', '{"name":"echo",'), (json) => json.replace('{', '{"name":"x","name":"echo",'), (json) => json.replace(/}$/,
      ',}'), (json) => json.replace('{', '{/**/'), (json) => json.replace(/:/, ':NaN,"x":'),
      () => '', () => 'null', () => '0', () => '"x"', () => '[]', () => 'true', () => '{', () => '\u0000', () => 'name=echo', () => '<name/>',
      () => '['.repeat(100_000), () => '{"a":'.repeat(50_000), () => `{"name":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, () => `{"name":"echo","payload":"${'x'.repeat(1_048_570)}"}`,
      () => `{"name":"echo","payload":"${'x'.repeat(1_179_700)}"}`, () => `{"name":"echo","payload":{${Array.from({ length: 5_000 }, (_, at) => `"${at}":${at}`).join()}}}`, (json) => json.replace('{', `{${Array.from({ length: 2_000 }, (_, at) => `"x${at}":0,`).join('')}`),
    ),
  },
)
