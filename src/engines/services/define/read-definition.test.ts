import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { Calendar } from '../library/calendar.ts'
import { CgroupConfig } from '../library/cgroup-config.ts'
import { fromModule } from './command.ts'
import { DockerContainer } from '../library/docker-container.ts'
import { CPUPressure, CPUs, IOPressure, Memory, MemoryPressure } from '../library/requirements.ts'
import { Periodic } from '../library/periodic.ts'
import { type ReadDefinitionOptions, readDefinition } from './read-definition.ts'
import { RestartPolicy } from '../library/restart-policy.ts'
import { Service } from '../library/service.ts'
import type { ServiceOptions } from '../library/service-options.ts'
import { Venv } from '../library/venv.ts'
import { showDefinition } from './write-definition.ts'

const least = { name: 'web', startCommand: 'sleep 60' } as const

/** With what every service needs. */
function read(options: Partial<ServiceOptions> | Record<string, unknown>, how: ReadDefinitionOptions = {}) {
  return readDefinition({ ...least, ...options }, how)
}

function refusalOf(work: () => unknown): TaskflowsError {
  try {
    work()
  } catch (error) {
    if (error instanceof TaskflowsError) return error
    throw error
  }
  throw new Error('expected a refusal')
}

const problemsOf = (options: Record<string, unknown>, how: ReadDefinitionOptions = {}) => refusalOf(() => read(options, how)).message.replace('service "web": ', '')

