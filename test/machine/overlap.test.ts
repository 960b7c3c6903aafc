/** What a schedule does while the run before goes on, on a real user manager: runs of five seconds, each of which is due every two. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Definition, type ServicesHost, servicesHost } from '../testbed/systemd/services-host.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd user manager: ${missing}`)

const [runMs, everyMs] = [5000, 2000]
/** From a moment that a timer keeps to, to the first line of the program, on a busy machine. */
const soonMs = 1200

describe.skipIf(missing !== undefined && !process.env['CI'])('a run that is due while the one before goes on', { timeout: 60_000 }, () => {
  let manager: UserManager
  let host: ServicesHost
  const slow = (name: string, changes: Partial<Definition>): Definition => ({
    name, start_schedule: `*:*:0/${everyMs / 1000}`,
    start_command: ['sh', '-c', `date "+begin %s%3N" >> ${host.directory}/${name}; sleep ${runMs / 1000}; date "+end %s%3N" >> ${host.directory}/${name}`], ...changes,
  })
  const policies = ['queue', 'skip', 'replace'] as const
  const types = ['exec', 'oneshot'] as const
  beforeAll(async () => {
    manager = await startUserManager()
    host = servicesHost(manager, join(manager.home, 'work'))
    const { items } = await host.create(slow('as-systemd', {}), ...policies.flatMap((overlap) => types.map((type) => slow(`${overlap}-${type}`, { overlap, type }))))
    const problems = items.flatMap(({ problem }) => problem ?? [])
    if (problems.length > 0) throw new Error(problems.join('\n'))
  }, 60_000)
  afterAll(() => manager?.[Symbol.asyncDispose]())

  /** Moments of what a service wrote. */
  const times = (lines: readonly string[], word: string): number[] => lines.filter((line) => line.startsWith(word)).map((line) => Number(line.split(' ')[1]))
  /** From the last moment at which it was due. */
  const sinceDue = (at: number): number => at % everyMs

  test.each(['as-systemd', 'queue-exec', 'queue-oneshot'])('waits for its end, one at most: %s', async (name) => {
    const lines = await host.lines(name, 5, 30)
    const [begins, ends] = [times(lines, 'begin'), times(lines, 'end')]
    for (const [at, end] of ends.slice(0, begins.length - 1).entries()) {
      expect(begins[at + 1]! - end).toBeGreaterThanOrEqual(0)
      expect(begins[at + 1]! - end).toBeLessThan(soonMs)
    }
  })

  test.each(['skip-exec', 'skip-oneshot'])('is left out, and the next begins when it is due: %s', async (name) => {
    const lines = await host.lines(name, 5, 30)
    const begins = times(lines, 'begin')
    expect(times(lines, 'end')).toHaveLength(lines.length - begins.length)
    for (const begin of begins.slice(1)) expect(sinceDue(begin)).toBeLessThan(soonMs)
    // Two are left out during each run.
    for (const [at, begin] of begins.slice(1).entries()) expect(Math.round((begin - begins[at]!) / everyMs)).toBe(3)
  })

  test.each(['replace-exec', 'replace-oneshot'])('ends it: %s', async (name) => {
    const lines = await host.lines(name, 6, 30)
    const begins = times(lines, 'begin')
    expect(times(lines, 'end')).toEqual([])
    for (const [at, begin] of begins.slice(1).entries()) expect(Math.round((begin - begins[at]!) / everyMs)).toBe(1)
  })

  test('goes by another policy as soon as that is applied', async () => {
    await host.create(slow('changed', {}))
    await host.lines('changed', 3, 30)
    await host.create(slow('changed', { overlap: 'replace' }))
    const before = (await host.lines('changed', 0)).length
    const lines = (await host.lines('changed', before + 4, 30)).slice(before)
    // The run that went on meanwhile may have ended by itself.
    expect(times(lines.slice(1), 'end')).toEqual([])
    await host.create(slow('changed', {}))
    expect((await manager.exec('ls', join(manager.home, '.config/systemd/user'))).stdout).not.toContain('start-taskflows-changed')
    await host.tf('remove', 'skip-exec', '--yes')
    expect((await manager.exec('ls', join(manager.home, '.config/systemd/user'))).stdout).not.toContain('taskflows-skip-exec')
  })

  test('is not a unit that somebody has to know: lists, status and drift are of the service', async () => {
    const { items } = JSON.parse((await host.tf('list', '-o', 'json')).stdout) as { items: { name: string; drift: string[] }[] }
    expect(items.filter(({ name }) => name.startsWith('skip-oneshot'))).toMatchObject([{ name: 'skip-oneshot', drift: [], next_start: expect.any(String) }])
    expect(items.every(({ name }) => !name.includes('start-'))).toBe(true)
  })
})
