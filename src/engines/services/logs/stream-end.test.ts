/** When streams of logs end by themselves, and whose lines are found that are no services any more. */
import { beforeEach, describe, expect, test } from 'vitest'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { FakeClock } from '../../../testing/fake-clock.ts'
import type { ServicesHost } from '../host.ts'
import type { UnitDetails } from '../service-manager.ts'
import type { LogLine, ServiceJournal } from './service-journal.ts'
import { type LogFollowQuery, createServiceLogs } from './service-logs.ts'

const run = 'a'.repeat(32)
const unit = 'taskflows-web.service'
let clock: FakeClock
/** What is in the journal, and what is there of the service. */
let written: LogLine[]
let isOnDisk: boolean
let state: Partial<UnitDetails> | 'away'
let arrived: () => void

beforeEach(() => {
  clock = new FakeClock()
  written = []
  isOnDisk = true
  state = { invocationId: run, activeState: 'active', subState: 'running' }
  arrived = () => {}
})

function write(message: string, changes: Partial<LogLine> = {}): void {
  written.push({ cursor: `c${written.length}`, at: clock.now(), hostname: 'db1', scope: 'user', unit, pid: 1, uid: 0, priority: 6, message, invocationId: run, bySystemd: false, ...changes })
  arrived()
}
const systemd = (message: string, changes: Partial<LogLine> = {}) => write(message, { bySystemd: true, ...changes })

const journal: ServiceJournal = {
  read: async function* ({ source, reverse = false, follow = false, cursor }, signal) {
    const isWanted = (line: LogLine) => {
      if (source.kind === 'run') return line.bySystemd && line.invocationId === source.invocationId
      if (source.kind === 'about') return line.bySystemd && line.unit === source.unit && line.scope === source.scope
      return line.unit !== null && source.units[line.scope].includes(line.unit)
    }
    let at = cursor === undefined ? 0 : written.findIndex((line) => line.cursor === cursor)
    const next = () => written.slice(at, (at = written.length)).filter(isWanted)
    if (!follow) return yield reverse ? next().toReversed() : next()
    while (!signal.aborted) {
      yield next()
      if (at < written.length) continue
      await new Promise<void>((resolve) => {
        arrived = resolve
        signal.addEventListener('abort', () => resolve())
      })
    }
  },
  counts: () => true,
  last: async () => written.at(-1)?.cursor ?? null,
  holds: async () => true,
}

const manager = {
  installed: async () => (isOnDisk ? [{ unit, service: 'web', role: 'service', path: '', text: '', dropIns: [], enabled: true }] : []),
  states: async () => [],
  details: async (units: readonly string[]) => {
    if (state === 'away') throw new TaskflowsError('systemd.unavailable', 'away')
    return units.map(() => state)
  },
}
const host = { manager: () => manager, scopes: () => ['user'], versions: { latest: () => undefined } } as unknown as ServicesHost

const logs = () => createServiceLogs({ host, journal, clock, patienceMs: 1000 })

/** What comes, as it comes, and whether the stream has ended as one that is over. */
function followed(query: Partial<LogFollowQuery>) {
  const heard: string[] = []
  let isLast = false
  const left = new AbortController()
  const ended = (async () => {
    for await (const { lines, last } of logs().follow({ names: ['web'], sinceMs: 0, ...query }, left.signal)) {
      heard.push(...lines.map(({ message }) => message))
      isLast = last === true
    }
    return { heard, isLast }
  })()
  return { heard, ended, leave: () => left.abort() }
}
const until = async (holds: () => boolean) => { while (!holds()) await new Promise(setImmediate) }

describe('a stream of one run', () => {
  test('ends when the run is over already', async () => {
    systemd('Started')
    write('one')
    systemd('Finished')
    state = { invocationId: run, activeState: 'inactive', subState: 'dead' }
    expect(await followed({ invocationId: run }).ended).toEqual({ heard: ['Started', 'one', 'Finished'], isLast: true })
  })

  test.each<[string, Partial<UnitDetails>]>([
    ['has ended', { invocationId: run, activeState: 'failed', subState: 'failed' }],
    ['has ended, and the next one is about to begin', { invocationId: run, activeState: 'activating', subState: 'auto-restart' }],
    ['was followed by another', { invocationId: 'b'.repeat(32), activeState: 'active', subState: 'running' }],
    ['is forgotten with its unit', { invocationId: null, activeState: 'inactive', subState: 'dead' }],
  ])('goes on until it %s, and has its last words', async (_what, then) => {
    systemd('Started')
    const stream = followed({ invocationId: run })
    await until(() => stream.heard.length === 1)
    write('one')
    systemd('Something that is no end')
    await until(() => stream.heard.length === 3)
    state = then
    systemd('Main process exited')
    await until(() => clock.sleeping > 0 && stream.heard.length === 4)
    write('last words')
    await clock.advance(500)
    expect(await stream.ended).toEqual({ heard: ['Started', 'one', 'Something that is no end', 'Main process exited', 'last words'], isLast: true })
  })

  test('goes on while nobody can say whether the run does', async () => {
    systemd('Started')
    state = 'away'
    const stream = followed({ invocationId: run })
    await until(() => stream.heard.length === 1)
    systemd('Finished')
    await until(() => stream.heard.length === 2)
    stream.leave()
    expect(await stream.ended).toMatchObject({ isLast: false })
  })
})

describe('a stream until a time', () => {
  test('ends at once when that is past', async () => {
    write('one')
    await clock.advance(1000)
    expect(await followed({ untilMs: clock.now() }).ended).toEqual({ heard: ['one'], isLast: true })
  })

  test('ends when that has come, whether or not anything is written', async () => {
    write('one')
    const stream = followed({ untilMs: clock.now() + 5000 })
    await until(() => stream.heard.length === 1)
    await clock.advance(5000)
    await until(() => clock.sleeping > 0)
    await clock.advance(500)
    expect(await stream.ended).toEqual({ heard: ['one'], isLast: true })
  })
})

describe('a service that was removed', () => {
  const page = (name: string) => logs().page({ names: [name], limit: 10, reverse: false })

  test.each(['web', 'taskflows-web', unit])('is known by what it left, and a note says so: %s', async (name) => {
    isOnDisk = false
    systemd('Started')
    write('one')
    const { lines, notes } = await page(name)
    expect(lines.map(({ message }) => message)).toEqual(['Started', 'one'])
    expect(notes).toEqual([`${name} is not on this host any more: these are the lines that it left in the journal`])
  })

  test('that never was is not found, whoever wrote under its name', async () => {
    isOnDisk = false
    write('not by systemd')
    await expect(page('web')).rejects.toMatchObject({ code: 'service.not_found' })
  })

  test('shows a run of it, whose id alone is given', async () => {
    systemd('Started', { unit: 'taskflows-gone.service' })
    write('one', { unit: 'taskflows-gone.service' })
    const { lines, notes } = await logs().page({ names: ['*'], invocationId: run, limit: 10, reverse: false })
    expect([lines.map(({ message }) => message), notes]).toEqual([['Started', 'one'], [expect.stringMatching(/^gone is not on this host any more/)]])
  })
})
