/** Applying services in containers: images are there before anything changes, and what a change leaves behind goes. `containers.test.ts` has their lives. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import type { ContainerDefinition, ServiceDefinition } from '../../src/engines/services/index.ts'
import { contained, missingForContainers, useContainerServices } from '../testbed/docker/container-services.ts'
import { shellImage } from '../testbed/docker/docker-engine.ts'
import { startRegistry } from '../testbed/docker/registry.ts'
import { defined, shell } from '../testbed/systemd/services-on.ts'

const missing = missingForContainers()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: services in containers: ${missing}`)

const steady = shell('cat /said; trap "exit 0" TERM; while :; do sleep 0.1; done')
const by = { by: 'ada' }

describe.skipIf(missing !== undefined && !process.env['CI'])('applying a service in a container', { timeout: 90_000 }, () => {
  const bed = useContainerServices()
  const folder = mkdtempSync(join(tmpdir(), 'tf-build-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  /** A service of an image that is built here, and says these words. */
  function saying(words: string, container: Partial<ContainerDefinition> = {}, changes: Partial<ServiceDefinition> = {}): ServiceDefinition {
    writeFileSync(join(folder, 'said'), `${words}\n`)
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${shellImage}\nCOPY said /said\n`)
    return contained('app', { image: { tag: 'app:1', path: folder, dockerfile: 'Dockerfile' }, ...container }, { startCommand: steady, ...changes })
  }
  const said = (words: string) => vi.waitFor(async () => expect(await bed.engine.docker('exec', 'taskflows-app', 'cat', '/said')).toBe(words), { timeout: 20_000, interval: 200 })
  const stepsOf = async (definition: ServiceDefinition) => (await bed.on.services.plan([definition])).changes[0]!.steps.map(({ verb, unit }) => `${verb} ${unit}`)

  test('builds its image first, and again with a restart when what it is built from changed', async () => {
    const one = saying('one')
    expect((await bed.on.services.plan([one])).changes[0]?.steps[0]).toEqual({ verb: 'build', unit: 'app:1', why: 'is not there yet' })
    const told: string[] = []
    await bed.on.services.apply([one], { ...by, onProgress: (text) => told.push(text) })
    expect(told).toContainEqual(expect.stringMatching(/^Building app:1: .*COPY/))
    await said('one')
    expect(await stepsOf(one)).toEqual([])
    const two = saying('two')
    expect(await stepsOf(two)).toEqual(['build app:1', 'restart taskflows-app.service'])
    const { services } = await bed.on.services.apply([two], by)
    expect(services).toMatchObject([{ name: 'app', action: 'update', version: 1, problem: null }])
    await said('two')
    expect(await stepsOf(two)).toEqual([])
  })

  test('takes what one service has built for what another means by its name', async () => {
    const both = [{ ...contained('other', { image: 'both:1' }), startCommand: steady }, saying('both', { image: { tag: 'both:1', path: folder, dockerfile: 'Dockerfile' } })]
    expect((await bed.on.services.plan(both)).changes.map(({ steps }) => steps[0])).toMatchObject([{ verb: 'build', unit: 'both:1' }, { verb: 'build', unit: 'both:1' }])
    const { services } = await bed.on.services.apply(both, by)
    expect(services.map(({ problem }) => problem)).toEqual([null, null])
    await bed.on.services.act('start', { match: 'other' })
    await vi.waitFor(async () => expect(await bed.engine.docker('exec', 'taskflows-other', 'cat', '/said')).toBe('both'), { timeout: 20_000, interval: 200 })
    await bed.on.services.act('remove', { match: 'other' })
  })

  test('makes a container anew that is kept, when its image was built anew', async () => {
    await bed.on.services.apply([saying('three', { persisted: true })], by)
    await said('three')
    await bed.on.services.apply([saying('four', { persisted: true })], by)
    await said('four')
    expect(await bed.engine.docker('ps', '--all', '--format', '{{.Names}}')).toBe('taskflows-app')
  })

  test('changes nothing when an image cannot be had', async () => {
    await bed.on.services.apply([saying('well')], by)
    await said('well')
    const before = (await bed.on.services.get('app')).versions[0]!.version
    const broken = saying('well', {}, { env: { CHANGED: 'yes' } })
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${shellImage}\nRUN echo no space left; exit 9\n`)
    const plain = defined('beside')
    await expect(bed.on.services.apply([plain, broken], by)).rejects.toMatchObject({ code: 'docker.image_failed', message: expect.stringContaining('9') })
    expect((await bed.on.services.list({})).map(({ name, status }) => `${name} ${status}`)).toEqual(['app running'])
    expect((await bed.on.services.get('app')).versions[0]!.version).toBe(before)
    await said('well')
  })

  test('says that Docker is away, with what to do, and changes nothing; services without a container do not need it', async () => {
    await bed.engine.kill('SIGTERM')
    const away = saying('away')
    await expect(bed.on.services.apply([away], by)).rejects.toMatchObject({ code: 'docker.unavailable', message: expect.stringContaining(bed.engine.host), hint: expect.stringContaining('DOCKER_HOST') })
    expect((await bed.on.services.plan([away])).findings).toContainEqual(expect.objectContaining({ unit: 'docker', severity: 'warning' }))
    expect((await bed.on.services.list({}))).toEqual([])
    expect((await bed.on.services.apply([defined('plain')], by)).services).toMatchObject([{ action: 'create', problem: null }])
  })

  test('goes back to the former image, and its container, when the new one does not come up', async () => {
    await bed.on.services.apply([saying('good')], by)
    await said('good')
    const bad = saying('bad')
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${shellImage}\nCOPY said /other\n`)
    const failing = { ...bad, startCommand: shell('cat /said || exit 4; trap "exit 0" TERM; while :; do sleep 0.1; done') }
    await expect(bed.on.services.apply([failing], by)).rejects.toMatchObject({ code: 'service.not_applied', message: expect.stringContaining('rolled back') })
    await said('good')
    expect(await bed.engine.docker('run', '--rm', 'app:1', 'cat', '/said')).toBe('good')
  })

  test('goes back to the former image also when nothing else changed', async () => {
    const strict = { startCommand: shell('cat /said || exit 4; trap "exit 0" TERM; while :; do sleep 0.1; done') }
    await bed.on.services.apply([saying('fine', {}, strict)], by)
    await said('fine')
    const bad = saying('bad', {}, strict)
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${shellImage}\nCOPY said /other\n`)
    await expect(bed.on.services.apply([bad], by)).rejects.toMatchObject({ code: 'service.not_applied' })
    await said('fine')
  })

  test('leaves no container of a new service that does not come up, and none of one that is removed', async () => {
    await expect(bed.on.services.apply([contained('never', { persisted: true }, { startCommand: shell('exit 5') })], by)).rejects.toMatchObject({ code: 'service.not_applied' })
    expect(await bed.engine.docker('ps', '--all', '--quiet')).toBe('')
    await bed.on.services.apply([contained('gone', { persisted: true, volumes: [{ hostPath: 'precious', containerPath: '/data', readOnly: false }] }, { startCommand: shell('trap "exit 0" TERM; while :; do sleep 0.1; done') })], by)
    await bed.on.services.act('stop', { match: 'gone' })
    expect(await bed.engine.docker('ps', '--all', '--format', '{{.Names}}')).toBe('taskflows-gone')
    await bed.on.services.act('remove', { match: 'gone' })
    expect(await bed.engine.docker('ps', '--all', '--quiet')).toBe('')
    // What has a name of its own is nobody's rubbish.
    expect(await bed.engine.docker('volume', 'ls', '--quiet')).toBe('precious')
  })

  test('leaves nothing of the container that a service had under another name, or has no more', async () => {
    await bed.on.services.apply([saying('named', { persisted: true, name: 'first' })], by)
    await vi.waitFor(async () => expect(await bed.engine.running()).toEqual(['first']), { timeout: 15_000 })
    await bed.on.services.apply([saying('named', { persisted: true, name: 'second' })], by)
    await vi.waitFor(async () => expect(await bed.engine.running()).toEqual(['second']), { timeout: 15_000 })
    expect(await bed.engine.docker('ps', '--all', '--format', '{{.Names}}')).toBe('second')
    await bed.on.services.apply([defined('app')], by)
    expect(await bed.engine.docker('ps', '--all', '--quiet')).toBe('')
    expect((await bed.on.services.list({})).map(({ name, status }) => `${name} ${status}`)).toEqual(['app running'])
  })

  test('asks for a newer image where that is wanted, and restarts only when there is one', async () => {
    await using registry = await startRegistry()
    const reference = await registry.offer(shellImage, 'moving:1', bed.engine)
    const moving = contained('moving', { image: reference, pull: 'always' }, { startCommand: shell('trap "exit 0" TERM; while :; do sleep 0.1; done') })
    await bed.on.services.apply([moving], by)
    const running = () => vi.waitFor(async () => {
      const found = await bed.engine.inspect('taskflows-moving')
      expect(found?.State.Running).toBe(true)
      return found!
    }, { timeout: 15_000, interval: 100 })
    const first = await running()
    await bed.on.services.apply([moving], by)
    expect((await running()).Id).toBe(first.Id)
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${shellImage}\nLABEL newer=yes\n`)
    await bed.engine.docker('build', '--quiet', '--tag', 'newer', folder)
    await registry.offer('newer', 'moving:1', bed.engine)
    await bed.on.services.apply([moving], by)
    await vi.waitFor(async () => expect((await running()).Image).not.toBe(first.Image), { timeout: 15_000 })
  })
})
