import { describe, expect, test } from 'vitest'
import type { ServiceDefinition } from '../../../engines/services/service-definition.ts'
import { compileHost } from '../../../../test/testbed/compile-host.ts'
import { definitionHash } from './definition-hash.ts'
import { readOwnership } from '../files/unit-ownership.ts'
import { compileService, compileSlots } from './compile-service.ts'

function define(differences: Partial<ServiceDefinition> = {}): ServiceDefinition {
  return {
    name: 'web', scope: 'user', type: 'exec', startCommand: { kind: 'program', argv: ['node', 'server.js'] },
    enabled: false, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none', ...differences,
  }
}

const compile = (differences: Partial<ServiceDefinition> = {}, host = compileHost(differences.scope ?? 'user')) => compileService(define(differences), host)
const serviceText = (differences: Partial<ServiceDefinition> = {}, host?: ReturnType<typeof compileHost>) => compile(differences, host).units[0]!.text
/** The lines of one unit that name one of these directives. */
const linesOf = (text: string, ...directives: readonly string[]) => text.split('\n').filter((line) => directives.some((directive) => line.startsWith(`${directive}=`)))
const unitText = (differences: Partial<ServiceDefinition>, unit: string) => compile(differences).units.find((one) => one.unit === unit)!.text
const withoutKeys = (text: string) => text.replace(/^X-Taskflows-.*\n/gm, '')

test('a service that says little has a unit that says little', () => {
  expect(serviceText({ source: '/srv/app/services.ts' })).toBe(`[Unit]
Description=web
X-Taskflows-Service=web
X-Taskflows-Role=service
X-Taskflows-Hash=${definitionHash(define())}
X-Taskflows-Source=/srv/app/services.ts

[Service]
Type=exec
Environment=TASKFLOWS_SERVICE=web
Environment="PYTHONUNBUFFERED=1"
ExecStart=/usr/bin/node server.js
KillSignal=SIGTERM
TimeoutStopSec=120s
StandardOutput=journal
StandardError=journal
SyslogIdentifier=web
CPUAccounting=yes
MemoryAccounting=yes
IOAccounting=yes
TasksAccounting=yes

[Install]
WantedBy=default.target
`)
})

test('a service with schedules has a timer for its starts, and a pair for its stops and its restarts', () => {
  const every = { kind: 'calendar', schedule: 'Mon..Fri *-*-* 09:00:00 America/New_York', persistent: true, accuracy: 0.001 } as const
  const { units } = compile({ startSchedule: [every], stopSchedule: [{ ...every, schedule: '*-*-* 17:00:00', persistent: false }], restartSchedule: [{ kind: 'periodic', startOn: 'boot', period: 3600, relativeTo: 'start', accuracy: 60 }] })
  expect(units.map(({ unit, role }) => [unit, role])).toEqual([
    ['taskflows-web.service', 'service'], ['taskflows-web.timer', 'timer'],
    ['stop-taskflows-web.service', 'stop-service'], ['stop-taskflows-web.timer', 'stop-timer'],
    ['restart-taskflows-web.service', 'restart-service'], ['restart-taskflows-web.timer', 'restart-timer'],
  ])
  expect(units.slice(1).map(({ text }) => withoutKeys(text))).toEqual([
    `[Unit]
Description=Starts web

[Timer]
OnCalendar=Mon..Fri *-*-* 09:00:00 America/New_York
Persistent=yes
AccuracySec=1ms
Unit=taskflows-web.service

[Install]
WantedBy=timers.target
`, `[Unit]
Description=Stops web

[Service]
Type=oneshot
ExecStart=/usr/bin/systemctl --user stop taskflows-web.service
`, `[Unit]
Description=Timer that stops web

[Timer]
OnCalendar=*-*-* 17:00:00
AccuracySec=1ms
Unit=stop-taskflows-web.service

[Install]
WantedBy=timers.target
`, `[Unit]
Description=Restarts web

[Service]
Type=oneshot
ExecStart=/usr/bin/systemctl --user restart taskflows-web.service
`, `[Unit]
Description=Timer that restarts web

[Timer]
OnActiveSec=3600s
OnUnitActiveSec=3600s
AccuracySec=60s
Unit=restart-taskflows-web.service

[Install]
WantedBy=timers.target
`,
  ])
})

