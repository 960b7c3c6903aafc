import { describe, expect, test } from 'vitest'
import { type Situation, planRemoval, planService } from './plan-service.ts'
import type { ServiceDefinition } from '../service-definition.ts'
import type { CompiledService, InstalledUnit, UnitFile, UnitState } from '../service-manager.ts'

const nowMs = Date.parse('2030-01-07T12:00:00Z')
const definition: ServiceDefinition = { name: 'web', scope: 'user', type: 'exec', startCommand: { kind: 'program', argv: ['/bin/web'] }, enabled: true, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none' }

function serviceText(lines: readonly string[] = ['ExecStart=/bin/web'], description = 'Web'): string {
  return `[Unit]\nDescription=${description}\n\n[Service]\n${lines.join('\n')}\n`
}
const timerText = (calendar: string) => `[Timer]\nOnCalendar=${calendar}\nPersistent=true\n`

function compiled(changes: Partial<ServiceDefinition> = {}, { text = serviceText(), timer, secret }: { text?: string; timer?: string; secret?: string } = {}): CompiledService {
  const whole = { ...definition, ...changes }
  const unit = (suffix: string, role: UnitFile['role'], content: string): UnitFile => ({ unit: `taskflows-${whole.name}${suffix}`, service: whole.name, role, text: content })
  return {
    definition: whole, warnings: [],
    units: [unit('.service', 'service', text), ...(timer === undefined ? [] : [unit('.timer', 'timer', timerText(timer))])],
    ...(secret !== undefined && { secretEnv: { path: '/home/web.env', text: secret } }),
  }
}

/** As a service stands when it was applied like this. */
function appliedAs(service: CompiledService, running: readonly string[] = [], changes: Partial<Situation> = {}): Situation {
  const installed = service.units.map((file): InstalledUnit => ({ ...file, path: `/units/${file.unit}`, dropIns: [], enabled: file.role === 'timer' || service.definition.enabled }))
  const state = (unit: string): UnitState => ({ unit, description: '', loadState: 'loaded', activeState: 'active', subState: 'running' })
  const { definition, units, secretEnv = null } = service
  return {
    name: definition.name, scope: 'user', installed, states: new Map(running.map((unit) => [unit, state(unit)])), secretText: secretEnv?.text ?? null,
    applied: { version: 3, at: 0, by: 'ada', note: null, definition, units, secretEnv }, ...changes,
  }
}
const nowhere: Situation = { name: 'web', scope: 'user', installed: [], states: new Map(), applied: undefined, secretText: null }
const plan = (service: CompiledService, situation: Situation, start?: boolean) => planService(service, situation, { nowMs, ...(start !== undefined && { start }) }).change
const steps = (service: CompiledService, situation: Situation, start?: boolean) => plan(service, situation, start).steps.map(({ verb, unit, why }) => `${verb} ${unit}: ${why}`)

describe('a service that is not there yet', () => {
  test('is created, starts at boot and now', () => {
    const change = plan(compiled(), nowhere)
    expect(change).toMatchObject({ action: 'create', files: [{ unit: 'taskflows-web.service', action: 'create' }], drift: [] })
    expect(steps(compiled(), nowhere)).toEqual(['enable taskflows-web.service: starts at boot', 'start taskflows-web.service: is new'])
  })

  test('with a schedule is not run, but its timer begins', () => {
    const scheduled = compiled({ startSchedule: [{ kind: 'calendar', schedule: 'Mon *-*-* 09:00:00 UTC', persistent: true, accuracy: 0.001 }] }, { timer: 'Mon *-*-* 09:00:00 UTC' })
    expect(steps(scheduled, nowhere)).toEqual([
      'enable taskflows-web.service: starts at boot', 'enable taskflows-web.timer: keeps its schedule after a boot', 'start taskflows-web.timer: begins its schedule',
    ])
    expect(plan(scheduled, nowhere).nextRuns.map((at) => new Date(at).toISOString())).toEqual(['2030-01-14T09:00:00.000Z', '2030-01-21T09:00:00.000Z', '2030-01-28T09:00:00.000Z'])
  })

  test('that is not enabled is written, and no more; or started when that was asked for', () => {
    expect(steps(compiled({ enabled: false }), nowhere)).toEqual([])
    expect(steps(compiled({ enabled: false }), nowhere, true)).toEqual(['start taskflows-web.service: was asked for'])
    expect(steps(compiled(), nowhere, false)).toEqual(['enable taskflows-web.service: starts at boot'])
  })

  test('has one start for each instance of a template', () => {
    expect(steps(compiled({ name: 'worker@', instances: ['1', '2'] }), { ...nowhere, name: 'worker@' })).toEqual([
      'enable taskflows-worker@1.service: starts at boot', 'enable taskflows-worker@2.service: starts at boot',
      'start taskflows-worker@1.service: is new', 'start taskflows-worker@2.service: is new',
    ])
  })
})

describe('a service that is as it should be', () => {
  test('has nothing to change, whether it runs or was stopped by a person', () => {
    for (const running of [['taskflows-web.service'], []]) expect(plan(compiled(), appliedAs(compiled(), running))).toMatchObject({ action: 'none', files: [], steps: [], drift: [] })
  })

  test('has its timer started when that does not run', () => {
    const scheduled = compiled({ startSchedule: [] }, { timer: 'daily' })
    expect(steps(scheduled, appliedAs(scheduled))).toEqual(['start taskflows-web.timer: does not run'])
    expect(plan(scheduled, appliedAs(scheduled, ['taskflows-web.timer'])).action).toBe('none')
  })
})

describe('a running service whose unit changed', () => {
  const running = (before: CompiledService) => appliedAs(before, ['taskflows-web.service'])
  test.each([
    ['its program: restarts', ['ExecStart=/bin/web --port 2', 'Environment=A=1'], 'restart taskflows-web.service: Environment and ExecStart changed'],
    ['its limits: goes on under the new ones', ['ExecStart=/bin/web', 'MemoryMax=1G', 'TasksMax=9'], 'keep taskflows-web.service: only limits changed (MemoryMax and TasksMax): they hold at once, without a restart'],
    ['what counts at its end: goes on', ['ExecStart=/bin/web', 'Restart=always'], 'keep taskflows-web.service: Restart changed: systemd goes by it without a restart'],
    ['its sandbox: restarts', ['ExecStart=/bin/web', 'MemoryDenyWriteExecute=yes', 'MemoryMax=1G'], 'restart taskflows-web.service: MemoryDenyWriteExecute changed'],
  ])('%s', (_what, lines, step) => {
    expect(steps(compiled({}, { text: serviceText(lines) }), running(compiled()))).toEqual([step])
  })

  test('in its description only goes on', () => {
    expect(steps(compiled({}, { text: serviceText(undefined, 'The web') }), running(compiled()))).toEqual(['keep taskflows-web.service: only Description changed'])
  })

  const other = { text: serviceText(['ExecStart=/bin/other']) }
  test.each([
    ['is reloaded if that is its way', { onChange: 'reload' }, 'reload taskflows-web.service: ExecStart changed'],
    ['is kept if that is its way', { onChange: 'keep' }, 'keep taskflows-web.service: ExecStart changed, and onChange is keep: the change holds from its next start'],
    ['is not interrupted as a oneshot', { type: 'oneshot' }, 'keep taskflows-web.service: ExecStart changed, and it runs now: the change holds from its next run'],
    ['is not interrupted as a scheduled job', { startSchedule: [{ kind: 'periodic', startOn: 'boot', period: 60, relativeTo: 'start', accuracy: 1 }] }, 'keep taskflows-web.service: ExecStart changed, and it runs now as a scheduled job: the change holds from its next run'],
  ] as const)('%s', (_what, changes, step) => {
    expect(steps(compiled(changes, other), running(compiled(changes)))).toEqual([step])
  })

  test('restarts for a secret value, which no unit shows', () => {
    const change = plan(compiled({}, { secret: 'A="2"\n' }), running(compiled({}, { secret: 'A="1"\n' })))
    expect(change).toMatchObject({ action: 'update', files: [], steps: [{ verb: 'restart', why: 'a secret value changed' }] })
    expect(JSON.stringify(change)).not.toContain('A=')
  })
})

describe('other changes', () => {
  test('a stopped service that changed is started, since it is enabled; a oneshot waits for its next run', () => {
    const other = { text: serviceText(['ExecStart=/bin/other']) }
    expect(steps(compiled({}, other), appliedAs(compiled()))).toEqual(['start taskflows-web.service: does not run'])
    expect(steps(compiled({ type: 'oneshot' }, other), appliedAs(compiled({ type: 'oneshot' })))).toEqual([])
  })

  test('a timer that is to start another unit is restarted: it would wait for the end of the one before', () => {
    const startSchedule = [{ kind: 'calendar', schedule: '*-*-* 09:00:00', persistent: true, accuracy: 0.001 }] as const
    const throughUnit = (unit: string) => {
      const service = compiled({ startSchedule }, { timer: '*-*-* 09:00:00' })
      return { ...service, units: service.units.map((file) => (file.role === 'timer' ? { ...file, text: `${file.text}Unit=${unit}\n` } : file)) }
    }
    expect(steps(throughUnit('start-taskflows-web.service'), appliedAs(throughUnit('taskflows-web.service'), ['taskflows-web.timer']))).toEqual(['restart taskflows-web.timer: starts another unit'])
  })

  test('a timer goes by its new schedule without a restart', () => {
    const [before, after] = ['daily', 'weekly'].map((timer) => compiled({ enabled: false }, { timer })) as [CompiledService, CompiledService]
    expect(steps(after, appliedAs(before, ['taskflows-web.timer']))).toEqual([
      'keep taskflows-web.timer: OnCalendar changed: the timer goes by it without a restart',
    ])
  })

  test('a schedule that is no more stops its timer and removes it', () => {
    const change = plan(compiled(), appliedAs(compiled({}, { timer: 'daily' }), ['taskflows-web.timer']))
    expect(change.files).toMatchObject([{ unit: 'taskflows-web.timer', action: 'remove' }])
    expect(change.steps.map(({ verb, unit }) => `${verb} ${unit}`)).toEqual(['stop taskflows-web.timer', 'disable taskflows-web.timer', 'start taskflows-web.service'])
  })

  test('an instance that is no more stops, and a new one starts', () => {
    const [before, after] = [['1', '2'], ['2', '3']].map((instances) => compiled({ name: 'worker@', instances }, { text: serviceText(undefined, instances.join()) })) as [CompiledService, CompiledService]
    const change = plan(after, appliedAs(before, ['taskflows-worker@1.service', 'taskflows-worker@2.service']))
    expect(change.steps.map(({ verb, unit }) => `${verb} ${unit}`)).toEqual([
      'stop taskflows-worker@1.service', 'disable taskflows-worker@1.service', 'enable taskflows-worker@2.service', 'enable taskflows-worker@3.service', 'start taskflows-worker@3.service', 'keep taskflows-worker@2.service',
    ])
  })

  test('a schedule in the past is told', () => {
    const past = compiled({ startSchedule: [{ kind: 'calendar', schedule: '2029-01-01 00:00:00 UTC', persistent: true, accuracy: 1 }] })
    expect(plan(past, nowhere).warnings).toEqual(['startSchedule: 2029-01-01 00:00:00 UTC is in the past: this never fires'])
  })

  test('a removal stops what is loaded, instances too', () => {
    const worker = compiled({ name: 'worker@', instances: ['1'] })
    const { change } = planRemoval(appliedAs(worker, ['taskflows-worker@1.service', 'taskflows-worker@7.service']), 'gone')
    expect(change.steps.map(({ verb, unit }) => `${verb} ${unit}`)).toEqual(['stop taskflows-worker@1.service', 'stop taskflows-worker@7.service', 'disable taskflows-worker@1.service', 'disable taskflows-worker@7.service'])
  })
})

describe('drift', () => {
  const disk = (changes: Partial<InstalledUnit>): Situation => {
    const situation = appliedAs(compiled(), ['taskflows-web.service'])
    return { ...situation, installed: situation.installed.map((unit) => ({ ...unit, ...changes })) }
  }

  test('an edit by hand is told, and undone', () => {
    const change = plan(compiled(), disk({ text: serviceText(['ExecStart=/bin/web', 'Nice=5']) }))
    expect(change).toMatchObject({ action: 'update', drift: ['taskflows-web.service was edited by hand since version 3'], steps: [{ verb: 'restart', why: 'Nice changed' }] })
    expect(change.files[0]!.diff).toContain('-Nice=5')
  })

  test('a drop-in is told, and stays', () => {
    expect(plan(compiled(), disk({ dropIns: [{ path: '/units/a.conf', text: '[Service]\nMemoryMax=1G\nEnvironment=A=1' }] }))).toMatchObject({ action: 'none', drift: ['drop-in /units/a.conf sets MemoryMax and Environment'] })
  })

  test('what was disabled since is told, and enabled again', () => {
    expect(plan(compiled(), disk({ enabled: false }))).toMatchObject({ action: 'update', drift: ['taskflows-web.service is disabled, though its definition enables it'], steps: [{ verb: 'enable', why: 'is disabled now' }] })
  })

  test('a unit that is gone from disk is told, and written again', () => {
    const scheduled = compiled({ startSchedule: [] }, { timer: 'daily' })
    const situation = appliedAs(scheduled, ['taskflows-web.service'])
    expect(plan(scheduled, { ...situation, installed: situation.installed.slice(0, 1) })).toMatchObject({
      action: 'update', drift: ['taskflows-web.timer was removed from disk'], files: [{ unit: 'taskflows-web.timer', action: 'create' }],
    })
  })

  test('an apply that was cut short is told and gone on with: what runs is the version before', () => {
    const after = compiled({}, { text: serviceText(['ExecStart=/bin/other']) })
    const situation = { ...appliedAs(after, ['taskflows-web.service']), applied: appliedAs(compiled()).applied }
    expect(plan(after, situation)).toMatchObject({
      action: 'update', files: [], drift: ['taskflows-web.service was written by an apply that did not come to its end'], steps: [{ verb: 'restart', why: 'ExecStart changed' }],
    })
  })

  test('units of another home are taken over without a restart', () => {
    expect(plan(compiled(), { ...appliedAs(compiled(), ['taskflows-web.service']), applied: undefined })).toMatchObject({ action: 'update', files: [], steps: [] })
  })
})