describe('what is read', () => {
  test('the least that can be said, and the defaults', () => {
    expect(read({})).toEqual({
      name: 'web', scope: 'user', type: 'exec', startCommand: { kind: 'program', argv: ['sleep', '60'] },
      enabled: false, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none',
    })
  })

  test('the aliases of the documents', () => {
    const { startCommand: _, ...rest } = least
    expect(readDefinition({
      ...rest, execStart: 'sleep 60', schedule: new Periodic({ hours: 1 }), systemLoadConstraints: new CPUPressure({ maxPercent: 80, silent: true }), cgroup: { memoryLimit: '2GB' },
      restart: 'always', environment: { DEBUG: 1 }, watchdog: { intervalSeconds: 10 },
    })).toEqual(read({
      startSchedule: { period: 3600 }, startupRequirements: [{ kind: 'cpu_pressure', maxPercent: 80, silent: true }], cgroupConfig: { memoryLimit: 2 * 1024 ** 3 },
      restartPolicy: { condition: 'always' }, env: { DEBUG: '1' }, watchdog: 10,
    }))
  })

  test('snake_case says the same', () => {
    expect(readDefinition({
      name: 'web', start_command: 'sleep 60', start_schedule: 'Mon-Fri 09:00', restart_policy: { condition: 'on-failure', max_attempts: 3 }, stop_timeout: '1m', watchdog: { restart_on_hang: false },
      cgroup_config: { device_read_bps: { '/dev/sda': '1M' } }, startup_requirements: { kind: 'io_pressure', max_percent: '5%' }, propagate_stop_to: 'x', environment: { env_name: 'ml', custom_path: '/opt/conda' },
    }, { names: 'snake' })).toEqual(read({
      startSchedule: 'Mon-Fri 09:00', restartPolicy: { condition: 'on-failure', maxAttempts: 3 }, stopTimeout: 60, watchdog: { restartOnHang: false },
      cgroupConfig: { deviceReadBps: { '/dev/sda': 1024 ** 2 } }, startupRequirements: { kind: 'io_pressure', maxPercent: 5 }, propagateStopTo: 'x', environment: new Venv('ml', '/opt/conda'),
    }))
  })

  test('durations in seconds or as text, sizes by 1024 with fractions of a byte left out', () => {
    const { timeout, stopTimeout, startTimeout, cgroupConfig } = read({ timeout: '1h 30min', stopTimeout: 0.25, startTimeout: 90, cgroup: { memoryHigh: 1.5 * 1024 ** 3 + 0.5, memoryLimit: '1.5GB', memoryMin: '100k' } })
    expect({ timeout, stopTimeout, startTimeout, cgroupConfig }).toEqual({ timeout: 5400, stopTimeout: 0.25, startTimeout: 90, cgroupConfig: { memoryHigh: 1.5 * 1024 ** 3, memoryLimit: 1.5 * 1024 ** 3, memoryMin: 102_400 } })
  })

  test('requirements, one or a list, as objects of our classes or plain', () => {
    expect(read({
      startupRequirements: [
        new Memory({ amount: 8 * 1024 ** 3 }), new CPUs({ amount: 4, constraint: '<' }), new CPUPressure({ maxPercent: 80 }), new MemoryPressure({ maxPercent: '70%', timespan: '1min' }),
        new IOPressure({ maxPercent: 90, timespan: '10sec', silent: true }),
      ],
    }).startupRequirements).toEqual([
      { kind: 'memory', amount: 8 * 1024 ** 3, constraint: '>=', silent: false }, { kind: 'cpus', amount: 4, constraint: '<', silent: false },
      { kind: 'cpu_pressure', maxPercent: 80, timespan: '5min', silent: false }, { kind: 'memory_pressure', maxPercent: 70, timespan: '1min', silent: false },
      { kind: 'io_pressure', maxPercent: 90, timespan: '10sec', silent: true },
    ])
  })

  test('a limit of restarts has a window in which it holds, which systemd needs', () => {
    expect(read({ restartPolicy: new RestartPolicy({ condition: 'on-failure', delay: 10, maxAttempts: 5 }) }).restartPolicy).toEqual({ condition: 'on-failure', delay: 10, maxAttempts: 5, window: 350 })
    expect(read({ restartPolicy: { maxAttempts: 5, window: '5m' } }).restartPolicy).toEqual({ condition: 'on-failure', maxAttempts: 5, window: 300 })
    expect(read({ restartPolicy: 'unless-stopped' }).restartPolicy).toEqual({ condition: 'always' })
  })

  test('signals by name or number, exit codes beside them', () => {
    expect(['SIGINT', 'int', 2, '2', 'SIGRTMIN+3'].map((killSignal) => read({ killSignal }).killSignal)).toEqual(['SIGINT', 'SIGINT', 'SIGINT', 'SIGINT', 'SIGRTMIN+3'])
    expect(read({ successExitStatus: [1, 'SIGTERM', '143'] }).successExitStatus).toEqual([1, 'SIGTERM', 143])
  })

  test('dependencies by name, as whole units, or as services', () => {
    const database = new Service({ name: 'database', startCommand: 'sleep 1' })
    expect(read({ requires: database, startAfter: ['cache', 'network-online.target', 'worker@1', database] })).toMatchObject({ requires: ['database'], startAfter: ['cache', 'network-online.target', 'worker@1', 'database'] })
  })

  test('capabilities with or without CAP_, in any case', () => {
    expect(read({ cgroup: { capDrop: ['cap_net_raw', 'ALL'], capAdd: 'CHOWN' } }).cgroupConfig).toEqual({ capDrop: ['NET_RAW', 'ALL'], capAdd: ['CHOWN'] })
  })

  test('health checks say by their fields what they are', () => {
    const rest = { within: 30, interval: 0.5, timeout: 5 }
    expect(read({ healthCheck: 'http://127.0.0.1:8000/health' }).healthCheck).toEqual({ kind: 'http', url: 'http://127.0.0.1:8000/health', ...rest })
    expect(read({ healthCheck: { port: 8000, within: '1m' } }).healthCheck).toEqual({ kind: 'tcp', port: 8000, ...rest, within: 60 })
    expect(read({ healthCheck: { command: 'true' } }).healthCheck).toEqual({ kind: 'exec', command: { kind: 'program', argv: ['true'] }, ...rest })
  })

  test('a watchdog makes the type notify', () => {
    expect(read({ watchdog: {} })).toMatchObject({ type: 'notify', watchdog: { interval: 30, restartOnHang: true, notifyAccess: 'all' } })
  })

  test('templates and their instances', () => {
    expect(read({ name: 'worker@', instances: [1, 'two'] })).toMatchObject({ name: 'worker@', instances: ['1', 'two'] })
  })

  test('empty lists and maps say nothing', () => {
    expect(read({ env: {}, startAfter: [], cgroup: {}, directives: { Service: {} }, secrets: {} })).toEqual(read({}))
  })

  test('directives that we do not know', () => {
    expect(read({ directives: { Service: { ProtectHome: true, BindPaths: ['/a', '/b'] } } }).directives).toEqual({ Service: { ProtectHome: ['true'], BindPaths: ['/a', '/b'] } })
  })

  test('what was read once needs no reading again', () => {
    const calendar = new Calendar('daily 03:00')
    expect(read({ startSchedule: calendar }).startSchedule).toEqual([{ kind: 'calendar', schedule: '*-*-* 03:00:00', persistent: true, accuracy: 0.001 }])
    expect(read({ cgroup: new CgroupConfig({ capDrop: 'CAP_SYS_ADMIN' }) }).cgroupConfig).toEqual({ capDrop: ['SYS_ADMIN'] })
  })
})