describe('a run that is due while the one before goes on', () => {
  const startSchedule = [{ kind: 'calendar', schedule: '*-*-* 09:00:00', persistent: true, accuracy: 0.001 }] as const

  test.each([undefined, 'queue'] as const)('waits for its end by systemd itself (%s)', (overlap) => {
    const { units } = compile({ startSchedule, ...(overlap && { overlap }) })
    expect(units.map(({ unit }) => unit)).toEqual(['taskflows-web.service', 'taskflows-web.timer'])
    expect(linesOf(units[1]!.text, 'Unit')).toEqual(['Unit=taskflows-web.service'])
  })

  test.each([['skip', 'start'], ['replace', 'restart']] as const)('is asked for by a unit of a moment, that waits for nothing (%s)', (overlap, verb) => {
    const { units } = compile({ startSchedule, overlap })
    expect(units.map(({ unit, role }) => [unit, role])).toEqual([['taskflows-web.service', 'service'], ['start-taskflows-web.service', 'start-service'], ['taskflows-web.timer', 'timer']])
    expect(withoutKeys(units[1]!.text)).toBe(`[Unit]
Description=Starts web by its schedule
Before=taskflows-web.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=/usr/bin/systemctl --user --no-block ${verb} taskflows-web.service
`)
    expect(linesOf(units[2]!.text, 'Unit')).toEqual(['Unit=start-taskflows-web.service'])
  })

  test('begins beside it as a unit of its own, which is the service once more', () => {
    const stopSchedule = [{ kind: 'calendar', schedule: '*-*-* 18:00:00', persistent: true, accuracy: 1 }] as const
    const { units, warnings } = compile({ startSchedule, stopSchedule, overlap: 'allow', env: { A: '1' }, restartPolicy: { condition: 'on-failure', maxAttempts: 3, window: 60 }, directives: { Service: { LimitCORE: ['0'] }, Install: { Alias: ['w.service'] } } })
    expect(units.map(({ unit, role }) => [unit, role])).toEqual([
      ['taskflows-web.service', 'service'], ['run-taskflows-web@.service', 'run-service'], ['start-taskflows-web.service', 'start-service'], ['taskflows-web.timer', 'timer'],
      ['stop-taskflows-web.service', 'stop-service'], ['stop-taskflows-web.timer', 'stop-timer'],
    ])
    const [service, run, start, timer, stop] = units.map(({ text }) => withoutKeys(text))
    const alone = service!.replace(/\n\[Install\][^]*/, '')
    expect(run!.replace('CollectMode=inactive-or-failed\n', '')).toBe(alone)
    expect(linesOf(run!, 'CollectMode')).toEqual(['CollectMode=inactive-or-failed'])
    // systemd.service(5): variables of the unit are put in, and INVOCATION_ID is one of them.
    expect(linesOf(start!, 'ExecStart')).toEqual(['ExecStart=/usr/bin/systemctl --user --no-block start run-taskflows-web@${INVOCATION_ID}.service'])
    expect(linesOf(timer!, 'Unit')).toEqual(['Unit=start-taskflows-web.service'])
    expect(linesOf(stop!, 'ExecStart')).toEqual(['ExecStart=/usr/bin/systemctl --user stop taskflows-web.service run-taskflows-web@*.service'])
    expect(warnings).toEqual([])
  })

  test('that is made up for is a unit that knows its time, and does not begin again', () => {
    const { units } = compileSlots(define({ startSchedule, restartPolicy: { condition: 'on-failure' } }), compileHost())
    expect(units.map(({ unit, role }) => [unit, role])).toEqual([['slot-taskflows-web@.service', 'slot-service']])
    const { text } = units[0]!
    expect([...linesOf(text, 'CollectMode'), ...linesOf(text, 'Environment').filter((line) => line.includes('SLOT')), ...linesOf(text, 'Restart'), ...linesOf(text, 'WantedBy')]).toEqual(['CollectMode=inactive-or-failed', 'Environment=TASKFLOWS_SLOT=%i'])
  })
})

