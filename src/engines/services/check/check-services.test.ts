import { expect, test } from 'vitest'
import { compileHost } from '../../../../test/testbed/compile-host.ts'
import { compileService } from '../../../adapters/systemd/compile/compile-service.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import type { Finding } from './check-finding.ts'
import { type CheckOptions, type CheckReport, type CheckTools, checkServices } from './check-services.ts'
import { readDefinition } from '../define/read-definition.ts'
import type { ServiceDefinition } from '../service-definition.ts'

const at = (text: string): number => Date.parse(text)
/** 2027 in New York. */
const year = { now: at('2026-11-21T12:00:00Z'), from: at('2027-01-01T05:00:00Z'), days: 365, zone: 'America/New_York' }

const define = (fields: Readonly<Record<string, unknown>>): ServiceDefinition => readDefinition({ name: 'web', startCommand: '/bin/true', hardening: 'web', ...fields }, { directory: '/', source: '/srv/services.ts' })

/** A machine with one service and one foreign unit, where systemd has nothing to say. */
const tools: CheckTools = {
  compile: (definition) => compileService(definition, compileHost(definition.scope)),
  installed: async (scope) => (scope === 'user' ? ['there'] : ['below']),
  unitExists: (unit, scope) => (unit.endsWith('.slice') ? undefined : scope === 'system' && unit === 'network-online.target'),
  verify: async () => [],
  exposures: async (units) => units.map(({ text }) => ({ score: text.includes('NoNewPrivileges=') ? 5 : 9, word: 'WORD', advice: [{ directive: 'UMask=', about: 'Files are open', exposure: 0.1 }] })),
}

const check = (services: readonly Readonly<Record<string, unknown>>[], options: Partial<CheckOptions> = {}, other: Partial<CheckTools> = {}): Promise<CheckReport> =>
  checkServices(services.map(define), { ...tools, ...other }, { ...year, ...options })
const told = async (services: readonly Readonly<Record<string, unknown>>[], options?: Partial<CheckOptions>, other?: Partial<CheckTools>): Promise<string[]> =>
  (await check(services, options, other)).findings.map(({ severity, check: kind, service, field, message }) => `${severity} ${kind} ${service ?? '-'} ${field ?? '-'}: ${message}`)

const job = { type: 'oneshot', timeout: '1m' }
const night = (index: number) => ({ ...job, name: `night${index}`, startSchedule: { schedule: '04:00' } })

