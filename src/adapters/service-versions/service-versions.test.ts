import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import type { ServiceDefinition } from '../../engines/services/service-definition.ts'
import { takeApplyLock } from './apply-lock.ts'
import { createServiceVersions } from './index.ts'

let directory: string
beforeEach(() => {
  const home = mkdtempSync(join(tmpdir(), 'tf-versions-'))
  directory = join(home, 'services')
  return () => rmSync(home, { recursive: true })
})

const definition: ServiceDefinition = { name: 'web', scope: 'user', type: 'exec', startCommand: { kind: 'program', argv: ['/bin/true'] }, enabled: false, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none' }
const applied = { at: 1000, by: 'ada', note: null, definition, units: [{ unit: 'taskflows-web.service', service: 'web', role: 'service', text: '[Unit]\n' } as const], secretEnv: { path: '/x', text: 'A="secret"\n' } }

test('versions count up, are all kept, and nobody else may read them', () => {
  const versions = createServiceVersions(directory)
  expect(versions.latest('user', 'web')).toBeUndefined()
  expect([1, 2].map(() => versions.append('user', applied))).toEqual([1, 2])
  expect(versions.latest('user', 'web')).toEqual({ version: 2, ...applied })
  expect(versions.all('user', 'web').map(({ version }) => version)).toEqual([2, 1])
  expect([versions.names('user'), versions.names('system')]).toEqual([['web'], []])
  const modes = ['', 'user', 'user/web.jsonl'].map((path) => (statSync(join(directory, path)).mode & 0o777).toString(8))
  expect(modes).toEqual(['700', '700', '600'])
})

test('a version that was cut short is passed over, and spoils none that comes after it', () => {
  const versions = createServiceVersions(directory)
  versions.append('user', applied)
  appendFileSync(join(directory, 'user/web.jsonl'), '{"version":2,"at"')
  expect(versions.latest('user', 'web')?.version).toBe(1)
  expect(versions.append('user', applied)).toBe(2)
  expect(versions.latest('user', 'web')).toEqual({ version: 2, ...applied })
  expect(versions.all('user', 'web').map(({ version }) => version)).toEqual([2, 1])
})

test('one that is longer than what is read at once comes back whole, and so does what was before it', () => {
  const versions = createServiceVersions(directory)
  const long = { ...applied, note: 'ü'.repeat(200_000) }
  versions.append('user', applied)
  versions.append('user', long)
  expect(versions.latest('user', 'web')).toEqual({ version: 2, ...long })
  versions.append('user', applied)
  expect(versions.latest('user', 'web')?.version).toBe(3)
  appendFileSync(join(directory, 'user/web.jsonl'), `{"version":4,"note":"${'x'.repeat(200_000)}`)
  expect(versions.latest('user', 'web')?.version).toBe(3)
})

test('the tenth version is later than the ninth', () => {
  const versions = createServiceVersions(directory)
  for (let count = 0; count < 11; count += 1) versions.append('user', applied)
  expect(versions.latest('user', 'web')?.version).toBe(11)
})

test('one at a time: the second waits, is told for whom, and goes on when the first is done', async () => {
  const versions = createServiceVersions(directory)
  const first = await versions.lock('apply by ada', () => {})
  const told = Promise.withResolvers<string>()
  const second = versions.lock('apply by bob', told.resolve)
  expect(await told.promise).toMatch(new RegExp(`^Waiting for process ${process.pid} \\(apply by ada, since 20`))
  await first[Symbol.asyncDispose]()
  await using _ = await second
  expect(readFileSync(join(directory, 'lock'), 'utf8')).toContain('apply by bob')
})

test('who waited too long is told who holds it', async () => {
  await using _ = await createServiceVersions(directory).lock('apply by ada', () => {})
  await expect(takeApplyLock(join(directory, 'lock'), 'apply by bob', { patienceSeconds: 0.1, onProgress: () => {} })).rejects.toMatchObject({ code: 'service.busy', message: expect.stringMatching(/apply by ada/) })
})

test('a holder that was killed holds nothing any more', async () => {
  const program = `
    import { createServiceVersions } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
    await createServiceVersions(${JSON.stringify(directory)}).lock('apply by ada', () => {})
    console.log('mine')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--conditions=source', '--input-type=module-typescript', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(holder.stdout!, 'data')
  holder.kill('SIGKILL')
  await using _ = await createServiceVersions(directory).lock('apply by bob', () => {})
})
