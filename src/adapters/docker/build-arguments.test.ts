import { expect, test } from 'vitest'
import { buildCall } from './build-arguments.ts'

const image = { tag: 'app:1', path: '/srv/app', dockerfile: 'deploy/Dockerfile' }

test('what an image says becomes flags, the context last', () => {
  const { args } = buildCall({
    ...image, labels: { team: 'a' }, target: 'run', cacheFrom: ['app:0'], networkMode: 'host', extraHosts: { db: '10.0.0.1' }, platform: 'linux/arm64', noCache: true, pull: true, shmSize: 1024,
  }, 'abc')
  expect(args).toEqual([
    'build', '--force-rm', '--tag=app:1', '--file=/srv/app/deploy/Dockerfile', '--label=team=a', '--label=taskflows.source=abc', '--target=run', '--cache-from=app:0', '--network=host',
    '--add-host=db:10.0.0.1', '--platform=linux/arm64', '--shm-size=1024', '--no-cache', '--pull', '--', '/srv/app',
  ])
})

test('arguments of the build are in no list of processes, and lead the client nowhere', () => {
  const { args, env } = buildCall({ ...image, buildArgs: { TOKEN: 's3cret', DOCKER_HOST: 'tcp://other', https_proxy: 'http://proxy' } }, 'abc')
  expect(args).toContain('--build-arg=TOKEN')
  expect(args.join(' ')).not.toContain('s3cret')
  expect(env).toEqual({ TOKEN: 's3cret' })
  expect(args).toContain('--build-arg=DOCKER_HOST=tcp://other')
})
