/** Definitions of services over the whole space of what can be said, as people say it, and in normal form. All of them are accepted. */
import fc from 'fast-check'
import { readDefinition } from '../../src/engines/services/define/read-definition.ts'
import type { ServiceDefinition } from '../../src/engines/services/service-definition.ts'

const text = (maxLength = 30): fc.Arbitrary<string> => fc.string({ unit: fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...'abcxyzABZ019 _-./:=,+@#%$"\'\\;|&<>()[]{}*?!~^`') },
  { weight: 1, arbitrary: fc.constantFrom('é', '日', '👩', '%n', '$HOME', '${X}', '\\n', '%%') },
), minLength: 1, maxLength }).filter((value) => value.trim() !== '')

const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}[a-z0-9]$/)
const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}[A-Za-z0-9_]$/).filter((value) => !value.includes('..') && !/^(?:systemd|init|system|user|srv-api)$/.test(value)
  && !/\.(?:service|socket|target|timer|path|mount|automount|swap|slice|scope|device)$/.test(value))
const oneOf = <const T extends readonly unknown[]>(...values: T): fc.Arbitrary<T[number]> => fc.constantFrom(...values)
const duration: fc.Arbitrary<number | string> = fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 9_999 }).map((ms) => ms / 1000), oneOf('5m', '1h 30min', '250ms', '2 days'))
const size: fc.Arbitrary<number | string> = fc.oneof(fc.integer({ min: 1, max: 2 ** 40 }), oneOf('512M', '1.5GB', '2 GiB', '100k'))
const percent = fc.integer({ min: 0, max: 100 })
const few = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { minLength: 1, maxLength: 3 })
const maybe = <T>(of: fc.Arbitrary<T>, freq = 3): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined, freq })
/** Some of the fields; what is left out is `undefined`, which says nothing. */
const some = (fields: Record<string, fc.Arbitrary<unknown>>, freq = 3): fc.Arbitrary<Record<string, unknown>> => fc.record(Object.fromEntries(Object.entries(fields).map(([key, of]) => [key, maybe(of, freq)])))
  .map((found) => Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)))

const program = oneOf('/bin/true', '/bin/sleep', '/usr/bin/env')
const command: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(program, fc.array(text(), { maxLength: 4 })).map(([first, rest]) => [first, ...rest]) },
  { weight: 2, arbitrary: oneOf('/bin/sleep 60', '/bin/echo "two words" $HOME ~ 100%', `/bin/echo 'a "b"' c\\ d`) },
  { weight: 1, arbitrary: fc.constant({ kind: 'function', file: import.meta.filename, export: 'serviceOptions' }) },
)

const accuracy = oneOf(undefined, '1ms', '1s', 60)
const calendars = oneOf('Mon-Fri 09:00', 'Mon-Sun 14:00 America/New_York', 'Mon,Wed,Fri 16:30:30', 'Sun 17:00 UTC', 'daily 03:00', 'Mon..Fri *-*-* 09:00:00 Europe/Berlin', '*-*-01 00:00', 'hourly')
/** A timer has one accuracy, one delay and one persistence, so all schedules of a list agree. */
const schedules: fc.Arbitrary<unknown> = fc.record({ accuracy, randomizedDelay: maybe(duration), persistent: maybe(fc.boolean()) }).chain((shared) => {
  const { persistent, ...end } = Object.fromEntries(Object.entries(shared).filter(([, value]) => value !== undefined))
  const calendar = calendars.map((schedule) => ({ schedule, ...(persistent === undefined ? {} : { persistent }), ...end }))
  const periodic = fc.record({ startOn: oneOf('boot', 'login', 'command'), period: duration, relativeTo: oneOf('start', 'finish') }).map((fields) => ({ ...fields, ...end }))
  return fc.oneof(calendar, periodic, few(fc.oneof(calendar, periodic)))
})

const requirement = fc.oneof(
  fc.record({ kind: fc.constant('memory'), amount: size, constraint: oneOf('<', '<=', '=', '!=', '>=', '>'), silent: fc.boolean() }),
  fc.record({ kind: fc.constant('cpus'), amount: fc.integer({ min: 1, max: 256 }), constraint: oneOf('<', '<=', '=', '!=', '>=', '>'), silent: fc.boolean() }),
  fc.record({ kind: oneOf('cpu_pressure', 'memory_pressure', 'io_pressure'), maxPercent: percent, timespan: oneOf('10sec', '1min', '5min'), silent: fc.boolean() }),
)