describe('commands', () => {
  const argv = (startCommand: unknown, how: ReadDefinitionOptions = {}) => read({ startCommand }, how).startCommand

  test.each([
    ['python app.py --arg "two words"', ['python', 'app.py', '--arg', 'two words']],
    [`echo 'it''s' a\\ b "c\\"d" e"f"g`, ['echo', 'its', 'a b', 'c"d', 'efg']],
    ['echo "" \'\'', ['echo', '', '']],
    ['echo $HOME ~ 100% *.txt {a,b} #x', ['echo', '$HOME', '~', '100%', '*.txt', '{a,b}', '#x']],
    ['find . -exec echo {} \\;', ['find', '.', '-exec', 'echo', '{}', ';']],
    ["echo 'a | b && c'", ['echo', 'a | b && c']],
    ['  /bin/true \n', ['/bin/true']],
    ['echo "\\n" "$(x)"', ['echo', '\\n', '$(x)']],
  ])('%j is the words that a shell would make of it', (text, words) => {
    expect(argv(text)).toEqual({ kind: 'program', argv: words })
  })

  test.each(['a | b', 'a && b', 'a; b', 'a > f', 'a < f', 'echo `x`', 'echo $(x)', '(a)', 'a &', 'a\nb', 'x "a"|y'])('%j needs a shell, and says how to have one', (startCommand) => {
    const error = refusalOf(() => read({ startCommand }))
    expect([error.name, error.code, error.message, error.hint]).toEqual(['ValidationError', 'service.invalid', expect.stringContaining('is for a shell'), "To run it by a shell, write ['bash', '-c', '...']."])
  })

  test.each(['a "b', "a 'b", 'a \\', '', '   ', '""'])('%j is refused', (startCommand) => {
    expect(refusalOf(() => read({ startCommand }))).toMatchObject({ name: 'ValidationError', code: 'service.invalid' })
  })

  test('words of a list are taken as they are', () => {
    expect(argv(['bash', '-c', 'a | b; echo "$x" > f'])).toEqual({ kind: 'program', argv: ['bash', '-c', 'a | b; echo "$x" > f'] })
  })

  test('a relative program is where the service runs, else beside the definition; a bare one stays', () => {
    expect(argv('./start.sh x', { directory: '/srv/app' })).toEqual({ kind: 'program', argv: ['/srv/app/start.sh', 'x'] })
    expect(read({ startCommand: './start.sh', workingDirectory: '/tmp' }, { directory: '/srv/app' }).startCommand).toEqual({ kind: 'program', argv: ['/tmp/start.sh'] })
    expect(argv('start.sh', { directory: '/srv/app' })).toEqual({ kind: 'program', argv: ['start.sh'] })
    expect(problemsOf({ startCommand: './start.sh' })).toBe('startCommand: expected an absolute path or the name of a program, got "./start.sh"')
  })

  test('a variable before the program would need a shell', () => {
    expect(problemsOf({ startCommand: 'DEBUG=1 python x.py' })).toMatch(/expected a program, got `DEBUG=\.\.\.`/)
  })

  test('an export of a module, by text or by fromModule', () => {
    const here = { kind: 'function', file: import.meta.filename, export: 'jobs.nightly' }
    expect(argv('./read-definition.test.ts#jobs.nightly', { directory: import.meta.dirname })).toEqual(here)
    expect(argv(fromModule(import.meta.url, 'jobs.nightly'))).toEqual(here)
    expect(problemsOf({ startCommand: '/nowhere.ts#x' })).toBe('startCommand: the module /nowhere.ts does not exist')
  })

  test('a function alone is refused by name', () => {
    const error = refusalOf(() => read({ startCommand: function nightly() {} }))
    expect([error.message, error.hint]).toEqual([
      'service "web": startCommand: the function nightly is known by name only while tf loads the module that exports it', "Write startCommand: fromModule(import.meta.url, 'nightly').",
    ])
  })

  test('several commands are a list of commands', () => {
    expect(read({ execStartPre: ['mkdir -p /tmp/x', ['touch', '/tmp/x/a b']] }).execStartPre).toEqual([{ kind: 'program', argv: ['mkdir', '-p', '/tmp/x'] }, { kind: 'program', argv: ['touch', '/tmp/x/a b'] }])
  })
})

