import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileHost } from '../../../../test/testbed/compile-host.ts'
import { serviceDefinition } from '../../../../test/testbed/service-arbitraries.ts'
import type { ServiceDefinition, ServiceScope } from '../../../engines/services/service-definition.ts'
import { withoutDefaults } from '../../../engines/services/files/module-text.ts'
import { compileService } from '../compile/compile-service.ts'
import { importUnit } from './import-unit.ts'
import { mergeUnit } from './read-unit-file.ts'

const place = { home: '/home/ann', uid: 1000, userName: 'ann', renamed: (unit: string) => unit }
const compileFor = (scope: ServiceScope) => (definition: ServiceDefinition) => compileService(definition, compileHost(scope, { privileged: true }))

function imported(service: string, { timer, scope = 'system', unit = 'old.service', dropIns = [], enabled = false, renamed = place.renamed }: { timer?: string; scope?: ServiceScope; unit?: string; dropIns?: readonly string[]; enabled?: boolean; renamed?: (unit: string) => string } = {}) {
  return importUnit({ unit, settings: mergeUnit([service, ...dropIns]).settings, timer: timer === undefined ? undefined : { unit: unit.replace('.service', '.timer'), settings: mergeUnit([timer]).settings }, enabled }, { ...place, renamed, scope, name: unit.slice(0, -'.service'.length), compile: compileFor(scope) })
}

/** What is said beyond the defaults, when nothing is different. */
function definitionOf(...given: Parameters<typeof imported>): Record<string, unknown> {
  const found = imported(...given)
  if ('refused' in found) throw new Error(found.refused)
  expect(found.differences).toEqual([])
  const { name: _, scope: __, ...rest } = withoutDefaults(found.definition) as unknown as Record<string, unknown>
  return rest
}

const basic = { type: 'simple', stopTimeout: 90, startCommand: { kind: 'program', argv: ['/bin/x'] } }
const service = (...lines: readonly string[]) => ['[Service]', 'ExecStart=/bin/x', ...lines, ''].join('\n')

describe('becomes a field', () => {
  test.each<[string, Record<string, unknown>]>([
    ['', {}],
    ['Type=notify', { type: 'notify' }],
    ['TimeoutStopSec=1min 30s', {}],
    ['TimeoutStopSec=infinity', { stopTimeout: 3_153_600_000 }],
    ['TimeoutSec=20', { startTimeout: 20, stopTimeout: 20 }],
    ['RuntimeMaxSec=1h', { timeout: 3600 }],
    ['KillSignal=SIGINT', { killSignal: 'SIGINT' }],
    ['User=nobody\nGroup=nogroup', { user: 'nobody', group: 'nogroup' }],
    ['WorkingDirectory=/tmp', { workingDirectory: '/tmp' }],
    ['Slice=batch.slice', { slice: 'batch' }],
    ['SuccessExitStatus=1 2\nSuccessExitStatus=SIGKILL', { successExitStatus: [1, 2, 'SIGKILL'] }],
    ['Environment=A=b "C=d e" \'F=g\' H=50%%', { env: { A: 'b', C: 'd e', F: 'g', H: '50%' } }],
    ['Environment=A=b\nEnvironment=\nEnvironment=C=d', { env: { C: 'd' } }],
    ['Environment=HOME_OF=%h', { env: { HOME_OF: '/home/ann' } }],
    ['Environment="DB_PASSWORD=p\\"a %%h"', { env: { DB_PASSWORD: 'p"a %h' } }],
    ['MemoryMax=1.5G\nMemoryHigh=512M\nTasksMax=50', { cgroupConfig: { memoryLimit: 1.5 * 1024 ** 3, memoryHigh: 512 * 1024 ** 2, pidsLimit: 50 } }],
    ['CPUQuota=20%', { cgroupConfig: { cpuQuota: 20_000 } }],
    ['CPUQuota=20%\nCPUQuotaPeriodSec=10ms', { cgroupConfig: { cpuQuota: 2_000, cpuPeriod: 10_000 } }],
    ['DeviceAllow=/dev/null rw\nIOReadBandwidthMax=/dev/sda 5M', { cgroupConfig: { devices: ['/dev/null:rw'], deviceReadBps: { '/dev/sda': 5_000_000 } } }],
    ['ProtectSystem=strict\nReadOnlyPaths=/', { cgroupConfig: { readOnlyRootfs: true } }],
    ['Restart=no', {}],
    ['Restart=on-failure', { restartPolicy: { condition: 'on-failure', maxAttempts: 5, window: 10 } }],
    ['Restart=always\nRestartSec=500ms\nStartLimitInterval=0', { restartPolicy: { condition: 'always', delay: 0.5 } }],
    ['Type=notify\nWatchdogSec=30\nRestart=always\nStartLimitIntervalSec=0\nNotifyAccess=main', { type: undefined, restartPolicy: { condition: 'always' }, watchdog: { interval: 30, restartOnHang: true, notifyAccess: 'main' } }],
    ['ExecStartPre=/bin/a "b c"\nExecStartPre=/bin/d', { execStartPre: [{ kind: 'program', argv: ['/bin/a', 'b c'] }, { kind: 'program', argv: ['/bin/d'] }] }],
  ])('%s', (lines, expected) => {
    expect(definitionOf(service(...lines.split('\n')))).toEqual({ ...basic, ...expected })
  })

  test('and with [Unit]: dependencies, requirements, the description', () => {
    expect(definitionOf(`[Unit]\nDescription=A 100%% b\nAfter=a.service b.target\nAfter=c.service\nConditionMemory=>=1G\nAssertCPUPressure=50%\n${service()}`)).toEqual({
      ...basic, description: 'A 100% b', startAfter: ['a.service', 'b.target', 'c.service'],
      startupRequirements: [{ kind: 'memory', amount: 1024 ** 3, constraint: '>=', silent: true }, { kind: 'cpu_pressure', maxPercent: 50, timespan: '5min', silent: false }],
    })
  })

  test('and names of units that are imported along are those of ours', () => {
    expect(definitionOf(`[Unit]\nAfter=db.service\n${service()}`, { renamed: (unit) => (unit === 'db.service' ? 'taskflows-db.service' : unit) })).toEqual({ ...basic, startAfter: ['db'] })
  })
})

