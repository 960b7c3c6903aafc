/** The adapter of Docker on a daemon: when an image is pulled or built, when not, and what is said when it cannot be had. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDocker } from '../../src/adapters/docker/index.ts'
import type { ContainerRuntime, ImageWanted } from '../../src/engines/services/container-runtime.ts'
import type { ImageDefinition } from '../../src/engines/services/service-definition.ts'
import { type DockerEngine, missingForDocker, shellImage, startDockerEngine } from '../testbed/docker/docker-engine.ts'
import { type Registry, startRegistry } from '../testbed/docker/registry.ts'

const missing = missingForDocker()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: Docker: ${missing}`)

describe.skipIf(missing !== undefined && !process.env['CI'])('images', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tf-images-'))
  let engine: DockerEngine
  let registry: Registry
  let docker: ContainerRuntime
  beforeAll(async () => {
    [engine, registry] = await Promise.all([startDockerEngine(), startRegistry()])
    docker = createDocker({ environment: engine.env, uid: 0, timeoutMs: 15_000 })
  })
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]()
    await registry?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  const asked = (image: ImageWanted['image'], pull: ImageWanted['pull'] = 'missing'): ImageWanted => ({ image, pull })

  describe('from a registry', () => {
    test('an image that is missing is pulled, with progress, and is not asked for again', async () => {
      const reference = await registry.offer(shellImage, 'once:1', engine)
      expect(await docker.describe(asked(reference))).toMatchObject({ reference, id: null, act: 'pull' })
      const lines: string[] = []
      await docker.ensure(asked(reference), { onProgress: (line) => lines.push(line) })
      expect(lines.length).toBeGreaterThan(1)
      expect(lines.at(-1)).toContain(reference)
      expect(await docker.describe(asked(reference))).toMatchObject({ id: expect.stringMatching(/^sha256:/), act: 'none' })
    })

    test('with pull always a newer one is fetched, and the former can be had back', async () => {
      const reference = await registry.offer(shellImage, 'moving:1', engine)
      await docker.ensure(asked(reference, 'always'))
      const before = await docker.describe(asked(reference, 'always'))
      expect(before.act).toBe('pull')
      await engine.docker('build', '--quiet', '--tag', 'newer', '--label', 'newer=yes', '--file', dockerfile(`FROM ${shellImage}`), folder)
      await registry.offer('newer', 'moving:1', engine)
      await docker.ensure(asked(reference, 'always'))
      const after = await docker.describe(asked(reference))
      expect(after.id).not.toBe(before.id)
      await docker.restore(reference, before.id!)
      expect((await docker.describe(asked(reference))).id).toBe(before.id)
    })

    test('one that nobody has is refused, in the words of the registry', async () => {
      const reference = `${registry.address}/nobody:1`
      await expect(docker.ensure(asked(reference))).rejects.toMatchObject({ code: 'docker.image_failed', message: expect.stringContaining('manifest unknown') })
    })

    test('pull never asks nobody', async () => {
      const reference = await registry.offer(shellImage, 'never:1', engine)
      expect(await docker.describe(asked(reference, 'never'))).toMatchObject({ id: null, act: 'none' })
      await expect(docker.ensure(asked(reference, 'never'))).rejects.toMatchObject({ code: 'docker.image_failed', message: expect.stringContaining('pull is never') })
    })

    test('a pull that is interrupted ends at once', async () => {
      const hanging = createServer(() => {})
      hanging.listen(0, '127.0.0.1')
      await once(hanging, 'listening')
      const interruption = new AbortController()
      const pulling = docker.ensure(asked(`127.0.0.1:${(hanging.address() as AddressInfo).port}/slow:1`), { signal: interruption.signal })
      const begun = performance.now()
      hanging.once('request', () => interruption.abort(new Error('enough')))
      await expect(pulling).rejects.toThrow('enough')
      expect(performance.now() - begun).toBeLessThan(5000)
      hanging.closeAllConnections()
      hanging.close()
    })
  })

  describe('built', () => {
    const image = (changes: Partial<ImageDefinition> = {}): ImageDefinition => ({ tag: 'app:1', path: folder, dockerfile: 'Dockerfile', ...changes })
    beforeEach(async () => {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder)
      dockerfile(`FROM ${shellImage}\nARG WHO=nobody\nRUN echo "hello $WHO" > /greeting\nCOPY . /app/`)
      write('code.txt', 'one')
      await engine.docker('image', 'rm', '--force', 'app:1').catch(() => {})
    })

    test('it is built when it is missing, with progress, and stays while nothing of it changes', async () => {
      expect(await docker.describe(asked(image()))).toMatchObject({ id: null, act: 'build', why: 'is not there yet' })
      const lines: string[] = []
      await docker.ensure(asked(image({ buildArgs: { WHO: 'Ada' } })), { onProgress: (line) => lines.push(line) })
      expect(lines.join('\n')).toMatch(/^Building app:1: .*FROM/m)
      expect(await engine.docker('run', '--rm', 'app:1', 'cat', '/greeting', '/app/code.txt')).toBe('hello Ada\none')
      expect(await docker.describe(asked(image({ buildArgs: { WHO: 'Ada' } })))).toMatchObject({ act: 'none' })
    })

    test.for([
      ['a file of its context', 'repeated', () => write('code.txt', 'two')],
      ['the mode of a file', 'repeated', () => chmodSync(join(folder, 'code.txt'), 0o755)],
      ['its Dockerfile', 'repeated', () => dockerfile(`FROM ${shellImage}\nCOPY . /app/`)],
      ['a file that is ignored', 'not repeated', () => write('notes.md', 'later')],
    ] as const)('once %s changes, a build is %s', async ([, act, change]) => {
      write('.dockerignore', '*.md')
      await docker.ensure(asked(image()))
      expect((await docker.describe(asked(image()))).act).toBe('none')
      change()
      expect((await docker.describe(asked(image()))).act).toBe(act === 'repeated' ? 'build' : 'none')
    })

    test('a build argument travels beside the arguments of the program', async () => {
      dockerfile(`FROM ${shellImage}\nARG TOKEN\nRUN test "$TOKEN" = s3cret`)
      await docker.ensure(asked(image({ buildArgs: { TOKEN: 's3cret' } })))
    })

    test('a build that fails says what Docker said, and leaves the image that was there', async () => {
      await docker.ensure(asked(image()))
      const before = await docker.describe(asked(image()))
      dockerfile(`FROM ${shellImage}\nRUN echo the disk is full; exit 3`)
      await expect(docker.ensure(asked(image()))).rejects.toMatchObject({ code: 'docker.image_failed', message: expect.stringMatching(/exit code: 3|returned a non-zero code: 3/), details: { said: expect.arrayContaining([expect.stringContaining('the disk is full')]) } })
      expect((await docker.describe(asked(image()))).id).toBe(before.id)
    })

    test('a directory that is not there is said', async () => {
      await expect(docker.describe(asked(image({ path: '/nowhere' })))).rejects.toMatchObject({ code: 'docker.image_failed', message: expect.stringContaining('/nowhere') })
    })

    test('a build ends at its time-out', async () => {
      dockerfile(`FROM ${shellImage}\nRUN sleep 30`)
      await expect(docker.ensure(asked(image({ timeout: 2 })))).rejects.toMatchObject({ code: 'docker.image_failed', message: expect.stringContaining('2 s') })
    })
  })

  test('containers of others are neither told of nor removed, and ours with what they left', async () => {
    await engine.docker('create', '--name', 'theirs', shellImage)
    await engine.docker('create', '--name', 'other', '--label', 'taskflows.owner=user/1000/web', shellImage)
    await engine.docker('run', '--detach', '--name', 'ours', '--label', 'taskflows.owner=user/0/web', '--volume', '/data', shellImage, 'sleep', '1000')
    expect(await docker.containers('user')).toEqual([{ name: 'ours', service: 'web', imageId: expect.stringMatching(/^sha256:/), running: true }])
    await docker.remove(['ours', 'gone'])
    expect((await engine.docker('container', 'ls', '--all', '--format', '{{.Names}}')).split('\n').sort()).toEqual(['other', 'theirs'])
    expect(await engine.docker('volume', 'ls', '--quiet')).toBe('')
  })

  test('a daemon that is not there is named with what to do', async () => {
    const away = createDocker({ environment: { ...engine.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' }, uid: 0, timeoutMs: 15_000 })
    await expect(away.describe(asked(shellImage))).rejects.toMatchObject({ code: 'docker.unavailable', message: expect.stringContaining('unix:///nowhere/docker.sock'), hint: expect.stringContaining('DOCKER_HOST') })
    const without = createDocker({ environment: { PATH: '/nowhere' }, uid: 0, timeoutMs: 15_000 })
    await expect(without.describe(asked(shellImage))).rejects.toMatchObject({ code: 'docker.unavailable', hint: expect.stringContaining('apt-get install') })
  })

  function write(name: string, text: string): void {
    writeFileSync(join(folder, name), text)
  }
  function dockerfile(text: string): string {
    write('Dockerfile', `${text}\n`)
    return join(folder, 'Dockerfile')
  }
})