test.each<[string, readonly Readonly<Record<string, unknown>>[], readonly (string | RegExp)[]]>([
  ['a service that is right', [{ ...job, startSchedule: '04:00', startAfter: 'there' }], []],
  ['dates that are past', [{ ...job, startSchedule: '2020-01-01' }], [/^error calendar web startSchedule: 2020-01-01 00:00:00 never comes again/]],
  ['a stop that never comes', [{ stopSchedule: '2027-02-30' }], [/^error calendar web stopSchedule: 2027-02-30 00:00:00 never/]],
  ['dates beyond the year', [{ ...job, startSchedule: '2030-01-01' }], [/^advice calendar web startSchedule: it does not run within the year/]],
  ['an hour that clocks skip', [{ ...job, startSchedule: '02:30' }], ['warning clock web startSchedule: 2027-03-14 02:30 America/New_York will not come, because clocks go forward: no run then']],
  ['an hour that comes twice', [{ ...job, startSchedule: '01:30' }], [/^advice clock web startSchedule: 2027-11-07 01:30 America\/New_York comes twice/]],
  ['every hour, which an hour less does not harm', [{ ...job, startSchedule: 'hourly' }], []],
  ['runs nearer to each other than they take', [{ ...job, timeout: '10m', startSchedule: '*:0/5 UTC' }], [/^warning overlap web startSchedule: a run may take 10 min, and the next is due after 5 min: up to 52560 of 105120/]],
  ['a period shorter than a run', [{ ...job, startSchedule: { kind: 'periodic', startOn: 'boot', period: '30s', relativeTo: 'start' } }], [/^warning overlap web startSchedule: a run may take 1 min, and the next is due after 30 s/]],
  ['runs that are let begin beside each other', [{ ...job, timeout: '12m', overlap: 'allow', startSchedule: '*:0/5 UTC' }], [/^warning overlap web startSchedule: .*: up to 105119 of 105120 runs would be begun beside another, and up to 3 go on at once/]],
  ['such that may hang', [{ type: 'oneshot', overlap: 'allow', startSchedule: '04:00' }], [/^advice overlap web startSchedule: runs that hang would add up/]],
  ['runs without an end', [{ type: 'oneshot', startSchedule: '04:00' }], [/^advice overlap web startSchedule: a run that hangs/]],
  ['eleven at the same minute', Array.from({ length: 11 }, (_, index) => night(index)), [/^warning collision - -: 11 services start at 2027-01-01 09:00 UTC \(night0, night1, night2, night3, night4, \.\.\.\), and more than ten in 365 minutes/]],
  ['eleven instances at the same minute', [{ ...job, name: 'w@', instances: Array.from({ length: 11 }, (_, index) => String(index)), startSchedule: '04:00' }], [/^warning collision - -: 11 services start/]],
  ['eleven that are spread', Array.from({ length: 11 }, (_, index) => ({ ...night(index), startSchedule: { schedule: '04:00', randomizedDelay: '5m' } })), []],
  ['a need of what is nowhere', [{ requires: 'nowhere', startAfter: 'nowhere' }], [/^error dependency web requires: the service nowhere is defined nowhere/, /^warning dependency web startAfter: the service nowhere/]],
  ['a need of what another scope has', [{ bindsTo: 'below', startAfter: 'network-online.target' }], [
    /^error dependency web bindsTo: below is a service of scope system/, /^warning dependency web startAfter: network-online\.target is a unit of scope system/, /^advice dependency web startAfter: below is required/,
  ]],
  ['a unit that is nowhere', [{ wants: ['no.service', 'x.slice'] }], ['warning dependency web wants: there is no unit no.service on this machine']],
  ['units of ours by their whole names', [{ wants: 'taskflows-job.service', startAfter: 'taskflows-job.timer' }, { ...job, name: 'job', startSchedule: '04:00' }], []],
  ['an instance of a template', [{ requires: 'job@1', startAfter: 'job@1' }, { name: 'job@', instances: ['1'] }], []],
  ['a need without an order', [{ requires: 'there' }], ['advice dependency web startAfter: there is required, but both start at the same time']],
  ['a circle of order, from both ends', [{ name: 'a', startAfter: 'b' }, { name: 'b', startAfter: 'c' }, { name: 'c', startBefore: [] }, { name: 'd' }, { name: 'e', startBefore: 'f', startAfter: 'f' }, { name: 'f' }], [
    'error dependency e startAfter: each starts after the other: e -> f -> e',
  ]],
  ['a long circle of order', [{ name: 'a', startAfter: 'b' }, { name: 'b', startAfter: 'c' }, { name: 'c', startAfter: 'taskflows-a.service' }], ['error dependency a startAfter: each starts after the other: a -> b -> c -> a']],
  ['a circle of needs', [{ name: 'a', requires: 'b', startAfter: 'b' }, { name: 'b', requires: 'a' }], ['warning dependency a requires: each requires the other: a -> b -> a', /^advice dependency b startAfter: a is required/]],
  ['a variable that no shell puts in', [{ startCommand: '/bin/echo $HOME/x' }], [/^warning command web startCommand: "\$HOME\/x" is passed as it is/]],
  ['operators of a shell as words', [{ execStartPre: [['/bin/a', '&&', '/bin/b']] }], [/^warning command web execStartPre: "&&" is passed to \/bin\/a as a word/]],
  ['a home that no shell puts in', [{ stopCommand: '/bin/rm ~/pid' }], [/^warning command web stopCommand: "~\/pid"/]],
  ['files by a pattern', [{ startCommand: '/bin/gzip /var/log/*.log' }], [/^advice command web startCommand: "\/var\/log\/\*\.log"/]],
  ['words that are a program, a pattern in text or an address', [{ startCommand: ['/bin/x', '{print $NF}', '"/a/*"', 'http://h/?q'] }], []],
  ['what a shell runs', [{ startCommand: ['bash', '-c', 'a && echo $HOME > ~/x'] }], []],
  ['a pattern that find reads', [{ startCommand: 'find /tmp -name x-*' }], []],
  ['secrets in env', [{ env: { DB_PASSWORD: 'hunter2', PLAIN: 'x' } }], ['advice secret web env: DB_PASSWORD looks like a secret, and its value is part of the definition']],
  ['what cannot be compiled', [{ startCommand: '~/bin/serve' }], [/^error definition web -: The program "~\/bin\/serve"/]],
])('%s', async (_, services, expected) => {
  const found = await told(services)
  expect(found).toHaveLength(expected.length)
  for (const one of expected) expect(found).toContainEqual(typeof one === 'string' ? one : expect.stringMatching(one))
})

