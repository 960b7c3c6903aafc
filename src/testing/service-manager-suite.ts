/**
 * What every ServiceManager promises, as tests on a real one. The units are written by hand, since compiling is a
 * matter of its own.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { InstalledUnit, ServiceManager, UnitChanges, UnitDetails, UnitFile, UnitRole } from '../engines/services/service-manager.ts'

/** One that has no units of ours, with its reload behind it. */
export interface ManagerUnderTest extends AsyncDisposable {
  readonly manager: Omit<ServiceManager, 'compiler'>
  /** Runs a program where the services run. Rejects unless it ends with 0. */
  exec(program: string, ...args: readonly string[]): Promise<{ readonly stdout: string }>
  /** `systemctl --user` or `systemctl`. */
  readonly systemctl: readonly [string, ...string[]]
  /** Ends the bus, which comes back. */
  restartBus(): Promise<void>
}

const suffixes: Readonly<Record<UnitRole, readonly [string, string]>> = {
  'service': ['', '.service'], 'timer': ['', '.timer'], 'start-service': ['start-', '.service'], 'run-service': ['run-', '@.service'], 'slot-service': ['slot-', '@.service'], 'stop-service': ['stop-', '.service'], 'stop-timer': ['stop-', '.timer'], 'restart-service': ['restart-', '.service'], 'restart-timer': ['restart-', '.timer'],
}

/** A unit of ours as compilation marks it. */
export function unitFile(service: string, role: UnitRole, lines: string, unitLines = ''): UnitFile {
  const [prefix, suffix] = suffixes[role]
  const install = role === 'service' ? 'default.target' : 'timers.target'
  const text = `[Unit]\nDescription=${service} of tests\nX-Taskflows-Service=${service}\nX-Taskflows-Role=${role}\nX-Taskflows-Hash=00\n${unitLines}\n[${suffix === '.timer' ? 'Timer' : 'Service'}]\n${lines}\n\n[Install]\nWantedBy=${install}\n`
  return { unit: `${prefix}taskflows-${service}${suffix}`, service, role, text }
}