test.each([['*:*:0/2', true], ['*:*:0/3', false], ['*-*-* 09:00:00', false], ['*:*:10,12', true]])('a schedule that is faster than systemd lets things start has no limit of starts: %s', (schedule, isFast) => {
  const { units } = compile({ startSchedule: [{ kind: 'calendar', schedule, persistent: false, accuracy: 0.001 }] })
  expect(linesOf(units[0]!.text, 'StartLimitIntervalSec')).toEqual(isFast ? ['StartLimitIntervalSec=0'] : [])
})

test('every unit says whose it is, what for, and of which definition', () => {
  const definition = define({ source: '/srv/a.ts', restartSchedule: [{ kind: 'calendar', schedule: '*-*-* 04:00:00', persistent: false, accuracy: 1 }] })
  for (const { text, role } of compileService(definition, compileHost()).units) {
    expect(readOwnership(text)).toEqual({ service: 'web', role, hash: definitionHash(definition), source: '/srv/a.ts' })
  }
  expect(readOwnership('[Unit]\nDescription=web\n')).toBeUndefined()
})

describe('the same definition', () => {
  test('gives the same text, whatever the order of its fields and variables', () => {
    const one = define({ env: { B: '2', A: '1' }, cgroupConfig: { memoryLimit: 1, deviceReadBps: { '/dev/b': 2, '/dev/a': 1 } } })
    const other = Object.fromEntries(Object.entries({ ...one, env: { A: '1', B: '2' }, cgroupConfig: { deviceReadBps: { '/dev/a': 1, '/dev/b': 2 }, memoryLimit: 1 } }).toReversed()) as unknown as ServiceDefinition
    expect(compileService(other, compileHost()).units).toEqual(compileService(one, compileHost()).units)
  })

  test('has the same hash wherever it is written, and another one when anything else differs', () => {
    expect(definitionHash(define({ source: '/a' }))).toBe(definitionHash(define({ source: '/b' })))
    expect(definitionHash(define({ onChange: 'keep' }))).not.toBe(definitionHash(define()))
    expect(definitionHash(define({ env: { A: '1' } }))).not.toBe(definitionHash(define({ env: { A: '2' } })))
  })

  test('has no hash by which a secret could be guessed', () => {
    expect(definitionHash(define({ env: { DB_PASSWORD: 'a' } }))).toBe(definitionHash(define({ env: { DB_PASSWORD: 'b' } })))
    expect(definitionHash(define({ env: { DB_PASSWORD: 'a' } }))).not.toBe(definitionHash(define()))
  })
})

