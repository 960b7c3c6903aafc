/** `tf history` and `tf logs` from a real journal: programs run as units of a systemd of their own. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Run } from '../../src/contract/index.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const [library, program] = ['src/index.ts', 'src/faces/cli/main.ts'].map((path) => fileURLToPath(new URL(`../../${path}`, import.meta.url))) as [string, string]
const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd user manager: ${missing}`)

describe.skipIf(missing !== undefined && !process.env['CI'])('a journal', { timeout: 60_000 }, () => {
  let manager: UserManager
  let work: string
  beforeAll(async () => {
    manager = await startUserManager({ as: 'root' })
    work = mkdtempSync(join(tmpdir(), 'taskflows-journal-'))
    await unit('nightly', 'await work(1); await work(2); await work(3)')
    await unit('hourly', 'await work(1)')
  })
  afterAll(async () => {
    await manager[Symbol.asyncDispose]()
    rmSync(work, { recursive: true })
  })

  /** Runs a program with a task of this name as a unit, and waits for its lines to be in the journal. */
  async function unit(name: string, code: string): Promise<void> {
    const file = join(work, `${name}.ts`)
    writeFileSync(file, `import { getCurrentRun, task } from ${JSON.stringify(library)}\nconst work = task(async (n: number) => { getCurrentRun()!.log.warn({ n }, 'at work'); if (n === 2) throw new RangeError('two is too many'); return n }, { name: '${name}' })\n${code}\n`)
    await manager.exec('systemd-run', '--user', '--wait', `--setenv=TASKFLOWS_HOME=${work}/no-home`, process.execPath, '--conditions=source', file)
    await manager.exec('journalctl', '--sync').catch(() => {})
  }

  const tfLine = (home: string, args: readonly string[]) => ['env', `TASKFLOWS_HOME=${home}`, process.execPath, '--conditions=source', program, ...args] as const
  const tf = (...args: string[]) => {
    const [first, ...rest] = tfLine(join(work, 'no-home'), args)
    return manager.exec(first, ...rest)
  }
  const historyOf = async (...args: string[]) => (JSON.parse((await tf('history', '-o', 'json', ...args)).stdout) as { items: Run[] }).items

  test('has the runs of programs that knew no server and no home, the latest first', async () => {
    const runs = await historyOf()
    expect(runs.map(({ name, state, error_type, error_message }) => [name, state, error_type, error_message])).toEqual([
      ['hourly', 'succeeded', null, null],
      ['nightly', 'succeeded', null, null],
      ['nightly', 'failed', 'RangeError', 'two is too many'],
      ['nightly', 'succeeded', null, null],
    ])
    for (const run of runs) expect(Date.parse(run.ended_at!)).toBeGreaterThanOrEqual(Date.parse(run.started_at!))
  })

  test('is filtered by name, state, time and number', async () => {
    expect(await historyOf('-m', 'hour*')).toHaveLength(1)
    expect(await historyOf('--state', 'failed')).toHaveLength(1)
    expect(await historyOf('-l', '2')).toHaveLength(2)
    expect(await historyOf('--since', '1h')).toHaveLength(4)
    expect(await historyOf('--until', '1h')).toHaveLength(0)
    expect(await historyOf('--source', 'local')).toHaveLength(0)
  })

  test('has the lines that runs logged', async () => {
    const { stdout } = await tf('logs', 'nightly', '--grep', 'at work', '-o', 'jsonl')
    expect(stdout.trim().split('\n').map((line) => (JSON.parse(line) as { context: { n: number } }).context.n)).toEqual([1, 2, 3])
    const [failed] = await historyOf('--state', 'failed')
    const ofOne = await tf('logs', failed!.id)
    expect(ofOne.stdout).toMatch(/^nightly started .*\n.* warn {2}at work .*n=2\n.* error .*RangeError: two is too many\n(?: .*\n)+.* info .*\nnightly failed .*RangeError: two is too many\n$/)
  })

  test('that has nothing of a name says what it has', async () => {
    await expect(tf('logs', 'weekly')).rejects.toMatchObject({ code: 4, stderr: expect.stringMatching(/no run of a task named "weekly"\nhint: There are: hourly, nightly\./) })
  })

  test('is followed as it grows', async () => {
    const [first, ...rest] = manager.command(...tfLine(join(work, 'no-home'), ['logs', 'growing', '-f', '-o', 'jsonl']))
    const child = spawn(first, rest, { env: manager.env, stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const seen: string[] = []
    const all = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => { if (seen.push(line) === 4) resolve() })
    })
    await unit('growing', 'await work(1); await work(3)')
    await all
    expect(seen.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(['at work', 'task finished', 'at work', 'task finished'])
  })
})
