import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'

/** A process that runs what `parts` describes, as `tf serve` does, and prints what happens to it. */
function start(parts: { readonly start?: string; readonly stop?: string; readonly failed?: string }) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', `
    import { runUntilStopped } from ${JSON.stringify(new URL('./run-until-stopped.ts', import.meta.url).href)}
    const say = (text) => process.stdout.write(text + '\\n')
    const start = async () => {
      ${parts.start ?? ''}
      return { stop: async () => { say('stop called'); ${parts.stop ?? ''} }, failed: ${parts.failed ?? 'new Promise(() => {})'} }
    }
    await runUntilStopped({ note: say }, start, () => say('announced')).catch((error) => { say(error.message); process.exitCode = 1 })
  `], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  const reader = createInterface(child.stdout!).on('line', (line) => lines.push(line))
  const until = async (line: string) => {
    while (!lines.includes(line)) await once(reader, 'line')
  }
  return { child, lines, until }
}

const exit = async (child: ChildProcess) => (await once(child, 'close'))[0] as number | null

test('it runs until a signal, stops, and ends with 0', async () => {
  const { child, lines, until } = start({ start: 'globalThis.open = setInterval(() => {}, 1000)', stop: 'clearInterval(globalThis.open)' })
  await until('announced')
  child.kill('SIGTERM')
  expect(await exit(child)).toBe(0)
  expect(lines).toEqual(['announced', 'SIGTERM: stopping (once more to stop at once)', 'stop called', 'stopped'])
})

test('what a module leaves open does not keep it alive', async () => {
  const { child, until } = start({ start: 'setInterval(() => {}, 1000)' })
  await until('announced')
  child.kill('SIGINT')
  expect(await exit(child)).toBe(0)
})

test('a signal during the start stops it when it has started', async () => {
  const { child, lines, until } = start({ start: "setInterval(() => {}, 1000); say('starting'); await new Promise((resolve) => process.once('SIGHUP', resolve))" })
  await until('starting')
  child.kill('SIGHUP')
  expect(await exit(child)).toBe(0)
  expect(lines).toEqual(['starting', 'SIGHUP: stopping (once more to stop at once)', 'stop called', 'stopped'])
})

test('a second Ctrl-C ends a stop that takes too long, with 130', async () => {
  const { child, until } = start({ start: 'setInterval(() => {}, 1000)', stop: 'await new Promise(() => {})' })
  await until('announced')
  const again = setInterval(() => child.kill('SIGINT'), 100)
  expect(await exit(child)).toBe(130)
  clearInterval(again)
})

test('a breakdown is stopped too and reported', async () => {
  const { child, lines } = start({ failed: "new Promise((_, reject) => setTimeout(() => reject(new Error('the database is gone')), 10))" })
  expect(await exit(child)).toBe(1)
  expect(lines).toEqual(['announced', 'stop called', 'the database is gone'])
})