describe('commands', () => {
  const program = (...argv: [string, ...string[]]) => ({ kind: 'program', argv }) as const

  test('each has its directive, and several are a line each', () => {
    const text = serviceText({
      execCondition: [program('test', '-f', '/x')], execStartPre: [program('a'), program('b')], execStartPost: [program('c')],
      restartCommand: program('kill', '-HUP', '1'), stopCommand: program('d'), execStopPost: [program('e')],
    })
    expect(text.split('\n').filter((line) => line.startsWith('Exec'))).toEqual([
      'ExecCondition=/usr/bin/test -f /x', 'ExecStartPre=/usr/bin/a', 'ExecStartPre=/usr/bin/b', 'ExecStart=/usr/bin/node server.js',
      'ExecStartPost=/usr/bin/c', 'ExecReload=/usr/bin/kill -HUP 1', 'ExecStop=/usr/bin/d', 'ExecStopPost=/usr/bin/e',
    ])
  })

  test('an exported function is run by tf run', () => {
    expect(linesOf(serviceText({ startCommand: { kind: 'function', file: '/srv/my jobs.ts', export: 'sync' } }), 'ExecStart')).toEqual(['ExecStart=/usr/bin/node /usr/lib/taskflows/main.js run "/srv/my jobs.ts#sync"'])
  })

  test('in an environment of conda, its runner comes first', () => {
    const environment = { kind: 'venv', envName: 'ml' } as const
    expect(linesOf(serviceText({ environment, startCommand: program('python', 'a.py') }), 'ExecStart')).toEqual(['ExecStart=/opt/conda/bin/conda run -n ml --no-capture-output python a.py'])
    const without = compile({ environment }, compileHost('user', { venvRunner: () => undefined }))
    expect(linesOf(without.units[0]!.text, 'ExecStart')).toEqual(['ExecStart=conda run -n ml --no-capture-output node server.js'])
    expect(without.warnings).toEqual(['no micromamba, mamba or conda was found to run the environment ml'])
  })

  test('a program that is not there is named, and stays as it was written', () => {
    const { units, warnings } = compile({}, compileHost('user', { findProgram: () => undefined }))
    expect(linesOf(units[0]!.text, 'ExecStart')).toEqual(['ExecStart=node server.js'])
    expect(warnings).toEqual(['the program "node" is not there, or may not be executed'])
  })

  test('a program that only a shell could find is refused', () => {
    expect(() => compile({ startCommand: program('~/bin/x') })).toThrow(expect.objectContaining({ code: 'service.invalid' }))
  })
})

describe('variables', () => {
  const env = { GREETING: 'say "hi" to $USER, 100%', API_TOKEN: 'a"b\\c$d`e', DATABASE_URL: 'postgres://u:pw@h/db' }

  test('what looks like a secret stands in a file of its own, and nowhere else', () => {
    const { units, secretEnv } = compile({ env })
    expect(linesOf(units[0]!.text, 'Environment', 'EnvironmentFile')).toEqual([
      'Environment=TASKFLOWS_SERVICE=web', 'Environment="GREETING=say \\"hi\\" to $USER, 100%%"', 'Environment="PYTHONUNBUFFERED=1"', 'EnvironmentFile=/home/ann/.taskflows/services/user/web.env',
    ])
    expect(secretEnv).toEqual({ path: '/home/ann/.taskflows/services/user/web.env', text: 'API_TOKEN="a\\"b\\\\c\\$d\\`e"\nDATABASE_URL="postgres://u:pw@h/db"\n' })
    expect(compile().secretEnv).toBeUndefined()
  })

  test('a file of variables is named, not read, and comes before the secrets, which win', () => {
    expect(linesOf(serviceText({ env, envFile: '/srv/my app/[prod].env' }), 'EnvironmentFile')).toEqual(['EnvironmentFile=/srv/my app/\\[prod\\].env', 'EnvironmentFile=/home/ann/.taskflows/services/user/web.env'])
  })

  test('those of the service win over those of its limits, and these over those of the host', () => {
    const host = compileHost('user', { environment: { A: 'host', B: 'host', C: 'host' } })
    expect(linesOf(serviceText({ env: { A: 'service' }, cgroupConfig: { environment: { A: 'limits', B: 'limits' } } }, host), 'Environment').slice(1)).toEqual(['Environment="A=service"', 'Environment="B=limits"', 'Environment="C=host"', 'Environment="PYTHONUNBUFFERED=1"'])
  })

  test('a value with a line break is refused without being shown', () => {
    expect(() => compile({ env: { API_TOKEN: 'hush\nExecStartPre=/bin/x' } })).toThrow(expect.objectContaining({ code: 'service.unsafe', message: expect.not.stringContaining('hush') }))
  })

  test('a name that is none is refused', () => {
    expect(() => compile({ env: { 'A B': '1' } })).toThrow(/"A B" is no name of a variable/)
  })

  test('secrets are handed over as credentials, encrypted ones in scope system', () => {
    expect(linesOf(serviceText({ scope: 'system', secrets: { db: { file: '/etc/a:b/100%' }, api: { file: '/etc/api', encrypted: true } } }), 'LoadCredential', 'LoadCredentialEncrypted')).toEqual(['LoadCredential=db:/etc/a:b/100%%', 'LoadCredentialEncrypted=api:/etc/api'])
  })
})