export function testServiceManager(open: () => Promise<ManagerUnderTest>): void {
  let subject: ManagerUnderTest
  let manager: ManagerUnderTest['manager']

  beforeAll(async () => {
    subject = await open()
    manager = subject.manager
  })
  afterAll(() => subject[Symbol.asyncDispose]())

  const exec: ManagerUnderTest['exec'] = (...command) => subject.exec(...command)
  const service = (name: string, lines: string, unitLines?: string) => unitFile(name, 'service', lines, unitLines)
  async function given(...units: readonly UnitFile[]): Promise<void> {
    await manager.write({ units, removed: [], secretEnv: [] })
    await manager.reload()
  }
  const detailsOf = async (unit: string): Promise<UnitDetails> => (await manager.details([unit]))[0]!
  const until = (unit: string, expected: Partial<UnitDetails>) => vi.waitFor(async () => {
    const found = await detailsOf(unit)
    expect(found).toMatchObject(expected)
    return found
  }, { timeout: 10_000, interval: 50 })
  async function installed(name: string): Promise<readonly InstalledUnit[]> {
    return (await manager.installed()).filter((unit) => unit.service === name)
  }

  test('what was written is there with its role, and gone when it was removed', async () => {
    const units = [service('files', 'ExecStart=/bin/true'), unitFile('files', 'timer', 'OnCalendar=daily'), unitFile('files', 'stop-timer', 'OnCalendar=daily')]
    await manager.write({ units, removed: [], secretEnv: [] })
    expect((await installed('files')).map(({ unit, role, text, enabled, dropIns }) => ({ unit, role, text, enabled, dropIns }))).toEqual(
      [units[2]!, units[0]!, units[1]!].map(({ unit, role, text }) => ({ unit, role, text, enabled: false, dropIns: [] })),
    )
    await manager.write({ units: [], removed: units.map(({ unit }) => unit), secretEnv: [] })
    expect(await installed('files')).toEqual([])
  })

  test('a unit of somebody else under a name of ours is told apart, and never overwritten', async () => {
    const path = `${manager.directory}/taskflows-stranger.service`
    await exec('sh', '-c', `mkdir -p '${manager.directory}' && printf '[Service]\\nExecStart=/bin/true\\n' > '${path}'`)
    expect(await installed('stranger')).toEqual([])
    expect(await manager.foreign()).toContain(path)
    await expect(given(service('between', 'ExecStart=/bin/true'), service('stranger', 'ExecStart=/bin/false'))).rejects.toMatchObject({ code: 'service.invalid', message: expect.stringContaining(path) })
    expect(await installed('between')).toEqual([])
    await exec('rm', path)
  })

  test('a unit of the moment runs, is seen by nobody who asks what is installed, and goes when it is removed', async () => {
    const template = unitFile('made-up', 'slot-service', 'Type=oneshot\nExecStart=/bin/sh -c "test %i = 2026-11-21T03:00:00Z"')
    const unit = 'slot-taskflows-made-up@2026-11-21T03:00:00Z.service'
    expect(await manager.writeRuntime({ units: [template], removed: [] })).toBe(true)
    expect(await manager.writeRuntime({ units: [template], removed: [] })).toBe(false)
    await manager.reload()
    expect(await manager.act('start', [unit], { wait: true })).toEqual([{ unit, result: 'done' }])
    expect(await installed('made-up')).toEqual([])
    expect(await manager.foreign()).toEqual([])
    expect(await manager.writeRuntime({ units: [{ ...template, text: template.text.replace('2026', '2025') }], removed: [] })).toBe(true)
    await manager.reload()
    expect(await manager.act('start', [unit], { wait: true })).toEqual([{ unit, result: 'failed', problem: 'exited with 1' }])
    await manager.resetFailed([unit])
    expect(await manager.writeRuntime({ units: [], removed: [template.unit] })).toBe(true)
    expect(await manager.writeRuntime({ units: [], removed: [template.unit] })).toBe(false)
    await manager.reload()
    expect((await manager.act('start', [unit], { wait: true }))[0]).toMatchObject({ unit, result: 'refused' })
  })

  test('drop-ins are shown with what they say, and links that start a unit count', async () => {
    await given(service('dropped', 'ExecStart=/bin/true'))
    await exec('sh', '-c', `cd '${manager.directory}' && mkdir -p taskflows-dropped.service.d taskflows-.service.d && echo '[Service]' > taskflows-.service.d/b.conf && printf '[Service]\\nNice=5\\n' > taskflows-dropped.service.d/a.conf`)
    await manager.setEnabled(['taskflows-dropped.service'], true)
    const [found] = await installed('dropped')
    expect(found?.dropIns.map(({ path, text }) => [path.slice(manager.directory.length + 1), text])).toEqual([['taskflows-dropped.service.d/a.conf', '[Service]\nNice=5\n'], ['taskflows-.service.d/b.conf', '[Service]\n']])
    expect(found?.enabled).toBe(true)
    expect((await exec(...subject.systemctl, 'is-enabled', 'taskflows-dropped.service')).stdout.trim()).toBe('enabled')
    await manager.setEnabled(['taskflows-dropped.service'], false)
    expect((await installed('dropped'))[0]?.enabled).toBe(false)
    await exec('sh', '-c', `rm -r '${manager.directory}'/taskflows-*.service.d`)
  })

  test('other names that a unit installs itself under come and go with its links', async () => {
    await given(service('named', 'ExecStart=/bin/true\n[Install]\nAlias=tests-alias.service'))
    await manager.setEnabled(['taskflows-named.service'], true)
    expect((await exec('readlink', `${manager.directory}/tests-alias.service`)).stdout).toContain('taskflows-named.service')
    expect((await installed('named'))[0]?.enabled).toBe(true)
    await manager.setEnabled(['taskflows-named.service'], false)
    await expect(exec('readlink', `${manager.directory}/tests-alias.service`)).rejects.toThrow()
    expect((await installed('named'))[0]?.enabled).toBe(false)
  })

  test('a unit that was written anew needs a reload', async () => {
    await given(service('renewed', 'ExecStart=/bin/sleep 1000'))
    const unit = 'taskflows-renewed.service'
    await manager.act('start', [unit])
    await manager.write({ units: [service('renewed', 'ExecStart=/bin/sleep 2000')], removed: [], secretEnv: [] })
    expect((await detailsOf(unit)).needsReload).toBe(true)
    await manager.reload()
    expect((await detailsOf(unit)).needsReload).toBe(false)
    await manager.act('stop', [unit])
  })

  test('a service is started, restarted and stopped, and each time that is over', async () => {
    await given(service('life', 'ExecStart=/bin/sleep 1000'))
    const unit = 'taskflows-life.service'
    expect(await detailsOf(unit)).toMatchObject({ loadState: 'loaded', activeState: 'inactive', mainPid: null, startedAt: null, conditionsMet: null })
    expect(await manager.act('try-restart', [unit])).toEqual([{ unit, result: 'done' }])
    expect(await detailsOf(unit)).toMatchObject({ activeState: 'inactive' })
    expect(await manager.act('start', [unit])).toEqual([{ unit, result: 'done' }])
    const before = await detailsOf(unit)
    expect(before).toMatchObject({ activeState: 'active', subState: 'running', description: 'life of tests', result: 'success', restarts: 0, conditionsMet: true, invocationId: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(Math.abs(Date.now() - before.startedAt!)).toBeLessThan(10_000)
    expect(await manager.act('restart', [unit])).toEqual([{ unit, result: 'done' }])
    expect((await detailsOf(unit)).mainPid).not.toBe(before.mainPid)
    expect((await manager.states()).map(({ unit: name }) => name)).toContain(unit)
    expect(await manager.act('stop', [unit])).toEqual([{ unit, result: 'done' }])
    expect(await detailsOf(unit)).toMatchObject({ activeState: 'inactive', mainPid: null })
  })

  test('a start of what ends by itself waits for the end when it is asked to', async () => {
    await given(service('ends', 'ExecStart=/bin/sh -c "sleep 0.5; exit 4"'), service('oneshot', 'Type=oneshot\nExecStart=/bin/sleep 0.3'))
    expect(await manager.act('start', ['taskflows-ends.service'])).toEqual([{ unit: 'taskflows-ends.service', result: 'done' }])
    await until('taskflows-ends.service', { activeState: 'failed', result: 'exit-code', exitCode: 4 })
    expect(await manager.act('start', ['taskflows-ends.service', 'taskflows-oneshot.service'], { wait: true })).toEqual([
      { unit: 'taskflows-ends.service', result: 'failed', problem: 'exited with 4' }, { unit: 'taskflows-oneshot.service', result: 'done' },
    ])
    await manager.resetFailed(['taskflows-ends.service', 'taskflows-oneshot.service'])
    expect(await detailsOf('taskflows-ends.service')).toMatchObject({ activeState: 'inactive', result: 'success' })
  })

  test('each unit has its outcome, in words where it failed', async () => {
    await given(
      service('fails', 'Type=oneshot\nExecStart=/bin/sh -c "exit 3"'), service('nowhere', 'ExecStart=/nowhere/program'), service('at-once', 'ExecStart=/bin/false\nRestart=on-failure\nRestartSec=10'),
      service('conditional', 'Type=oneshot\nExecStart=/bin/true', 'ConditionPathExists=/nowhere'), service('asserted', 'Type=oneshot\nExecStart=/bin/true', 'AssertPathExists=/nowhere'),
      service('needy', 'ExecStart=/bin/sleep 1000', 'Requires=taskflows-fails.service\nAfter=taskflows-fails.service'), service('fine', 'ExecStart=/bin/sleep 1000'),
    )
    const outcomes = await manager.act('start', ['fails', 'nowhere', 'at-once', 'conditional', 'asserted', 'needy', 'absent', 'fine'].map((name) => `taskflows-${name}.service`))
    expect(Object.fromEntries(outcomes.map(({ unit, result, problem }) => [unit.slice(10, -8), [result, problem]]))).toEqual({
      'fails': ['failed', 'exited with 3'],
      'nowhere': ['failed', expect.stringContaining('(203/EXEC)')],
      'at-once': ['failed', 'exited with 1'],
      'conditional': ['skipped', undefined],
      'asserted': ['assert', expect.stringContaining('assertions')],
      'needy': ['dependency', expect.stringContaining('requires')],
      'absent': ['refused', expect.stringContaining('not found')],
      'fine': ['done', undefined],
    })
    expect(await detailsOf('taskflows-absent.service')).toMatchObject({ loadState: 'not-found', activeState: 'inactive' })
    await manager.act('stop', ['taskflows-fine.service', 'taskflows-at-once.service'])
  })

  test('a process that is killed is told of, and started again', async () => {
    await given(service('killed', 'ExecStart=/bin/sleep 1000\nRestart=on-failure\nRestartSec=400ms'))
    const unit = 'taskflows-killed.service'
    await manager.act('start', [unit])
    const { mainPid } = await detailsOf(unit)
    await exec('kill', '-9', String(mainPid))
    expect(await until(unit, { subState: 'auto-restart' })).toMatchObject({ result: 'signal', exitSignal: 'SIGKILL', exitCode: null })
    expect(await until(unit, { subState: 'running' })).toMatchObject({ restarts: 1 })
    await manager.act('stop', [unit])
  })

  test('a reload of a service runs its own command', async () => {
    await given(service('reloads', 'ExecStart=/bin/sleep 1000\nExecReload=/bin/kill -0 $MAINPID'))
    const unit = 'taskflows-reloads.service'
    await manager.act('start', [unit])
    const before = await detailsOf(unit)
    expect(await manager.act('reload-or-restart', [unit])).toEqual([{ unit, result: 'done' }])
    expect((await detailsOf(unit)).mainPid).toBe(before.mainPid)
    await manager.act('stop', [unit])
  })

  test('a timer says when it elapses next, and when it did', async () => {
    await given(service('timed', 'Type=oneshot\nExecStart=/bin/true'), unitFile('timed', 'timer', 'OnActiveSec=300ms\nOnUnitActiveSec=1h\nAccuracySec=1ms'), service('calendar', 'Type=oneshot\nExecStart=/bin/true'), unitFile('calendar', 'timer', 'OnCalendar=*-*-* *:00:00 UTC\nAccuracySec=1ms'))
    const begunAt = Date.now()
    expect((await manager.act('start', ['taskflows-timed.timer', 'taskflows-calendar.timer'])).map(({ result }) => result)).toEqual(['done', 'done'])
    expect((await detailsOf('taskflows-calendar.timer')).nextElapseAt! % 3_600_000).toBe(0)
    const found = await vi.waitFor(async () => {
      const details = await detailsOf('taskflows-timed.timer')
      expect(details.lastTriggerAt).not.toBeNull()
      expect(details.subState).toBe('waiting')
      return details
    }, { timeout: 5000, interval: 50 })
    expect(found.lastTriggerAt! - begunAt).toBeGreaterThan(200)
    expect(Math.abs(found.nextElapseAt! - found.lastTriggerAt! - 3_600_000)).toBeLessThan(2000)
    await manager.act('stop', ['taskflows-timed.timer', 'taskflows-calendar.timer'])
  })

  test('a watch begins with the word to read all, tells of a change at once, and of a reload', async () => {
    await given(service('watched', 'ExecStart=/bin/sleep 1000'))
    const unit = 'taskflows-watched.service'
    await using watch = watching(manager)
    expect(await watch.next()).toEqual({ kind: 'lost' })
    const begunAt = Date.now()
    await exec(...subject.systemctl, 'start', unit)
    const { at } = await watch.until((change) => change.kind === 'changed' && change.units.some((details) => details.unit === unit && details.subState === 'running'))
    const { startedAt } = await detailsOf(unit)
    expect(at - Math.max(begunAt, startedAt!)).toBeLessThan(250)
    await manager.reload()
    await watch.until((change) => change.kind === 'lost')
    await manager.act('stop', [unit])
    await watch.until((change) => change.kind === 'changed' && (change.gone.includes(unit) || change.units.some((details) => details.unit === unit && details.activeState === 'inactive')))
  })

  test.each([['bus that is started anew', 'bus'], ['manager that executes itself anew', 'manager']] as const)('a watch survives a %s', async (_what, what) => {
    await given(service('survives', 'ExecStart=/bin/sleep 1000'))
    const unit = 'taskflows-survives.service'
    await manager.act('start', [unit])
    await using watch = watching(manager)
    await watch.next()
    await (what === 'bus' ? subject.restartBus() : exec(...subject.systemctl, 'daemon-reexec'))
    await watch.until((change) => change.kind === 'lost')
    expect(await detailsOf(unit)).toMatchObject({ subState: 'running' })
    // What comes back may be lost once more: a change of that moment is among what is to be read again.
    for (let told = false; !told;) {
      expect(await manager.act('restart', [unit])).toEqual([{ unit, result: 'done' }])
      const { change } = await watch.until((change) => change.kind === 'lost' || change.units.some((details) => details.unit === unit && details.subState === 'running'))
      told = change.kind === 'changed'
    }
    await manager.act('stop', [unit])
  })

  test.each([['the bus', 'bus'], ['the manager', 'manager']] as const)('a start is waited for when %s comes back anew meanwhile', async (_what, what) => {
    await given(service('outlives', 'Type=oneshot\nExecStart=/bin/sleep 2'), service('outlived', 'Type=oneshot\nExecStart=/bin/sh -c "sleep 2; exit 3"'))
    const outcomes = manager.act('start', ['taskflows-outlives.service', 'taskflows-outlived.service'])
    await until('taskflows-outlived.service', { activeState: 'activating' })
    await (what === 'bus' ? subject.restartBus() : exec(...subject.systemctl, 'daemon-reexec'))
    expect(await outcomes).toEqual([{ unit: 'taskflows-outlives.service', result: 'done' }, { unit: 'taskflows-outlived.service', result: 'failed', problem: 'exited with 3' }])
  })

  test('five hundred timers take one reload, one setting and one start', { timeout: 60_000 }, async () => {
    const names = Array.from({ length: 500 }, (_, index) => `many-${index}`)
    const timers = names.map((name) => `taskflows-${name}.timer`)
    await given(...names.flatMap((name) => [service(name, 'Type=oneshot\nExecStart=/bin/true'), unitFile(name, 'timer', 'OnCalendar=monthly')]))
    await manager.setEnabled(timers, true)
    expect((await manager.act('start', timers)).filter(({ result }) => result !== 'done')).toEqual([])
    const details = await manager.details([...timers, 'taskflows-many-absent.service', 'taskflows-many@.service'])
    expect(details.map(({ activeState, loadState }) => `${loadState} ${activeState}`)).toEqual([...timers.map(() => 'loaded active'), 'not-found inactive', 'not-found inactive'])
    expect(details[0]).toMatchObject({ unit: timers[0], subState: 'waiting', needsReload: false, nextElapseAt: expect.any(Number) })
    expect((await manager.installed()).filter(({ unit, enabled }) => timers.includes(unit) && enabled)).toHaveLength(500)
    await manager.act('stop', timers)
    await manager.setEnabled(timers, false)
    await manager.write({ units: [], removed: names.flatMap((name) => [`taskflows-${name}.service`, `taskflows-${name}.timer`]), secretEnv: [] })
    await manager.reload()
  })

  test('one connection serves many who ask at the same time', async () => {
    await given(...Array.from({ length: 8 }, (_, index) => service(`parallel-${index}`, 'ExecStart=/bin/sleep 1000')))
    const units = Array.from({ length: 8 }, (_, index) => `taskflows-parallel-${index}.service`)
    const outcomes = await Promise.all(units.map((unit) => manager.act('start', [unit])))
    expect(outcomes.flat().map(({ result }) => result)).toEqual(units.map(() => 'done'))
    await manager.act('stop', units)
  })
}

interface Watch extends AsyncDisposable {
  next(): Promise<UnitChanges>
  /** Skips others. */
  until(wanted: (change: UnitChanges) => boolean): Promise<{ readonly change: UnitChanges; readonly at: number }>
}

function watching(manager: ManagerUnderTest['manager']): Watch {
  const stop = new AbortController()
  const changes = manager.watch(stop.signal)[Symbol.asyncIterator]()
  const next = async (): Promise<UnitChanges> => {
    const { value, done } = await changes.next()
    if (done) throw new Error('the watch ended')
    return value
  }
  return {
    next,
    until: async (wanted) => {
      for (;;) {
        const change = await next()
        if (wanted(change)) return { change, at: Date.now() }
      }
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      while (!(await changes.next()).done);
    },
  }
}