const positive = fc.integer({ min: 1, max: 1_000_000 })
const perDevice = (of: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.dictionary(oneOf('/dev/sda', '/dev/vda', '/dev/nvme0n1'), of, { minKeys: 1, maxKeys: 2 })
const capabilities = few(oneOf('NET_RAW', 'CAP_SYS_ADMIN', 'chown', 'ALL'))
const env = fc.dictionary(fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,10}$/), fc.oneof(text(), fc.constant(''), fc.integer(), fc.boolean()), { minKeys: 1, maxKeys: 4 })

const cgroup = some({
  cpuQuota: fc.integer({ min: 1_000, max: 1_000_000 }), cpuPeriod: fc.integer({ min: 1_000, max: 1_000_000 }), cpuShares: fc.integer({ min: 2, max: 262_144 }), cpuWeight: fc.integer({ min: 1, max: 10_000 }),
  cpusetCpus: oneOf('0', '0-3', '0,2'), memoryLimit: size, memoryHigh: size, memoryReservation: size, memoryLow: size, memoryMin: size, memorySwapLimit: size, memorySwapMax: size,
  memorySwappiness: percent, ioWeight: fc.integer({ min: 1, max: 10_000 }), blkioWeight: fc.integer({ min: 10, max: 1_000 }),
  deviceReadBps: perDevice(size), deviceWriteBps: perDevice(size), deviceReadIops: perDevice(positive), deviceWriteIops: perDevice(positive), pidsLimit: positive, nofileLimit: positive,
  oomScoreAdj: fc.integer({ min: -1000, max: 1000 }), oomPolicy: oneOf('continue', 'stop', 'kill'), managedOomSwap: oneOf('auto', 'kill'), managedOomMemoryPressure: oneOf('auto', 'kill'),
  managedOomMemoryPressureLimit: percent, managedOomPreference: oneOf('none', 'avoid', 'omit'), readOnlyRootfs: fc.boolean(), capDrop: capabilities, capAdd: capabilities,
  devices: few(oneOf('/dev/null', '/dev/fuse:rw')), deviceCgroupRules: few(oneOf('c 42:* rmw', 'a *:* r')), timeoutStart: duration, timeoutStop: duration, environment: env, workingDir: oneOf('/tmp', '/usr/share'),
}, 4)

const health = fc.oneof(
  fc.record({ url: oneOf('http://127.0.0.1:8000/health', 'https://localhost/') }),
  fc.record({ port: fc.integer({ min: 1, max: 65_535 }), host: oneOf('127.0.0.1', '::1') }),
  fc.record({ command, within: duration }),
)

/** Longer than a name above, so that no service depends on itself. */
const dependency = fc.oneof(name.map((other) => `some-other-service-${other}-x`), oneOf('network-online.target', 'worker@1', 'taskflows-other.service', 'dev-sda.device'))

const option = oneOf('a', 'some-option', 'x.y')
const container = some({
  name: word.map((base) => `${base}-x`), persisted: fc.boolean(), pull: oneOf('missing', 'always', 'never'), publishAllPorts: fc.boolean(), init: fc.boolean(), tty: fc.boolean(), privileged: fc.boolean(),
  ports: fc.oneof(oneOf({ '8080/tcp': 8080 }, { '53/udp': ['127.0.0.1', 5353], '80': [81, 82], '9/sctp': null }), few(oneOf(80, '80:8080', '127.0.0.1:80:8080/udp', '[::1]:80:8080', '127.0.0.1::9'))),
  volumes: few(oneOf('/srv/data:/data:ro', 'cache:/var/cache', { hostPath: '/srv/my data', containerPath: '/my data', readOnly: true }, { hostPath: '/%h/$HOME', containerPath: '/x' })),
  volumesFrom: few(oneOf('other', 'other:ro')), volumeDriver: oneOf('local'), tmpfs: fc.dictionary(oneOf('/run', '/tmp/x y'), oneOf('', 'size=64m,mode=1777'), { minKeys: 1 }),
  env, networkMode: oneOf('bridge', 'host', 'none', 'container:other', 'net-1'), cgroupConfig: cgroup, entrypoint: fc.oneof(few(text()), oneOf('/bin/sh -c "a b"')),
  user: oneOf('node', 1000, '1000:1000'), workingDir: oneOf('/srv', '/srv/my app'), shmSize: size, ulimits: few(oneOf('nofile=1024:2048', { name: 'memlock', hard: -1 }, { name: 'nproc', soft: 5 })),
  hostname: word, domainname: word, dns: few(oneOf('1.1.1.1', '::1')), dnsOpt: few(oneOf('ndots:2', 'rotate')), dnsSearch: few(oneOf('.', 'example.com')), extraHosts: fc.dictionary(word, oneOf('10.0.0.1', 'host-gateway'), { minKeys: 1 }),
  macAddress: oneOf('92:d0:c6:0a:29:33'), pidMode: oneOf('host', 'container:other'), ipcMode: oneOf('private', 'host'), utsMode: oneOf('host'), usernsMode: oneOf('host'), groupAdd: few(oneOf('audio', 44)),
  labels: fc.dictionary(option, text(), { minKeys: 1 }), securityOpt: few(oneOf('no-new-privileges', 'seccomp=unconfined', 'label=type:x')), sysctls: fc.dictionary(oneOf('net.core.somaxconn'), fc.integer({ min: 1, max: 9 }), { minKeys: 1 }),
  storageOpt: fc.dictionary(oneOf('size'), oneOf('10G'), { minKeys: 1 }), deviceRequests: few(oneOf('all', 'device=0')), runtime: oneOf('runc'), platform: oneOf('linux/amd64'),
}, 4).chain((fields) => fc.tuple(oneOf('alpine', 'python:3.13', 'registry.example.com:5000/team/app@sha256:0123456789abcdef0123456789abcdef'), fc.option(some({
  dockerfile: oneOf('Dockerfile', 'docker/Dockerfile'), buildArgs: env, labels: fc.dictionary(option, text(), { minKeys: 1 }), target: word, cacheFrom: few(oneOf('alpine', 'python:3.13')), noCache: fc.boolean(), pull: fc.boolean(), shmSize: size, timeout: duration,
}), { nil: undefined, freq: 4 }), maybe(fc.record({ logDriver: oneOf('journald', 'json-file'), logOptions: fc.dictionary(option, text(), { minKeys: 1 }) }))).map(([reference, built, log]) => {
  const { pull: _, ...rest } = fields
  return built === undefined ? { image: reference, ...fields, ...log } : { image: { tag: 'app:1', path: '/tmp', ...built }, ...rest, ...log }
}))

