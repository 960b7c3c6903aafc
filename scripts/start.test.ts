import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const patience = { timeout: 60_000 }
const ready = 'Ctrl-C stops everything'

let home: string
const started: Started[] = []
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tf-start-'))
})
afterEach(async () => {
  for (const one of started.splice(0)) await one.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true, maxRetries: 10 })
})

/** `npm start` without npm, on a port of its own. */
class Started {
  output = ''
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>

  constructor() {
    this.#child = spawn(process.execPath, ['--conditions=source', join(import.meta.dirname, 'start.ts')], {
      cwd: tmpdir(), env: { PATH: process.env.PATH, HOME: home, TASKFLOWS_HOME: home, TASKFLOWS_PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => { this.output += text })
    this.#ended = once(this.#child, 'close').then(([code]) => code as number | null)
    started.push(this)
  }

  /** Resolves when it has said this; rejects when it ended without. */
  async says(text: string): Promise<void> {
    const silence = this.ends().then(() => {
      if (!this.output.includes(text)) throw new Error(`it ended without saying "${text}":\n${this.output}`)
    })
    while (!this.output.includes(text)) await Promise.race([once(this.#child.stdout!, 'data'), once(this.#child.stderr!, 'data'), silence])
  }

  kill(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal)
    return this.ends()
  }

  /** The exit code; `null` after a signal. */
  ends(): Promise<number | null> {
    return this.#ended
  }
}

test('the first start writes the report, a second server of the home says where the first is, a later start adds nothing', patience, async () => {
  const first = new Started()
  await first.says(ready)
  const report = join(home, 'file-report.md')
  expect(first.output).toContain(`The report: ${report}`)
  expect(readFileSync(report, 'utf8')).toMatch(/^\| package-lock\.json \| JSON \|/m)

  const beside = new Started()
  await beside.says('already runs on http://127.0.0.1:')
  expect(await beside.ends()).toBe(0)

  expect(await first.kill('SIGINT')).toBe(0)
  rmSync(report)
  const later = new Started()
  await later.says(ready)
  expect(later.output).not.toContain('First start')
  expect(existsSync(report)).toBe(false)
  expect(await later.kill('SIGTERM')).toBe(0)
})

test('a start that is killed at work leaves the report to the next one', patience, async () => {
  const killed = new Started()
  await killed.says('First start')
  await killed.kill('SIGKILL')
  const next = new Started()
  await next.says(ready)
  expect(next.output).toContain('The report of the first start is being finished')
  expect(next.output).toContain('The report: ')
})
