/** What extract_labels.lua makes of records, in the Lua that Fluent Bit has. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineIds } from '../../src/kernel/observe/log-line.ts'
import { createRecordWriter } from '../../src/kernel/observe/log-record.ts'
import { type Input, type LogRecord, type LuaValue, filterRecords, parsed } from './lua-filter.ts'
import { hasProgram } from './programs.ts'

const labels = ['app', 'environment', 'hostname', 'service_name', 'severity'] as const
const severities = ['DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL']

const line = createRecordWriter({ labels: { app: 'shop', environment: 'staging', hostname: 'node7' } })({
  level: 'warn', logger: 'orders', event: 'slow', bindings: {},
  fields: { request_id: 'r-1', trace_id: 't-1', task_id: 'k-1', correlation_id: 'c-1', duration_ms: 1500, note: 'zwölf „Boxkämpfer“ \u0001 \\ "' },
})
/** When records come to the filter: a little after the line was written. */
const now = { sec: Number(line.timestampNs.slice(0, 10)) + 1, nsec: 123_456_000 }

const entry = { MESSAGE: 'hello', _SYSTEMD_UNIT: 'user@1000.service', _SYSTEMD_USER_UNIT: 'taskflows-web.service', _UID: '1000', _HOSTNAME: 'node1', PRIORITY: '6' }
const containerLine = { log: 'hello', container_name: '/taskflows-web', container_id: '3f2a91c07b4e', source: 'stderr' }
const fromJournal = (fields: LogRecord): Input => ({ tag: 'journal', time: now, record: parsed({ ...entry, ...fields }, 'MESSAGE') })
const fromDocker = (fields: LogRecord): Input => ({ tag: 'docker.3f2a91c07b4e', time: now, record: parsed({ ...containerLine, ...fields }, 'log') })
const fromFile = (fields: LogRecord): Input => ({ tag: 'file', time: now, record: parsed({ log: 'hello', file: '/var/log/taskflows/billing.log', ...fields }, 'log') })

const recordOf = (input: Input, env?: Readonly<Record<string, string>>) => filterRecords([input], env)[0]!.record
const isDropped = (input: Input, env?: Readonly<Record<string, string>>) => filterRecords([input], env)[0]!.code === -1