describe('stays a directive', () => {
  test.each([
    'Nice=5', 'ExecReload=/bin/kill -HUP $MAINPID', 'ExecStartPre=-/bin/mkdir -p /run/x', 'WorkingDirectory=~', 'SuccessExitStatus=DATAERR', 'EnvironmentFile=-/etc/default/none', 'MemoryMax=50%',
    'CPUWeight=idle', 'TasksMax=infinity', 'CapabilityBoundingSet=', 'StandardOutput=null', 'SyslogIdentifier=web', 'CPUAccounting=no', 'NotifyAccess=main', 'RuntimeDirectory=x-%u', 'TimeoutStartSec=infinity', 'Slice=system-x\\x2dy.slice',
  ])('%s', (line) => {
    const [, name, value] = /^(\w+)=(.*)$/.exec(line)!
    const { Service: found } = definitionOf(service(line))['directives'] as Record<string, Record<string, readonly string[]>>
    expect(found![name!]).toEqual([value])
  })

  test('what names the unit itself, with the name it had', () => {
    expect(definitionOf(service('RuntimeDirectory=%p', 'SyslogIdentifier=%n'), { unit: 'a-b.service' })['directives']).toEqual({ Service: { RuntimeDirectory: ['a-b'], SyslogIdentifier: ['a-b.service'] } })
    expect(definitionOf(service('RuntimeDirectory=%N'), { unit: 'w@.service' })['directives']).toEqual({ Service: { RuntimeDirectory: ['w@%i'] } })
  })

  test('[Install] that says more', () => {
    expect(definitionOf(`${service()}\n[Install]\nWantedBy=graphical-session.target\nAlias=other.service`)['directives']).toEqual({ Install: { Alias: ['other.service'], WantedBy: ['graphical-session.target'] } })
  })
})

describe('timers', () => {
  const calendar = (schedule: string, more: object = {}) => ({ kind: 'calendar', schedule, persistent: false, accuracy: 60, ...more })
  test.each<[string, object]>([
    ['OnCalendar=daily', { startSchedule: [calendar('*-*-* 00:00:00')] }],
    ['OnCalendar=Mon 9:00\nOnCalendar=Tue 10:00\nPersistent=true\nAccuracySec=1s\nRandomizedDelaySec=1h', { startSchedule: [calendar('Mon *-*-* 09:00:00', { persistent: true, accuracy: 1, randomizedDelay: 3600 }), calendar('Tue *-*-* 10:00:00', { persistent: true, accuracy: 1, randomizedDelay: 3600 })] }],
    ['OnBootSec=1\nOnUnitActiveSec=5min', { startSchedule: [{ kind: 'periodic', startOn: 'boot', period: 300, relativeTo: 'start', accuracy: 60 }] }],
    ['OnBootSec=15min\nOnUnitInactiveSec=1d', { startSchedule: [{ kind: 'periodic', startOn: 'command', period: 86_400, relativeTo: 'finish', accuracy: 60 }], directives: { Timer: { OnBootSec: ['15min'] } } }],
    ['OnCalendar=monthly\nWakeSystem=yes', { startSchedule: [calendar('*-*-01 00:00:00')], directives: { Timer: { WakeSystem: ['yes'] } } }],
    ['OnCalendar=daily\nOnCalendar=\nOnCalendar=weekly', { startSchedule: [calendar('Mon *-*-* 00:00:00')] }],
  ])('%s', (lines, expected) => {
    expect(definitionOf(service(), { timer: `[Timer]\n${lines}\n` })).toEqual({ ...basic, ...expected })
  })

  test('that start once are refused', () => {
    expect(imported(service(), { timer: '[Timer]\nOnBootSec=5min\n' })).toEqual({ refused: expect.stringMatching(/old\.timer starts it once/) })
  })

  test('with a [Unit] that says more are told as different', () => {
    const found = imported(service(), { timer: '[Unit]\nConditionPathExists=/x\n[Timer]\nOnCalendar=daily\n' })
    expect(found).toMatchObject({ differences: [{ key: 'Unit.ConditionPathExists', source: '/x', ours: undefined }] })
  })
})