describe('names', () => {
  test.each(['../malicious', '/etc/passwd', 'bad; rm -rf /', 'a/b', 'a b', 'a\nb', 'a..b', 'a\u0000', 'é', 'a@b', '%n', '$x', "a'b"])('%j is unsafe', (name) => {
    expect(refusalOf(() => read({ name }))).toMatchObject({ name: 'SecurityError', code: 'service.unsafe' })
  })

  test.each(['', '.a', '-a', 'a-', 'a.', 'systemd', 'init', 'system', 'user', 'srv-api', 'x'.repeat(151), 'a.service', 7, null])('%j is refused', (name) => {
    expect(refusalOf(() => read({ name }))).toMatchObject({ name: 'ValidationError', code: 'service.invalid' })
  })

  test.each(['my-service-v2.0_prod', 'a', 'worker@', '_x', '0'])('%j is fine', (name) => {
    expect(read({ name }).name).toBe(name)
  })

  test('only the product may define its server', () => {
    expect(read({ name: 'srv-api' }, { server: true }).name).toBe('srv-api')
  })
})

describe('paths', () => {
  const directory = mkdtempSync(join(tmpdir(), 'definitions-'))
  const inside = join(directory, 'app')
  mkdirSync(inside)
  writeFileSync(join(inside, '.env'), 'A=1\n')
  writeFileSync(join(directory, 'outside.env'), 'A=1\n')
  symlinkSync('/etc/passwd', join(inside, 'link'))
  symlinkSync(join(inside, '.env'), join(inside, 'good-link'))

  test('an env file lies below the directory of the definition, also behind its links', () => {
    expect(read({ envFile: '.env' }, { directory: inside }).envFile).toBe(join(inside, '.env'))
    expect(read({ envFile: join(inside, 'good-link') }, { directory: inside }).envFile).toBe(join(inside, 'good-link'))
  })

  test('an env file elsewhere is unsafe', () => {
    for (const envFile of ['../../../etc/passwd', '../outside.env', join(directory, 'outside.env'), '/etc/passwd', 'link', join(inside, 'link'), `${inside}/../outside.env`, 'a\nb', `${inside}-other/x`]) {
      expect(refusalOf(() => read({ envFile }, { directory: inside })), envFile).toMatchObject({ name: 'SecurityError', code: 'service.unsafe' })
    }
  })

  test('unless its directory is allowed', () => {
    expect(read({ envFile: join(directory, 'outside.env'), allowedPaths: [directory] }, { directory: inside }).envFile).toBe(join(directory, 'outside.env'))
    expect(read({ envFile: join(directory, 'outside.env') }, { allowedPaths: [directory] }).envFile).toBe(join(directory, 'outside.env'))
  })

  test('an env file must be there', () => {
    expect(problemsOf({ envFile: 'none.env' }, { directory: inside })).toBe(`envFile: there is no file "${join(inside, 'none.env')}"`)
    expect(problemsOf({ envFile: '.' }, { directory: join(inside, 'x') })).toMatch('not below')
  })

  test('the home is allowed, and ~ is the home', () => {
    expect(problemsOf({ envFile: '~/there-is-no-such.env' })).toBe(`envFile: there is no file "${join(homedir(), 'there-is-no-such.env')}"`)
  })

  test('a working directory exists, wherever it is', () => {
    expect(read({ workingDirectory: 'app' }, { directory }).workingDirectory).toBe(inside)
    expect(read({ workingDirectory: '/tmp/' }).workingDirectory).toBe('/tmp')
    expect(problemsOf({ workingDirectory: '/nowhere' })).toBe('workingDirectory: there is no directory "/nowhere"')
    expect(refusalOf(() => read({ workingDirectory: '/tmp/../etc' }))).toMatchObject({ name: 'SecurityError' })
  })
})

