/** What programs do with `Service` and `ServiceRegistry`, on a real user manager: the methods of the documents. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd user manager: ${missing}`)

describe.skipIf(missing !== undefined && !process.env['CI'])('a program', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'services-class-'))
  let machine: UserManager
  beforeAll(async () => {
    mkdirSync(join(directory, 'node_modules'))
    symlinkSync(resolve(import.meta.dirname, '../..'), join(directory, 'node_modules/taskflows'))
    machine = await startUserManager({ as: 'root' })
  })
  afterAll(async () => {
    await machine[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })

  async function run(text: string): Promise<unknown> {
    const file = join(directory, 'program.ts')
    writeFileSync(file, text)
    const { stdout } = await machine.exec(process.execPath, '--conditions=source', '--no-warnings', file)
    return JSON.parse(stdout)
  }

  test('creates, looks at, stops and removes a service', async () => {
    expect(await run(`
      import { Service } from 'taskflows'
      const web = new Service({ name: 'web', startCommand: ['sh', '-c', 'echo hello; sleep 1000'], enabled: true })
      const told = [await web.exists()]
      await web.create()
      told.push((await web.status()).status, await web.exists(), (await web.unitFiles()).map((path) => path.split('/').at(-1)), await web.timerFiles(), (await web.renderUnitFiles()).map(({ unit }) => unit))
      told.push((await web.logs({ lines: 100 })).includes(' hello\\n'), (await web.showFiles())[0].content.includes('ExecStart='))
      await web.stop()
      told.push((await web.status()).status)
      await web.restart()
      told.push((await web.status()).status)
      await web.disable()
      told.push((await web.status()).serviceEnabled)
      await web.remove()
      told.push(await web.exists())
      told.push(await web.start().catch((error) => error.code))
      console.log(JSON.stringify(told))
    `)).toEqual([false, 'running', true, ['taskflows-web.service'], [], ['taskflows-web.service'], true, true, 'inactive', 'running', false, false, 'service.not_found'])
  })

  test('does the same with several at once, and hears which of them failed', async () => {
    expect(await run(`
      import { Calendar, Service, ServiceRegistry } from 'taskflows'
      const registry = new ServiceRegistry(
        new Service({ name: 'one', startCommand: 'sleep 1000' }),
        new Service({ name: 'two', startCommand: 'true', type: 'oneshot', startSchedule: new Calendar('daily 03:00') }),
      )
      await registry.create()
      const told = [await Promise.all(registry.services.map(async (service) => (await service.status()).status))]
      await registry.start()
      told.push(await Promise.all(registry.services.map(async (service) => (await service.status()).status)))
      told.push((await registry.get('two').status()).lastStartAt)
      await registry.remove()
      told.push(await registry.stop().catch((error) => [error.code, error.message]))
      console.log(JSON.stringify(told))
    `)).toEqual([['inactive', 'waiting'], ['running', 'waiting'], null, ['service.action_failed', expect.stringMatching(/one.*two/)]])
  })

  test('a function that tf runs finds the services beside it left alone', async () => {
    const file = join(directory, 'nightly.ts')
    writeFileSync(file, "import { Service } from 'taskflows'\nconst srv = new Service({ name: 'nightly', startCommand: nightly })\nawait srv.create()\nexport function nightly() { return 'done' }\n")
    const tf = [process.execPath, '--conditions=source', '--no-warnings', resolve(import.meta.dirname, '../../src/faces/cli/main.ts')] as const
    expect((await machine.exec(...tf, 'run', `${file}#nightly`)).stdout).toContain('done')
    expect((await machine.exec('sh', '-c', 'ls ~/.config/systemd/user 2>/dev/null || true')).stdout).not.toContain('nightly')
  })
})