describe.skipIf(!hasProgram('luajit', 'luajit'))('extract_labels.lua', () => {
  test('a line of our logger reaches Loki byte by byte, so that context can be asked for', () => {
    for (const input of [fromJournal({ MESSAGE: line.text }), fromDocker({ log: line.text }), fromFile({ log: line.text })]) {
      const { log } = recordOf(input)
      expect(log).toBe(line.text)
      expect(JSON.parse(String(log))).toMatchObject({ context: { duration_ms: 1500 } })
    }
  })

  test('beside the line stay five labels and the ids, and nothing else', () => {
    expect(recordOf(fromJournal({ MESSAGE: line.text }))).toEqual({
      log: line.text, app: 'shop', environment: 'staging', hostname: 'node7', service_name: 'web', severity: 'WARN',
      request_id: 'r-1', trace_id: 't-1', task_id: 'k-1', correlation_id: 'c-1',
    })
  })

  test('the time is the one that the line has, as exactly as numbers of Lua hold it', () => {
    const [inNumber, inText] = filterRecords([fromJournal({ MESSAGE: line.text }), fromJournal({ MESSAGE: `{"timestamp_ns":"${now.sec}000000001"}` })])
    const { sec, nsec } = inNumber!.time as { sec: number; nsec: number }
    const away = BigInt(line.timestampNs) - (BigInt(sec) * 1_000_000_000n + BigInt(nsec))
    expect(away >= -128n && away <= 128n).toBe(true)
    expect(inText!.time).toEqual({ sec: now.sec, nsec: 1 })
  })

  test.for([`${now.sec - 7 * 86_400}000000000`, `${now.sec + 3_600}000000000`, '-1', '1e18', 'soon', 5, null, true, 2 ** 70])('a time of %s is not taken', (timestamp) => {
    expect(filterRecords([fromJournal({ timestamp_ns: timestamp })])[0]!.time).toEqual(now)
  })

  test('a line that is no JSON stays as it is', () => {
    for (const text of ['plain', '{"half":', '[1]', '"text"', '42', 'null', '  indented', 'Grüße 🚀']) {
      expect(recordOf(fromJournal({ MESSAGE: text })).log).toBe(text)
    }
  })

  test('a line cannot speak for another unit', () => {
    expect(recordOf(fromJournal({ MESSAGE: '{"_SYSTEMD_USER_UNIT":"taskflows-bank.service","service_name":"bank","MESSAGE":"x"}' }))).toMatchObject({ service_name: 'web' })
  })

  test.for([
    ['a user unit', { _SYSTEMD_USER_UNIT: 'taskflows-nightly-report.service' }, 'nightly-report'],
    ['a system unit', { _SYSTEMD_USER_UNIT: null, _SYSTEMD_UNIT: 'taskflows-web.service' }, 'web'],
    ['the server itself', { _SYSTEMD_USER_UNIT: null, _SYSTEMD_UNIT: 'taskflows.service' }, 'taskflows'],
    ['an instance', { _SYSTEMD_USER_UNIT: 'taskflows-web@3.service' }, 'web@3'],
    ['the user manager about a unit', { _SYSTEMD_USER_UNIT: 'init.scope', USER_UNIT: 'taskflows-web.service' }, 'web'],
    ['systemd about a unit', { _SYSTEMD_USER_UNIT: null, _SYSTEMD_UNIT: 'init.scope', _PID: '1', UNIT: 'taskflows-web.service' }, 'web'],
    ['a container in the journal', { _SYSTEMD_USER_UNIT: null, _SYSTEMD_UNIT: 'docker.service', CONTAINER_NAME: 'taskflows-cache-3f2a91c07b4e' }, 'cache'],
  ] as const)('the journal: %s', ([, fields, service]) => {
    expect(recordOf(fromJournal(fields)).service_name).toBe(service)
  })

  test.for([
    ['another unit', { _SYSTEMD_USER_UNIT: 'firefox.service' }],
    ['a unit whose name only holds ours', { _SYSTEMD_USER_UNIT: 'my-taskflows-web.service' }],
    ['a timer', { _SYSTEMD_USER_UNIT: 'taskflows-web.timer' }],
    ['a program that makes up a unit', { _SYSTEMD_USER_UNIT: 'firefox.service', UNIT: 'taskflows-web.service', USER_UNIT: 'taskflows-web.service' }],
    ['an entry without a message', { MESSAGE: null }],
    ['a field that is there twice', { _SYSTEMD_USER_UNIT: ['taskflows-a.service', 'taskflows-b.service'] }],
  ] as const)('the journal: %s is dropped', ([, fields]) => {
    expect(isDropped(fromJournal(fields))).toBe(true)
  })

  test('with SERVICE_UID set the journal of other accounts is dropped, and nothing of the other inputs', () => {
    expect(isDropped(fromJournal({}), { SERVICE_UID: '1001' })).toBe(true)
    expect(isDropped(fromJournal({}), { SERVICE_UID: '1000' })).toBe(false)
    expect(isDropped(fromJournal({}), { SERVICE_UID: '' })).toBe(false)
    expect(isDropped(fromDocker({}), { SERVICE_UID: '1001' })).toBe(false)
  })

  test.for([
    ['/taskflows-web', 'web'], ['/taskflows-web-3f2a91c07b4e', 'web'], ['web_3f2a91c07b4e', 'web'], ['/shop-api-1', 'shop-api-1'],
    ['web.1.x2jwkd93lfo20dkwp4m5n6b7v', 'web'], ['taskflows-', 'taskflows-'], ['/', '/'], ['deadbeefcafe', 'deadbeefcafe'],
  ] as const)('the container %s is the service %s', ([name, service]) => {
    expect(recordOf(fromDocker({ container_name: name })).service_name).toBe(service)
  })

  test('a line in a file is of the service that it names, else of its app, else of the file', () => {
    const serviceOf = (text: string) => recordOf(fromFile({ log: text })).service_name
    expect([serviceOf('{"service_name":"invoices","app":"shop"}'), serviceOf('{"app":"shop"}'), serviceOf('plain')]).toEqual(['invoices', 'shop', 'billing'])
  })

  test('what neither the record nor the line says comes from the environment, and else there are defaults', () => {
    const bare = { tag: 'docker.x', record: { log: 'hello' } }
    const labelled = { log: 'hello', severity: 'INFO' }
    expect(recordOf(bare, { APP_NAME: 'shop', ENVIRONMENT: 'staging', HOSTNAME: 'node9' }))
      .toEqual({ ...labelled, app: 'shop', environment: 'staging', hostname: 'node9', service_name: 'shop' })
    expect(recordOf(bare)).toEqual({ ...labelled, app: 'taskflows', environment: 'production', hostname: 'unknown', service_name: 'taskflows' })
  })

  test.for([
    [{ severity: 'ERROR' }, 'ERROR'], [{ severity: 'Warning' }, 'WARN'], [{ level: 'fatal' }, 'CRITICAL'], [{ level_name: 'debug' }, 'DEBUG'],
    [{ level: 30 }, 'INFO'], [{ level: 50 }, 'ERROR'], [{ PRIORITY: '3' }, 'ERROR'], [{ PRIORITY: '9' }, 'INFO'], [{ severity: 'r-4711' }, 'INFO'],
    [{ severity: 5, level: [], PRIORITY: '4' }, 'WARN'],
  ] as const)('%j is %s', ([fields, severity]) => {
    expect(recordOf(fromJournal({ PRIORITY: null, ...fields })).severity).toBe(severity)
  })

  test('fields that came without a line are the line', () => {
    const fields = { event: 'paid', context: { amount: 5 }, app: 'shop' }
    expect(recordOf({ tag: 'orders', record: fields })).toMatchObject({ ...fields, service_name: 'shop' })
  })

  test('lines of a service that share a nanosecond get the next ones, also over the end of a second', () => {
    const times = (inputs: readonly Input[]) => filterRecords(inputs).map(({ time }) => time)
    const at = (sec: number, nsec: number, unit = 'taskflows-web.service'): Input => ({ time: { sec, nsec }, record: { MESSAGE: 'x', _SYSTEMD_USER_UNIT: unit } })
    expect(times([at(5, 7), at(5, 7), at(5, 7), at(5, 7, 'taskflows-api.service'), at(5, 6)]).map((time) => (time as { nsec: number }).nsec)).toEqual([7, 8, 9, 7, 6])
    expect(times([at(5, 999_999_999), at(5, 999_999_999)])).toEqual([{ sec: 5, nsec: 999_999_999 }, { sec: 6, nsec: 0 }])
  })

  test('a hundred services are remembered, and the one heard of longest ago is forgotten', () => {
    const at = (service: number): Input => ({ time: { sec: 5, nsec: 7 }, record: { MESSAGE: 'x', _SYSTEMD_USER_UNIT: `taskflows-s${service}.service` } })
    const hundred = Array.from({ length: 100 }, (_, index) => at(index))
    const nsec = filterRecords([...hundred, at(0), at(100), at(0), at(1)]).map(({ time }) => (time as { nsec: number }).nsec)
    expect(nsec.slice(100)).toEqual([8, 7, 9, 7])
  })

  test('a label takes five hundred values, and all later ones are one', () => {
    const inputs = Array.from({ length: 700 }, (_, index) => fromFile({ log: `{"app":"shop-${index}"}` }))
    const apps = filterRecords([...inputs, inputs[3]!]).map(({ record }) => record.app)
    expect(new Set(apps).size).toBe(501)
    expect(apps.slice(499, 501)).toEqual(['shop-499', 'other'])
    expect(apps.at(-1)).toBe('shop-3')
  })

  test('without time_as_table the time stays a number', () => {
    expect(filterRecords([{ ...fromJournal({}), time: 1_790_000_000.5 }])[0]!.time).toBe(1_790_000_000.5)
  })

  test('whatever comes, there is no error, and what is kept has labels that Loki takes', () => {
    const anyValue = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom('', 'x'.repeat(5_000), 'ü'.repeat(200), 'taskflows-web.service', '1', '1790000000000000000'),
      fc.double(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.string(), { maxLength: 3 }), fc.dictionary(fc.string(), fc.integer(), { maxKeys: 3 }),
    ) as fc.Arbitrary<LuaValue>
    const names = [
      'MESSAGE', 'log', 'PRIORITY', '_SYSTEMD_UNIT', '_SYSTEMD_USER_UNIT', 'UNIT', 'USER_UNIT', '_PID', '_UID', '_HOSTNAME', '_TRANSPORT', 'CONTAINER_NAME', 'container_name',
      'file', 'timestamp_ns', 'level', 'level_name', ...labels, ...lineIds,
    ]
    const anyRecord = fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: fc.string() }), anyValue, { maxKeys: 12 })
    const anyTime = fc.oneof(fc.record({ sec: fc.integer(), nsec: fc.integer() }), fc.record({ sec: anyValue }), anyValue) as fc.Arbitrary<LuaValue>
    const anyInput = fc.record({ tag: fc.string(), time: anyTime, record: fc.oneof({ weight: 30, arbitrary: anyRecord }, { weight: 1, arbitrary: anyValue }) })
    const inputs = fc.sample(anyInput, { numRuns: 1_000, seed: 4 }) as Input[]

    const outputs = filterRecords(inputs)
    expect(outputs).toHaveLength(inputs.length)
    const kept = outputs.filter(({ code }) => code > 0)
    expect(kept.length).toBeGreaterThan(100)
    const records = kept.map(({ record }) => record)
    expect(records.filter((record) => !labels.every((name) => isLabel(record[name])) || !severities.includes(String(record.severity)))).toEqual([])
    expect(records.filter((record) => lineIds.some((name) => !['undefined', 'string'].includes(typeof record[name])))).toEqual([])
  })
})

function isLabel(value: LuaValue | undefined): boolean {
  return typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= 128 && !/[\u0000-\u001f\ufffd]/.test(value)
}