describe('what is refused', () => {
  test('everything that is wrong is told at once, by field', () => {
    const error = refusalOf(() => readDefinition({ start_comand: 'x', timeout: 0, enabled: 'yes', cgroup_config: { cpu_weight: 0, oom: 1 } }, { names: 'snake', at: 'services[3]' }))
    expect(error.details.fields).toEqual([
      { path: 'services[3].start_comand', message: 'is no field; did you mean start_command?' },
      { path: 'services[3].name', message: 'is missing' },
      { path: 'services[3].start_command', message: 'is missing' },
      { path: 'services[3].enabled', message: 'expected true or false, got "yes"' },
      { path: 'services[3].timeout', message: 'expected more than 0 seconds, got 0' },
      { path: 'services[3].cgroup_config.oom', message: 'is no field' },
      { path: 'services[3].cgroup_config.cpu_weight', message: 'expected a whole number from 1 to 10000, got 0' },
    ])
  })

  test.each([
    ['an alias beside its original', { execStart: 'x' }, /says the same as startCommand/],
    ['env beside a plain environment', { env: { A: 'x' }, environment: { B: 'y' } }, /says the same as env/],
    ['a container of nothing', { dockerContainer: {} }, 'environment.image: is missing'],
    ['a named environment that no name can be', { environment: '../production' }, /^environment\.name: expected letters, digits/],
    ['a relative program in who knows which environment', { environment: 'production', startCommand: './start.sh' }, /^startCommand: expected an absolute path/],
    ['what an image runs, without an image', { startCommand: { kind: 'image' } }, 'startCommand: is missing: only in a container the image may say it'],
    ['snake_case in code', { start_after: 'x' }, 'start_after: is no field; did you mean startAfter?'],
    ['a limit outside of the limits', { memoryLimit: '64M' }, 'memoryLimit: is no field; did you mean cgroupConfig.memoryLimit?'],
    ['a name that is no variable', { env: { 'A-B': 'x' } }, /expected a name of letters/],
    ['a variable without a value', { env: { A: undefined } }, 'env.A: expected text, got nothing'],
    ['a watchdog of another type', { watchdog: 10, type: 'simple' }, 'watchdog: needs type notify'],
    ['a oneshot that starts again when it ended well', { type: 'oneshot', restartPolicy: 'always' }, /^restartPolicy: must not start a oneshot again/],
    ['instances of no template', { instances: [1] }, /^instances: needs a template/],
    ['an account in user scope', { user: 'nobody' }, 'user: needs scope system'],
    ['an encrypted secret in user scope', { secrets: { a: { file: '/etc/hostname', encrypted: true } } }, /^secrets: can be encrypted in scope system only/],
    ['a pid file of another type', { pidFile: '/run/x.pid' }, 'pidFile: is only for type forking'],
    ['itself as a dependency', { requires: ['web'] }, 'requires: must not name the service itself'],
    ['a health check of two kinds', { healthCheck: { url: 'http://localhost/', port: 1 } }, 'healthCheck.port: does not belong to http'],
    ['a health check by another name', { healthCheck: { http: 'http://localhost/' } }, /^healthCheck\.http: is no field; expected one of kind, url, status, /],
    ['a health check of none', { healthCheck: {} }, 'healthCheck: expected url, port or command'],
    ['an unknown policy', { restartPolicy: 'sometimes' }, /^restartPolicy: expected one of no, always/],
    ['an unknown requirement', { startupRequirements: { kind: 'disk' } }, /^startupRequirements\.kind: expected one of memory/],
    ['a percentage above 100', { startupRequirements: { kind: 'cpu_pressure', maxPercent: 101 } }, /expected a percentage/],
    ['a calendar that is none', { startSchedule: 'every now and then' }, /^startSchedule\.schedule: /],
    ['a directive that goes on in the next line', { directives: { Service: { A: 'x\\' } } }, /does not end with a backslash/],
    ['a signal that does not exist', { killSignal: 'SIGNOPE' }, /^killSignal: expected a signal/],
    ['a size in no unit we know', { cgroup: { memoryLimit: '5 apples' } }, /^cgroupConfig\.memoryLimit: expected a number of bytes/],
  ])('%s', (_what, options, message) => {
    const error = refusalOf(() => read(options as Record<string, unknown>))
    expect([error.name, error.code]).toEqual(['ValidationError', 'service.invalid'])
    expect(error.message.replace('service "web": ', '')).toMatch(message)
  })

  test.each([
    ['a second line in a description', { description: 'a\nExecStart=/bin/evil' }],
    ['a second line in a value of env', { env: { A: 'a\nB=b' } }],
    ['NUL in a word', { startCommand: ['a', 'b\u0000'] }],
    ['a line separator', { description: 'a\u2028b' }],
    ['half a character', { description: '\ud800' }],
    ['a second line in a dependency', { wants: ['a\nb'] }],
    ['a path in a dependency', { wants: ['../x.service'] }],
    ['a second line in a directive', { directives: { Service: { ProtectHome: 'yes\nUser=root' } } }],
    ['a second line in the name of a variable', { env: { 'A\nB': 'x' } }],
    ['a second line in a file', { pidFile: '/run/a\nb' }],
  ])('%s is unsafe', (_what, options) => {
    expect(refusalOf(() => read(options as Record<string, unknown>))).toMatchObject({ name: 'SecurityError', code: 'service.unsafe' })
  })

  test('no message tells a value of env', () => {
    expect(problemsOf({ env: { PASSWORD: 'hunter2\n' } })).not.toContain('hunter2')
  })
})