describe('restarts and time limits', () => {
  const directives = ['Restart', 'RestartSec', 'StartLimitIntervalSec', 'StartLimitBurst']

  test.each([
    [undefined, []],
    [{ condition: 'no' }, []],
    [{ condition: 'always' }, ['StartLimitIntervalSec=0', 'Restart=always']],
    [{ condition: 'on-failure', delay: 10, maxAttempts: 5, window: 300 }, ['StartLimitIntervalSec=300s', 'StartLimitBurst=5', 'Restart=on-failure', 'RestartSec=10s']],
    [{ condition: 'on-failure', maxAttempts: 3 }, ['StartLimitIntervalSec=180s', 'StartLimitBurst=3', 'Restart=on-failure']],
    [{ condition: 'on-abort', delay: 60, maxAttempts: 3 }, ['StartLimitIntervalSec=360s', 'StartLimitBurst=3', 'Restart=on-abort', 'RestartSec=60s']],
  ] as const)('%j is %j', (restartPolicy, expected) => {
    expect(linesOf(serviceText(restartPolicy ? { restartPolicy } : {}), ...directives)).toEqual(expected)
  })

  test('a oneshot that would start again for ever is refused', () => {
    for (const condition of ['always', 'on-success'] as const) expect(() => compile({ type: 'oneshot', restartPolicy: { condition } })).toThrow(expect.objectContaining({ code: 'service.invalid' }))
    expect(linesOf(serviceText({ type: 'oneshot', restartPolicy: { condition: 'on-failure' } }), 'Restart')).toEqual(['Restart=on-failure'])
  })

  test('the longest run of a oneshot is the time it may take to start', () => {
    const limits = ['TimeoutStartSec', 'TimeoutStopSec', 'RuntimeMaxSec']
    expect(linesOf(serviceText({ timeout: 60, startTimeout: 5 }), ...limits)).toEqual(['TimeoutStartSec=5s', 'TimeoutStopSec=120s', 'RuntimeMaxSec=60s'])
    expect(linesOf(serviceText({ type: 'oneshot', timeout: 60 }), ...limits)).toEqual(['TimeoutStartSec=60s', 'TimeoutStopSec=120s'])
    expect(linesOf(serviceText({ type: 'oneshot', timeout: 60, startTimeout: 5 }), ...limits)).toEqual(['TimeoutStartSec=5s', 'TimeoutStopSec=120s'])
    expect(linesOf(serviceText({ cgroupConfig: { timeoutStart: 7, timeoutStop: 8 } }), ...limits)).toEqual(['TimeoutStartSec=7s', 'TimeoutStopSec=8s'])
  })

  test('a watchdog makes it notify, and a hang restarts it unless it says otherwise', () => {
    const watch = ['Type', 'NotifyAccess', 'WatchdogSec', 'Restart']
    expect(linesOf(serviceText({ type: 'notify', watchdog: { interval: 30, restartOnHang: true, notifyAccess: 'main' } }), ...watch)).toEqual(['Type=notify', 'NotifyAccess=main', 'WatchdogSec=30s', 'Restart=on-watchdog'])
    expect(linesOf(serviceText({ type: 'notify', restartPolicy: { condition: 'always' }, watchdog: { interval: 30, restartOnHang: true, notifyAccess: 'all' } }), ...watch)).toEqual(['Type=notify', 'NotifyAccess=all', 'WatchdogSec=30s', 'Restart=always'])
    expect(linesOf(serviceText({ type: 'notify', watchdog: { interval: 30, restartOnHang: false, notifyAccess: 'all' } }), 'Restart')).toEqual([])
    expect(() => compile({ type: 'oneshot', watchdog: { interval: 30, restartOnHang: true, notifyAccess: 'all' } })).toThrow(/type oneshot cannot say that it lives/)
  })
})

