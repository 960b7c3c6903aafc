/** Several programs on one home: they share its PostgreSQL, and leave nothing when they end or are killed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { startTf } from './crash/program.ts'
import { postmastersOf, processesOf, removePattern, untilNothingIsLeft, usedHome } from './embedded/harness.ts'

const tasks = join(import.meta.dirname, 'crash/edge-tasks.ts')

describe.skipIf(process.platform !== 'linux')('on one home', { timeout: 60_000 }, () => {
  afterAll(removePattern)

  test('two servers, a worker and a command share one postmaster, which ends with the last of them', async () => {
    await using home = await usedHome()
    await using stack = new AsyncDisposableStack()
    const start = async (...args: string[]) => {
      const program = stack.use(startTf(args, { home: home.path }))
      await program.saw(/listens on|runs /)
      return program
    }
    const programs = [await start('serve'), await start('serve'), await start('worker', tasks)]
    const command = stack.use(startTf(['jobs', 'add', 'sleep', '--payload', '{"ms": 10}', '--wait'], { home: home.path }))
    expect(await command.ended).toEqual({ code: 0, signal: null })
    expect(postmastersOf(home.path)).toHaveLength(1)
    for (const program of programs) {
      program.signal('SIGINT')
      expect(await program.ended).toEqual({ code: 0, signal: null })
    }
    expect(processesOf(home.path)).toEqual([])
  })

  test('the end of one server does not make commands forget the other', async () => {
    await using home = await usedHome()
    await using first = startTf(['serve'], { home: home.path })
    await first.saw(/listens on/)
    await using second = startTf(['serve'], { home: home.path })
    const [, url] = await second.saw(/listens on (http:\S+)/)
    first.signal('SIGTERM')
    await first.ended
    expect(JSON.parse(readFileSync(join(home.path, 'run/server.json'), 'utf8'))).toMatchObject({ url, pid: second.pid })
  })

  test('kill -9 of every program in the middle of a job takes PostgreSQL along within 30 s', async () => {
    await using home = await usedHome()
    await using server = startTf(['serve', '--worker', tasks], { home: home.path })
    await server.saw(/listens on/)
    await using worker = startTf(['worker', tasks], { home: home.path })
    await worker.saw(/runs /)
    await using command = startTf(['jobs', 'add', 'hang-at-first'], { home: home.path })
    await command.ended
    await Promise.any([server.saw(/^began/), worker.saw(/^began/)])
    for (const program of [server, worker]) program.signal('SIGKILL')
    await untilNothingIsLeft(home.path)
  })
})