describe('what a schedule does while the run before goes on', () => {
  test.each(['skip', 'queue', 'replace', 'allow'])('is said in one word: %s', (overlap) => {
    expect(read({ schedule: 'daily', overlap })).toMatchObject({ overlap })
    expect(read({ schedule: new Periodic({ hours: 1 }), overlap })).toMatchObject({ overlap })
  })

  test.each([
    [{ overlap: 'skip' }, 'overlap: needs a startSchedule: a start by command never overlaps'],
    [{ overlap: 'allow', schedule: { period: 60, relativeTo: 'finish' } }, /^overlap: must be left out where a period counts from the end of a run/],
    [{ overlap: 'allow', schedule: 'daily', name: 'worker@' }, /overlap: must not be allow for a template/],
    [{ overlap: 'allow', schedule: 'daily', type: 'forking', pidFile: '/run/x.pid' }, /^overlap: must not be allow with a pidFile/],
    [{ overlap: 'allow', schedule: 'daily', restartPolicy: 'always' }, /^overlap: must not be allow with a restartPolicy that may go on for ever/],
    [{ overlap: 'allow', schedule: 'daily', restartPolicy: { condition: 'on-failure' } }, /^overlap: must not be allow with a restartPolicy that may go on for ever/],
    [{ overlap: 'allow', schedule: 'daily', environment: new DockerContainer({ image: 'alpine', name: 'one' }) }, /^overlap: must not be allow where the container has a name/],
    [{ overlap: 'allow', schedule: 'daily', environment: new DockerContainer({ image: 'alpine', persisted: true }) }, /^overlap: must not be allow with persisted/],
    [{ overlap: 'allow', schedule: 'daily', environment: new DockerContainer({ image: 'alpine', ports: ['80:80'] }) }, /^overlap: must not be allow where the container has a port of the host/],
    [{ overlap: 'allow', schedule: 'daily', environment: new DockerContainer({ image: 'alpine', macAddress: '02:42:ac:11:00:02' }) }, /^overlap: must not be allow where the container has a macAddress/],
    [{ overlap: 'replace', schedule: { period: 60, relativeTo: 'finish' } }, /^overlap: must be left out where a period counts from the end of a run/],
    [{ overlap: 'skip', schedule: { period: 60, startOn: 'command' } }, /^overlap: can be skip, replace or allow only for a schedule that begins by itself/],
    [{ overlap: 'kill', schedule: 'daily' }, /^overlap: expected .*skip/],
  ])('is refused where it cannot be: %j', (options, problem) => {
    if (typeof problem === 'string') expect(problemsOf(options)).toBe(problem)
    else expect(problemsOf(options)).toMatch(problem)
  })
})