test('requirements skip in silence or fail, and never by a directive that systemd does not know', () => {
  const text = serviceText({
    startupRequirements: [
      { kind: 'memory', amount: 2e9, constraint: '>=', silent: false }, { kind: 'memory', amount: 5e9, constraint: '<', silent: true }, { kind: 'cpus', amount: 4, constraint: '!=', silent: true },
      { kind: 'cpu_pressure', maxPercent: 80, timespan: '5min', silent: false }, { kind: 'memory_pressure', maxPercent: 12.5, timespan: '10sec', silent: true }, { kind: 'io_pressure', maxPercent: 0, timespan: '1min', silent: true },
      { kind: 'memory', amount: 3e9, constraint: '=', silent: false },
    ],
  })
  expect(text.split('\n').filter((line) => /^(Assert|Condition|Constraint)/.test(line))).toEqual([
    'AssertMemory=>=2000000000', 'AssertMemory==3000000000', 'ConditionMemory=<5000000000', 'ConditionCPUs=!=4', 'AssertCPUPressure=80%/5min', 'ConditionMemoryPressure=12.5%/10sec', 'ConditionIOPressure=0%/1min',
  ])
})

test('dependencies on services are on their units', () => {
  expect(linesOf(serviceText({ startAfter: ['db', 'network-online.target', 'db'], wants: ['network-online.target'], propagateStopFrom: ['db'], onFailure: ['tell'] }), 'After', 'Wants', 'StopPropagatedFrom', 'OnFailure'))
    .toEqual(['After=taskflows-db.service network-online.target', 'Wants=network-online.target', 'OnFailure=taskflows-tell.service', 'StopPropagatedFrom=taskflows-db.service'])
})

describe('schedules', () => {
  test('a step that systemd would stumble over is written with its end', () => {
    const { units } = compile({ startSchedule: [{ kind: 'calendar', schedule: '*-*-* *:00/7:00', persistent: false, accuracy: 1 }] })
    expect(units[1]!.text).toContain('OnCalendar=*-*-* *:00..56/7:00\n')
  })

  const timerLines = (...startSchedule: NonNullable<ServiceDefinition['startSchedule']>) => {
    const { units, warnings } = compile({ startSchedule })
    return { lines: units[1]!.text.split('\n').filter((line) => /^(On|Persistent|Accuracy|Randomized)/.test(line)), warnings }
  }

  test.each([
    ['boot', 'start', ['OnBootSec=1s', 'OnUnitActiveSec=90s']],
    ['login', 'finish', ['OnStartupSec=1s', 'OnUnitInactiveSec=90s']],
    ['command', 'start', ['OnUnitActiveSec=90s']],
  ] as const)('a period from %s, relative to %s', (startOn, relativeTo, expected) => {
    expect(timerLines({ kind: 'periodic', startOn, relativeTo, period: 90, accuracy: 0.001, randomizedDelay: 2.5 }).lines).toEqual([...expected, 'AccuracySec=1ms', 'RandomizedDelaySec=2500ms'])
  })

  test('several in one timer share the finest accuracy and the longest delay, which is said', () => {
    const { lines, warnings } = timerLines(
      { kind: 'calendar', schedule: '*-*-* 01:00:00', persistent: true, accuracy: 60 },
      { kind: 'calendar', schedule: '*-*-* 02:00:00', persistent: false, accuracy: 1, randomizedDelay: 5 },
    )
    expect(lines).toEqual(['OnCalendar=*-*-* 01:00:00', 'OnCalendar=*-*-* 02:00:00', 'Persistent=yes', 'AccuracySec=1s', 'RandomizedDelaySec=5s'])
    expect(warnings).toHaveLength(2)
  })
})

