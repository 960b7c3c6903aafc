import { expect, test } from 'vitest'
import { serverDefinition } from './api-service.ts'

const config = { home: '/home/ada/.taskflows', host: '127.0.0.1', port: 7777 }
const definition = (over = {}, more = {}) => serverDefinition({ ...config, ...over }, { scope: 'user', enableUi: false, flags: {}, variables: {}, ...more })

test('the server is a service that always runs, and works when it answers', () => {
  expect(definition({}, { variables: { TASKFLOWS_RATE_LIMIT: '7' } })).toMatchObject({
    name: 'srv-api', enabled: true, restartPolicy: { condition: 'always', delay: 10 },
    env: { TASKFLOWS_HOME: '/home/ada/.taskflows', TASKFLOWS_RATE_LIMIT: '7' },
    healthCheck: { kind: 'http', url: 'http://127.0.0.1:7777/health' },
  })
})

test('only what the line says is in the line, so that config.yaml is read at each start', () => {
  const argvOf = (made: ReturnType<typeof definition>) => (made.startCommand as { argv: readonly string[] }).argv
  expect(argvOf(definition()).at(-1)).toBe('serve')
  expect(argvOf(definition({ port: 8080 }, { flags: { port: '8080' } })).slice(-3)).toEqual(['serve', '--port', '8080'])
})

test.for([['0.0.0.0', '127.0.0.1'], ['::', '[::1]'], ['fe80::1', '[fe80::1]'], ['localhost', 'localhost']] as const)('a server on %s is asked at %s', ([host, asked]) => {
  expect(definition({ host }).healthCheck).toMatchObject({ url: `http://${asked}:7777/health` })
})

test('the web pages are served when they were asked for', () => {
  expect(definition({}, { enableUi: true }).env).toMatchObject({ TASKFLOWS_ENABLE_UI: '1' })
})

test('a port that differs from start to start is refused', () => {
  expect(() => definition({ port: 0 })).toThrow('a port that stays the same')
})