describe('commands', () => {
  test.each<[string, readonly string[]]>([
    ['/bin/x "a b" \'c "d"\' e\\x20f g\\sh', ['/bin/x', 'a b', 'c "d"', 'e f', 'g h']],
    ['/bin/x a \\\n  b', ['/bin/x', 'a', 'b']],
    [':/bin/x $A ${B}', ['/bin/x', '$A', '${B}']],
    ['/bin/x $$A a$B 100%%', ['/bin/x', '$A', 'a$B', '100%']],
    ['/bin/x %h/bin %t', ['/bin/x', '/home/ann/bin', '/run']],
    ['/bin/x $OPTS', ['/bin/sh', '-c', 'set -f; exec /bin/x $OPTS']],
    ['/bin/x --a=${B}c "it\'s"', ['/bin/sh', '-c', `exec /bin/x "--a=\${B}c" 'it'\\''s'`]],
    ['/bin/x \\; y', ['/bin/x', ';', 'y']],
  ])('%s', (line, argv) => {
    expect(definitionOf(`[Service]\nExecStart=${line}\n`)['startCommand']).toEqual({ kind: 'program', argv })
  })

  test('of a oneshot run one after the other', () => {
    expect(definitionOf('[Service]\nType=oneshot\nExecStartPre=/bin/p\nExecStart=/bin/a ; /bin/b 1\nExecStart=/bin/c\n')).toEqual({
      type: 'oneshot', stopTimeout: 90, startCommand: { kind: 'program', argv: ['/bin/c'] },
      execStartPre: [['/bin/p'], ['/bin/a'], ['/bin/b', '1']].map((argv) => ({ kind: 'program', argv })),
    })
  })

  test.each<[string, RegExp]>([
    ['ExecStart=-/bin/x', /begins with -/], ['ExecStart=@/bin/x y', /begins with @/], ['ExecStart=/bin/x %i', /specifier %i/], ['ExecStart=/bin/x %f', /%f stands for/], ['ExecStart=$X a', /program is a variable/],
    ['ExecStart=/bin/x "a', /cannot be read/], ['ExecStart=/bin/x "a\\nb"', /control characters/], ['ExecStart=/bin/a\nExecStart=/bin/b', /several/], ['ExecStop=/bin/x', /no ExecStart/],
    ['Type=dbus\nExecStart=/bin/x', /type: .*"dbus"/], ['ExecStart=/bin/x ${A:-b}', /which is no name/],
  ])('%s is refused', (lines, reason) => {
    expect(imported(`[Service]\n${lines}\n`)).toEqual({ refused: expect.stringMatching(reason) })
  })
})

test('drop-ins are read behind the unit', () => {
  expect(definitionOf(service('Nice=5', 'Environment=A=1'), { dropIns: ['[Service]\nExecStart=\nExecStart=/bin/y\nNice=\n', '# a comment\n[Service]\nEnvironment=A=2\nUMask=077\nUMask=027\n'] }))
    .toEqual({ ...basic, directives: { Service: { UMask: ['027'] } }, startCommand: { kind: 'program', argv: ['/bin/y'] }, env: { A: '2' } })
})

test('what a definition became, imported, becomes the same again', { timeout: 60_000 }, () => {
  fc.assert(fc.property(serviceDefinition, (definition) => {
    // Of a container there are only lines of Docker's client.
    fc.pre(definition.environment?.kind !== 'docker')
    const compiled = compileFor(definition.scope)(definition)
    const text = (role: string) => compiled.units.find((unit) => unit.role === role)?.text
    const timer = text('timer')
    const found = imported(text('service')!.replaceAll(/^X-.*\n/gm, ''), { ...(timer !== undefined && { timer }), scope: definition.scope, unit: `${definition.name}.service` })
    if ('refused' in found) throw new Error(`${found.refused}\n${text('service')}`)
    expect(found.differences).toEqual([])
  }), { numRuns: 500 })
})

test('any text is imported or refused, and never throws', () => {
  const piece = fc.constantFrom('[Service]', '[Unit]', '[Timer]', '\n', '\n', '=', ' ', 'ExecStart', 'ExecStart=/bin/x', 'Environment=', 'A=b', '"', "'", '\\', '%', '%h', '$', '${', '}', ';', '-', '0', '1h', 'infinity', '\0', '\u2028', '__proto__', 'MemoryMax=', 'Restart=', 'always', 'OnCalendar=', 'WatchdogSec=')
  fc.assert(fc.property(fc.array(piece, { maxLength: 25 }), fc.boolean(), (pieces, timed) => {
    imported(`[Service]\nExecStart=/bin/x\n${pieces.join('')}`, timed ? { timer: `[Timer]\nOnCalendar=daily\n${pieces.join('')}` } : {})
  }), { numRuns: 5_000 })
})