describe('a template', () => {
  const template = { name: 'worker@', instances: ['1', '2'], env: { A: '%i' } } as const
  const calendar = [{ kind: 'calendar', schedule: '*-*-* 01:00:00', persistent: false, accuracy: 1 }] as const

  test('leaves it to systemd which instance it is', () => {
    expect(linesOf(serviceText(template), 'Description', 'Environment', 'SyslogIdentifier')).toEqual(['Description=worker@', 'Environment=TASKFLOWS_SERVICE=worker@%i', 'Environment="A=%%i"', 'Environment="PYTHONUNBUFFERED=1"', 'SyslogIdentifier=worker@%i'])
  })

  test('has timers that are about their own instance', () => {
    expect(linesOf(unitText({ ...template, startSchedule: calendar }, 'taskflows-worker@.timer'), 'Unit')).toEqual(['Unit=taskflows-worker@%i.service'])
    expect(linesOf(unitText({ ...template, stopSchedule: calendar }, 'stop-taskflows-worker@.service'), 'ExecStart')).toEqual(['ExecStart=/usr/bin/systemctl --user stop taskflows-worker@%i.service'])
    expect(linesOf(unitText({ ...template, stopSchedule: calendar }, 'stop-taskflows-worker@.timer'), 'Unit')).toEqual(['Unit=stop-taskflows-worker@%i.service'])
  })
})

test('in scope system it starts with the machine, under its account', () => {
  const differences = { scope: 'system', user: 'www-data', group: 'www-data', slice: 'batch', workingDirectory: '/srv/my app/100%', stopSchedule: [{ kind: 'calendar', schedule: '*-*-* 01:00:00', persistent: false, accuracy: 1 }] } as const
  expect(linesOf(serviceText(differences), 'User', 'Group', 'Slice', 'WorkingDirectory', 'WantedBy')).toEqual(['User=www-data', 'Group=www-data', 'WorkingDirectory=/srv/my app/100%%', 'Slice=batch.slice', 'WantedBy=multi-user.target'])
  expect(linesOf(unitText(differences, 'stop-taskflows-web.service'), 'ExecStart')).toEqual(['ExecStart=/usr/bin/systemctl stop taskflows-web.service'])
})

describe('directives beyond all fields', () => {
  test('stand in their sections, in a fixed order', () => {
    const { units } = compile({ startSchedule: [{ kind: 'calendar', schedule: '*-*-* 01:00:00', persistent: false, accuracy: 1 }], directives: { Service: { Nice: ['5'], IPAddressDeny: ['any', '10.0.0.0/8'] }, Timer: { WakeSystem: ['yes'] }, Unit: { Documentation: ['man:x(1)'] } } })
    expect(units[0]!.text.split('\n').slice(-7)).toEqual(['IPAddressDeny=any', 'IPAddressDeny=10.0.0.0/8', 'Nice=5', '', '[Install]', 'WantedBy=default.target', ''])
    expect(linesOf(units[0]!.text, 'Documentation')).toEqual(['Documentation=man:x(1)'])
    expect(linesOf(units[1]!.text, 'WakeSystem')).toEqual(['WakeSystem=yes'])
  })

  test('cannot say again what a field says, nor who owns the unit', () => {
    expect(() => compile({ directives: { Service: { ExecStart: ['/bin/x'] } } })).toThrow(/"ExecStart" of \[Service\] in taskflows-web.service is set by a field/)
    expect(() => compile({ directives: { Unit: { 'X-Taskflows-Hash': ['0'] } } })).toThrow(/is ours/)
    expect(() => compile({ directives: { Service: { 'A=b\nExecStartPre': ['x'] } } })).toThrow(/is no name of a directive/)
    expect(() => compile({ directives: { Service: { Nice: ['5\nExecStartPre=/bin/x'] } } })).toThrow(expect.objectContaining({ code: 'service.unsafe' }))
    expect(() => compile({ directives: { Timer: { WakeSystem: ['yes'] } } })).toThrow(/no timer to be in/)
  })

  test('may choose otherwise than a hardening profile', () => {
    expect(linesOf(serviceText({ hardening: 'web', directives: { Service: { NoNewPrivileges: ['no'] } } }), 'NoNewPrivileges')).toEqual(['NoNewPrivileges=no'])
  })
})