/** What is a program of the container, and none of the host. */
const commandInContainer = fc.oneof(oneOf('python app.py --arg "two words"', './start.sh', ['node', '-e', '%h $HOME']), few(text()))

/** A service of this kind in a container says nothing that only a program of the host can do. */
function inContainer(options: Record<string, unknown> & { readonly name: string }, container: Record<string, unknown>, command: unknown, asAlias: boolean): Record<string, unknown> & { readonly name: string } {
  const { startCommand: _s, stopCommand: _t, secrets: _u, watchdog: _w, pidFile: _p, environment: _e, type, ...rest } = options
  const { name: _n, ...unnamed } = container
  const { persisted: _q, ports: _r, macAddress: _v, ...manifold } = unnamed
  const said = { ...(options.overlap === 'allow' ? manifold : options.name.endsWith('@') ? unnamed : container), ...(asAlias && command !== undefined && { command }) }
  return { ...rest, ...((type === 'oneshot' || type === 'simple') && { type }), [asAlias ? 'dockerContainer' : 'environment']: said, ...(!asAlias && command !== undefined && { startCommand: command }) }
}

/** What may be said together with anything else. */
const anyService = {
  description: text(), execCondition: few(command), execStartPre: few(command), execStartPost: few(command), execStopPost: few(command), stopCommand: command, restartCommand: command,
  startSchedule: schedules, stopSchedule: schedules, restartSchedule: schedules,
  environment: fc.oneof(fc.record({ envName: oneOf('ml-env', 'base') }), fc.record({ envName: fc.constant('ml-env'), customPath: oneOf('/opt/conda', '/opt/conda/bin/mamba') })),
  workingDirectory: oneOf('/tmp', '/usr/share'), env, enabled: fc.boolean(), timeout: duration, startTimeout: duration, stopTimeout: duration, killSignal: oneOf('SIGINT', 'TERM', 9),
  successExitStatus: few(fc.oneof(fc.integer({ min: 1, max: 255 }), oneOf('SIGTERM', 'SIGKILL'))), startupRequirements: fc.oneof(requirement, few(requirement)), cgroupConfig: cgroup, healthCheck: health,
  onChange: oneOf('restart', 'reload', 'keep'), hardening: oneOf('none', 'web', 'batch'), slice: oneOf('batch', 'work-low'),
  secrets: fc.dictionary(word, fc.constant(import.meta.filename), { minKeys: 1, maxKeys: 2 }),
  ...Object.fromEntries(['startAfter', 'startBefore', 'wants', 'upholds', 'requires', 'requisite', 'bindsTo', 'partOf', 'conflicts', 'onFailure', 'onSuccess', 'propagateStopTo', 'propagateStopFrom'].map((field) => [field, fc.oneof(dependency, few(dependency))])),
}