describe('what becomes of times that were missed', () => {
  const persistentOf = (options: Record<string, unknown>) => (read(options).startSchedule ?? []).map((schedule) => (schedule.kind === 'calendar' ? schedule.persistent : null))

  test.each([['none', false], ['last', true], ['all', false]])('is said once for all calendars: %s', (catchUp, persistent) => {
    expect(persistentOf({ schedule: ['daily', new Calendar('hourly'), new Periodic({ hours: 1 })], catchUp })).toEqual([persistent, persistent, null])
    expect(persistentOf({ schedule: { schedule: 'daily', persistent }, catchUp })).toEqual([persistent])
    expect(readDefinition(showDefinition(read({ schedule: 'daily', catchUp }), { secrets: 'keep' }), { names: 'snake' })).toEqual(read({ schedule: 'daily', catchUp }))
  })

  test('is what each calendar says, when nobody says it for all', () => {
    expect(persistentOf({ schedule: 'daily' })).toEqual([true])
    expect(persistentOf({ schedule: new Calendar('daily', { persistent: false }) })).toEqual([false])
    expect(read({ schedule: 'daily', catchUp: 'all', catchUpWindow: '2 days' })).toMatchObject({ catchUp: 'all', catchUpWindow: 172_800 })
  })

  test.each([
    [{ catchUp: 'last', schedule: { schedule: 'daily', persistent: false } }, 'catchUp: is last, and a calendar says persistent: false; expected one of the two'],
    [{ catchUp: 'all', schedule: ['hourly', { schedule: 'daily', persistent: true }] }, /^startSchedule: expected the same persistent|^catchUp: is all/],
    [{ catchUp: 'none' }, 'catchUp: needs a calendar in startSchedule: a period has no times of its own'],
    [{ catchUp: 'last', schedule: { period: 60 } }, 'catchUp: needs a calendar in startSchedule: a period has no times of its own'],
    [{ catchUp: 'last', schedule: 'daily', catchUpWindow: '1h' }, 'catchUpWindow: is only for catchUp all'],
    [{ catchUp: 'all', schedule: 'daily', catchUpWindow: 0 }, 'catchUpWindow: expected more than 0 seconds, got 0'],
    [{ catchUp: 'all', schedule: 'daily', catchUpWindow: '8 days' }, /^catchUpWindow: must not be longer than a week/],
    [{ catchUp: 'some', schedule: 'daily' }, /^catchUp: expected one of none, last, all/],
  ])('is refused where it cannot be: %j', (options, problem) => {
    expect(problemsOf(options)).toMatch(problem)
  })

  test('cannot be all for a template', () => {
    expect(refusalOf(() => read({ name: 'worker@', schedule: 'daily', catchUp: 'all' })).message).toMatch(/catchUp: must not be all for a template/)
    expect(read({ name: 'worker@', schedule: 'daily', catchUp: 'last' })).toMatchObject({ catchUp: 'last' })
  })
})