test('what the machine lacks is told once, and everything else is checked', async () => {
  const missing = async () => { throw new TaskflowsError('systemd.unavailable', 'systemd-analyze is not installed') }
  const { findings, services } = await check([{ ...job, startSchedule: '2020-01-01', hardening: 'none' }], { maxScore: 1 }, { verify: missing, exposures: missing })
  expect(findings.map(({ severity, check: kind, message }) => [severity, kind, message])).toEqual([
    ['error', 'calendar', expect.stringContaining('never comes again')],
    ['warning', 'tool', 'the units are not verified: systemd-analyze is not installed'],
    ['warning', 'tool', 'exposure is not scored: systemd-analyze is not installed'],
  ])
  expect(services[0]!.exposure).toBeNull()
})

test('a fault of the tools themselves is no finding', async () => {
  await expect(check([{}], {}, { verify: async () => { throw new RangeError('broken') } })).rejects.toThrow('broken')
})

test('exposure is advice, and an error above what is allowed; the profile is named first', async () => {
  const exposure = async (fields: object, maxScore?: number): Promise<Finding | undefined> => (await check([fields as Record<string, unknown>], { maxScore })).findings[0]
  expect(await exposure({ hardening: 'none' })).toMatchObject({ severity: 'advice', field: 'hardening', message: 'exposure 9 WORD', hint: "hardening: 'web' makes it 5 WORD." })
  expect(await exposure({ hardening: 'none' }, 4)).toMatchObject({ hint: "hardening: 'web' makes it 5 WORD; UMask= (0.1: Files are open)." })
  expect(await exposure({ ...job, hardening: 'none' }, 8)).toMatchObject({ severity: 'error', message: 'exposure 9 WORD, more than 8', hint: expect.stringContaining("hardening: 'batch'") as string })
  expect(await exposure({}, 4.9)).toMatchObject({ severity: 'error', message: 'exposure 5 WORD, more than 4.9', hint: 'UMask= (0.1: Files are open).' })
  expect(await exposure({}, 5)).toBeUndefined()
})

test('what systemd says goes to the service, but for what is told better here', async () => {
  const say = (unit: string, message: string) => ({ unit, line: 3, severity: 'error' as const, message })
  expect(await told([{}], {}, { verify: async () => [say('taskflows-web.service', 'Unknown key'), say('taskflows-web.service', 'Command x is not executable: No such file'), say('other.service', 'Bad')] })).toEqual([
    'error unit web -: systemd says of taskflows-web.service:3: Unknown key', 'error unit - -: systemd says of other.service:3: Bad',
  ])
})

test('services that are not checked, or could not be read, are still there', async () => {
  const others = [define({ name: 'excluded', startAfter: 'web' })]
  expect(await told([{ requires: ['excluded', 'unread'], startAfter: ['excluded', 'unread'] }], { others, refused: ['unread'] })).toEqual([
    'error dependency web startAfter: each starts after the other: web -> excluded -> web',
  ])
})

test('next runs are told in the zone of the schedule and as instants', async () => {
  const { services: [web] } = await check([{ ...job, startSchedule: ['Sat 09:00', 'Mon 09:00 Europe/Berlin'] }])
  expect(web!.schedules.map(({ zone, nextRuns }) => ({ zone, first: nextRuns[0], count: nextRuns.length }))).toEqual([
    { zone: 'America/New_York', first: { at: at('2026-11-21T14:00:00Z'), local: '2026-11-21 09:00:00' }, count: 3 },
    { zone: 'Europe/Berlin', first: { at: at('2026-11-23T08:00:00Z'), local: '2026-11-23 09:00:00' }, count: 3 },
  ])
  expect(web!.year!.runs).toBe(104)
})