const restartPolicy = (oneshot: boolean): fc.Arbitrary<unknown> => {
  const condition = oneshot ? oneOf('no', 'on-failure', 'on-abnormal', 'on-abort', 'on-watchdog') : oneOf('no', 'always', 'on-success', 'on-failure', 'on-abnormal', 'on-abort', 'on-watchdog')
  return fc.oneof(condition, fc.record({ condition, delay: duration, maxAttempts: fc.integer({ min: 1, max: 50 }), window: duration }, { requiredKeys: ['condition'] }))
}

const kinds: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: oneOf({ type: 'simple' }, { type: 'exec' }, { type: 'notify' }, { type: 'forking' }, { type: 'forking', pidFile: '/run/some.pid' }) },
  { weight: 2, arbitrary: fc.constant({ type: 'oneshot' }) },
  { weight: 1, arbitrary: fc.record({ interval: duration, restartOnHang: fc.boolean(), notifyAccess: oneOf('main', 'exec', 'all') }).map((watchdog) => ({ watchdog })) },
)

const named: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ name }) },
  { weight: 1, arbitrary: fc.record({ name: word.map((base) => `${base}@`), instances: fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,6}$/), { minLength: 1, maxLength: 3 }) }) },
)

const scoped: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  { weight: 3, arbitrary: oneOf({}, { scope: 'user' }) },
  { weight: 1, arbitrary: some({ user: oneOf('root', 'nobody', '0'), group: oneOf('root', 'nogroup') }).map((account) => ({ scope: 'system', ...account })) },
)

const overlap = oneOf(undefined, 'skip', 'queue', 'replace', 'allow')

/** Where it may be said. */
function withOverlap(options: Record<string, unknown> & { readonly name: string }, overlap: unknown): Record<string, unknown> & { readonly name: string } {
  const schedules = [options.startSchedule].flat().filter((each) => each !== undefined) as { readonly relativeTo?: string; readonly startOn?: string }[]
  const fits = schedules.length > 0 && (overlap === 'queue' || schedules.every(({ relativeTo, startOn }) => relativeTo !== 'finish' && startOn !== 'command'))
  return overlap === undefined || !fits || (overlap === 'allow' && !mayBeTwice(options)) ? options : { ...options, overlap }
}

function mayBeTwice({ name, pidFile, restartPolicy }: Record<string, unknown> & { readonly name: string }): boolean {
  const { condition, maxAttempts } = (typeof restartPolicy === 'object' ? restartPolicy : { condition: restartPolicy ?? 'no' }) as { readonly condition: string; readonly maxAttempts?: number }
  return !name.endsWith('@') && pidFile === undefined && (condition === 'no' || (maxAttempts !== undefined && !['always', 'on-success'].includes(condition)))
}

const catchUp = oneOf(undefined, undefined, 'none', 'last', 'all')

/** Where it may be said, and no calendar says the opposite. */
function withCatchUp(options: Record<string, unknown> & { readonly name: string }, catchUp: unknown): Record<string, unknown> & { readonly name: string } {
  const calendars = [options.startSchedule].flat().filter((each) => each !== undefined && (typeof each === 'string' || 'schedule' in (each as object))) as { readonly persistent?: boolean }[]
  const fits = calendars.length > 0 && calendars.every(({ persistent }) => persistent === undefined || persistent === (catchUp === 'last'))
  return catchUp === undefined || !fits || (catchUp === 'all' && options.name.endsWith('@')) ? options : { ...options, catchUp, ...(catchUp === 'all' && { catchUpWindow: '2 days' }) }
}

const onHost: fc.Arbitrary<Record<string, unknown> & { readonly name: string }> = kinds.chain((kind) =>
  fc.tuple(overlap, catchUp, named, scoped, fc.record({ startCommand: command }), some({ ...anyService, restartPolicy: restartPolicy(kind.type === 'oneshot') }, 4)).map(([overlap, catchUp, ...parts]) => withCatchUp(withOverlap(Object.assign({}, kind, ...parts), overlap), catchUp)))

/** As `new Service` takes them. Directories, secrets and modules that they name exist on every Debian or beside this file. */
export const serviceOptions: fc.Arbitrary<Record<string, unknown> & { readonly name: string }> = fc.oneof(
  { weight: 3, arbitrary: onHost },
  { weight: 1, arbitrary: fc.tuple(onHost, container, maybe(commandInContainer), fc.boolean()).map((parts) => inContainer(...parts)) },
)

export const serviceDefinition: fc.Arbitrary<ServiceDefinition> = serviceOptions.map((options) => readDefinition(options))
